use crate::error::{ConsoleError, Submission, refusal};
use leptos::{prelude::*, server_fn::ServerFn};

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
    #[prop(optional)] placeholder: &'static str,
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

/// The button that sends a form; names the work while it runs.
#[component]
pub fn SubmitButton(
    label: &'static str,
    busy_label: &'static str,
    #[prop(into)] pending: Signal<bool>,
    #[prop(default = "button button-primary")] class: &'static str,
) -> impl IntoView {
    view! {
        <button type="submit" class=class aria-busy=move || pending.get().to_string() disabled=move || pending.get()>
            {move || if pending.get() { busy_label } else { label }}
        </button>
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
pub fn FormNotice<S, T>(
    action: ServerAction<S>,
    /// Shown after success; nothing when empty.
    #[prop(optional)]
    done: &'static str,
    /// The form was sent without a script and the page reloaded.
    #[prop(optional)]
    reloaded: bool,
) -> impl IntoView
where
    S: ServerFn<Output = Result<T, ConsoleError>, Error = ConsoleError> + Clone + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
{
    let value = action.value();
    move || {
        let current: Option<Submission<T>> = value.get();
        let succeeded = current.as_ref().map_or(reloaded, |submission| matches!(submission, Ok(Ok(_))));
        let refused = current.and_then(refusal);
        match refused {
            Some(error) => Some(view! { <Notice tone=Tone::Bad>{error.message}</Notice> }.into_any()),
            None => (succeeded && !done.is_empty()).then(|| view! { <Notice tone=Tone::Good>{done}</Notice> }.into_any()),
        }
    }
}
