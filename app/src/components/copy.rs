use leptos::prelude::*;
use std::time::Duration;

/// A value people paste elsewhere. One click selects it; the button appears where a script can copy it.
#[component]
pub fn CopyText(
    #[prop(into)] value: String,
    /// What it is, for the button's name.
    label: &'static str,
) -> impl IntoView {
    view! {
        <span class="copy">
            <code class="copy-value">{value.clone()}</code>
            <CopyButton value label=label.to_owned()/>
        </span>
    }
}

/// Copies a value; nothing without a script.
#[island]
pub fn CopyButton(value: String, label: String) -> impl IntoView {
    let scripted = RwSignal::new(false);
    let copied = RwSignal::new(false);
    Effect::new(move |_| scripted.set(true));
    let copy = move |_| {
        let written = window().navigator().clipboard().write_text(&value);
        leptos::task::spawn_local(async move {
            copied.set(leptos::__reexports::wasm_bindgen_futures::JsFuture::from(written).await.is_ok());
            set_timeout(move || copied.set(false), Duration::from_secs(2));
        });
    };
    view! {
        <button type="button" class="button button-small" hidden=move || !scripted.get() on:click=copy>
            {move || if copied.get() { "Copied" } else { "Copy" }}
            <span class="visually-hidden">" "{label}</span>
        </button>
        <span class="visually-hidden" role="status">{move || copied.get().then_some("Copied to the clipboard.")}</span>
    }
}
