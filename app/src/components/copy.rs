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

/// Several lines to paste elsewhere.
#[component]
pub fn CopyBlock(
    #[prop(into)] value: String,
    /// What it is, for the button's name.
    #[prop(into)]
    label: String,
) -> impl IntoView {
    view! {
        <div class="copy-block">
            <pre tabindex="0">{value.clone()}</pre>
            <CopyButton value label/>
        </div>
    }
}

/// Copies a value; nothing without a script.
#[island]
pub fn CopyButton(value: String, label: String) -> impl IntoView {
    view! { <CopyControl value label/> }
}

/// What [`CopyButton`] is made of, for use inside another island.
#[component]
pub fn CopyControl(value: String, label: String) -> impl IntoView {
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
