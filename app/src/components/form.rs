use crate::note::{Form, Note};
use leptos::prelude::*;

/// One labelled input.
#[component]
pub fn Field(
    /// Unique on the page.
    id: &'static str,
    name: &'static str,
    label: &'static str,
    #[prop(default = "text")] kind: &'static str,
    #[prop(optional, into)] value: String,
    #[prop(default = "off")] autocomplete: &'static str,
    #[prop(optional)] placeholder: Option<&'static str>,
    /// What is expected, below the input.
    #[prop(optional)]
    hint: Option<&'static str>,
    #[prop(default = true)] required: bool,
    #[prop(default = 2048)] max_length: u32,
    #[prop(optional)] min_length: Option<u32>,
) -> impl IntoView {
    let hint_id = format!("{id}-hint");
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <input
                id=id
                name=name
                type=kind
                value=value
                autocomplete=autocomplete
                placeholder=placeholder
                required=required
                maxlength=max_length
                minlength=min_length
                spellcheck="false"
                aria-describedby=hint.is_some().then(|| hint_id.clone())
            />
            {hint.map(|hint| view! { <p class="hint" id=hint_id>{hint}</p> })}
        </div>
    }
}

/// How a notice is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Good,
    Bad,
    Neutral,
}

/// A sentence about what just happened, read out when it appears.
#[component]
pub fn Notice(tone: Tone, children: Children) -> impl IntoView {
    let (class, role) = match tone {
        Tone::Good => ("notice notice-good", "status"),
        Tone::Bad => ("notice notice-bad", "alert"),
        Tone::Neutral => ("notice", "status"),
    };
    view! { <div class=class role=role>{children()}</div> }
}

/// What became of a form: the refusal, or the sentence for success.
#[component]
pub fn FormNotice(
    form: Form,
    /// Shown after success; nothing when empty.
    #[prop(optional)]
    done: &'static str,
) -> impl IntoView {
    let note = Note::about(form)?;
    match note.error {
        Some(error) => Some(view! { <Notice tone=Tone::Bad>{error.message}</Notice> }),
        None => (!done.is_empty()).then(|| view! { <Notice tone=Tone::Good>{done}</Notice> }),
    }
}
