use super::view::PasteView;
use crate::components::{CopyBlock, CopyText};
use leptos::prelude::*;

/// Texts to paste elsewhere, each folded away under its title.
#[component]
pub fn Paste(
    texts: Vec<PasteView>,
    /// How many of the first are unfolded.
    #[prop(default = 0)]
    open: usize,
) -> impl IntoView {
    let items = texts.into_iter().enumerate().map(|(at, text)| {
        let unfolded = at < open;
        view! {
            <details class="paste" open=unfolded>
                <summary>{text.title.clone()}</summary>
                <p class="muted">{text.hint}</p>
                <CopyBlock value=text.body label=text.title/>
            </details>
        }
    });
    view! { <div class="pastes">{items.collect_view()}</div> }.into_any()
}

/// What a role demands of us, so that nobody can use it through another organization.
#[component]
pub fn ExternalId(value: String) -> impl IntoView {
    view! {
        <div class="field">
            <p class="field-name">"External ID"</p>
            <CopyText value label="the external ID"/>
            <p class="hint">"Made for this organization, and never changed. Only Mixdown on your behalf knows to name it, so a role that demands it serves nobody else."</p>
        </div>
    }
}
