//! Where the browser enters: brings the islands of the page to life.

// Named for what it registers: one export for each island.
use app as _;
use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the script the server puts into every page, before the islands themselves.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_islands();
}
