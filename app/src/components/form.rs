use crate::note::{Form, Note};
use leptos::prelude::*;

/// One labelled input.
#[component]
pub fn Field(
    /// Unique on the page.
    id: &'static str,
    #[prop(into)] name: String,
    label: &'static str,
    #[prop(default = "text")] kind: &'static str,
    #[prop(optional, into)] value: String,
    #[prop(default = "off")] autocomplete: &'static str,
    #[prop(default = None, into)] placeholder: Option<&'static str>,
    /// What is expected, below the input.
    #[prop(optional)]
    hint: Option<&'static str>,
    #[prop(default = true)] required: bool,
    #[prop(default = 2048)] max_length: u32,
    #[prop(optional)] min_length: Option<u32>,
    /// Identifier of a list of suggestions.
    #[prop(optional)]
    list: Option<&'static str>,
    /// What is wrong with the value.
    #[prop(default = None)]
    error: Option<String>,
) -> impl IntoView {
    let (invalid, described) = (error.is_some().then_some("true"), described_by(id, hint, error.as_ref()));
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
                list=list
                spellcheck="false"
                aria-invalid=invalid
                aria-describedby=described
            />
            <FieldRemarks id hint error/>
        </div>
    }
}

/// One labelled text of several lines.
#[component]
pub fn TextArea(
    /// Unique on the page.
    id: &'static str,
    #[prop(into)] name: String,
    label: &'static str,
    value: String,
    #[prop(optional)] placeholder: Option<&'static str>,
    #[prop(optional)] hint: Option<&'static str>,
    #[prop(default = 8192)] max_length: u32,
    #[prop(default = None)] error: Option<String>,
) -> impl IntoView {
    let rows = (value.lines().count() + 1).clamp(2, 8).to_string();
    let (invalid, described) = (error.is_some().then_some("true"), described_by(id, hint, error.as_ref()));
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <textarea
                id=id
                name=name
                rows=rows
                maxlength=max_length
                spellcheck="false"
                autocomplete="off"
                placeholder=placeholder
                aria-invalid=invalid
                aria-describedby=described
            >{value}</textarea>
            <FieldRemarks id hint error/>
        </div>
    }
}

/// One of a few values.
#[component]
pub fn Choice(
    /// Unique on the page.
    id: &'static str,
    #[prop(into)] name: String,
    label: &'static str,
    /// Value and text of each option.
    options: Vec<(String, String)>,
    value: String,
    #[prop(optional)] hint: Option<&'static str>,
    #[prop(default = None)] error: Option<String>,
) -> impl IntoView {
    let (invalid, described) = (error.is_some().then_some("true"), described_by(id, hint, error.as_ref()));
    let options = options.into_iter().map(|(option, text)| {
        let selected = option == value;
        view! { <option value=option selected=selected>{text}</option> }
    });
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <select id=id name=name aria-invalid=invalid aria-describedby=described>{options.collect_view()}</select>
            <FieldRemarks id hint error/>
        </div>
    }
}

/// A box to tick.
#[component]
pub fn CheckBox(
    /// Unique on the page.
    id: &'static str,
    #[prop(into)] name: String,
    label: &'static str,
    checked: bool,
    #[prop(optional)] hint: Option<&'static str>,
) -> impl IntoView {
    view! {
        <div class="field">
            <label class="check" for=id>
                <input id=id name=name type="checkbox" value="true" checked=checked aria-describedby=described_by(id, hint, None)/>
                {label}
            </label>
            <FieldRemarks id hint error=None/>
        </div>
    }
}

/// What is wrong with a value, and what is expected.
#[component]
fn FieldRemarks(id: &'static str, hint: Option<&'static str>, error: Option<String>) -> impl IntoView {
    view! {
        {error.map(|error| view! { <p class="field-error" id=format!("{id}-error")>{error}</p> })}
        {hint.map(|hint| view! { <p class="hint" id=format!("{id}-hint")>{hint}</p> })}
    }
}

/// Identifiers of the remarks that there are.
fn described_by(id: &str, hint: Option<&str>, error: Option<&String>) -> Option<String> {
    let remarks = [error.map(|_| format!("{id}-error")), hint.map(|_| format!("{id}-hint"))];
    Some(remarks.into_iter().flatten().collect::<Vec<_>>().join(" ")).filter(|ids| !ids.is_empty())
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
