use super::{CopyText, Notice, Tone};
use crate::note::{Form, Note};
use leptos::prelude::*;

/// The secret that a form has made, on the page after it and never again.
#[component]
pub fn ShownOnce(
    form: Form,
    title: &'static str,
    /// What it is for, when the title does not say so.
    #[prop(optional)]
    about: &'static str,
    /// What it is, for the button's name.
    label: &'static str,
) -> impl IntoView {
    let secret = Note::about(form)?.secret?;
    let title = format!("{title}. ");
    let about = (!about.is_empty()).then(|| format!("{about} "));
    Some(view! {
        <Notice tone=Tone::Good>
            <p><strong>{title}</strong>{about}"Keep it now; it is not shown again."</p>
            <CopyText value=secret label/>
        </Notice>
    })
}
