use leptos::prelude::*;

/// A value people paste elsewhere. One click selects it; the button appears where a script can copy it.
#[component]
pub fn CopyText(
    #[prop(into)] value: String,
    /// What it is, for the button's name.
    label: &'static str,
) -> impl IntoView {
    let scripted = RwSignal::new(false);
    let copied = RwSignal::new(false);
    Effect::new(move |_| scripted.set(true));
    let copy = {
        let value = value.clone();
        move |_| {
            let written = window().navigator().clipboard().write_text(&value);
            leptos::task::spawn_local(async move {
                copied.set(leptos::__reexports::wasm_bindgen_futures::JsFuture::from(written).await.is_ok());
                set_timeout(move || copied.set(false), std::time::Duration::from_secs(2));
            });
        }
    };
    view! {
        <span class="copy">
            <code class="copy-value">{value}</code>
            <Show when=move || scripted.get()>
                <button type="button" class="button button-small" on:click=copy.clone()>
                    {move || if copied.get() { "Copied" } else { "Copy" }}
                    <span class="visually-hidden">" "{label}</span>
                </button>
            </Show>
            <span class="visually-hidden" role="status">{move || copied.get().then_some("Copied to the clipboard.")}</span>
        </span>
    }
}
