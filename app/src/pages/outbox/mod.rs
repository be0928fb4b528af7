//! Mails: those that were sent, those that wait for the mail server, and, without one, all of them.

mod api;

use crate::{
    components::{EmptyState, FormNotice, Instant, Notice, PageHeader, Problem, Tone},
    load::load,
    note::Form,
};
use api::{SendMailAgain, load_outbox};
use leptos::{either::Either, prelude::*, server_fn::ServerFn};
use protocol::ids::MailId;
use serde::{Deserialize, Serialize};

/// Where mails go, and the latest ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxView {
    /// Whether there is a mail server.
    pub sends: bool,
    /// The viewer may have a mail tried again.
    pub may_send: bool,
    /// Why it takes no mails at present.
    pub trouble: Option<String>,
    pub mails: Vec<Mail>,
}

/// One mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    pub id: MailId,
    pub recipient: String,
    pub subject: String,
    /// Nothing when it has a link that only its reader may see.
    pub text: Option<String>,
    pub created_ms: u64,
    pub state: MailState,
    /// Why it was not sent.
    pub problem: Option<String>,
    /// When it is tried again.
    pub next_ms: Option<u64>,
}

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailState {
    Waiting,
    Sent,
    Failed,
}

#[component]
pub fn OutboxPage() -> impl IntoView {
    view! {
        <Suspense>
            {Suspend::new(async move {
                match load(load_outbox()).await {
                    Ok(outbox) => Either::Left(view! { <Outbox outbox/> }),
                    Err(error) => Either::Right(view! { <PageHeader title="Outbox"/><Problem error/> }),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Outbox(outbox: OutboxView) -> impl IntoView {
    let summary = if outbox.sends {
        "Mails go to the mail server. The latest ones are listed here."
    } else {
        "No mail server is configured, so mails are kept here instead of being sent."
    };
    let (sends, may_send) = (outbox.sends, outbox.may_send);
    view! {
        <PageHeader title="Outbox" summary/>
        {outbox.trouble.map(|trouble| view! {
            <Notice tone=Tone::Bad>
                <p><strong>"Mails cannot be sent at present. "</strong>{trouble}</p>
                <p>"They wait here and are tried again. If it does not pass, whoever runs Mixdown has to correct the settings of the mail server."</p>
            </Notice>
        })}
        <FormNotice form=Form::SendMailAgain/>
        <MailList mails=outbox.mails sends may_send/>
    }
}

#[component]
fn MailList(mails: Vec<Mail>, sends: bool, may_send: bool) -> impl IntoView {
    if mails.is_empty() {
        return Either::Left(view! {
            <EmptyState title="No mails yet"><p>"Mixdown writes one whenever a recording is ready or has failed."</p></EmptyState>
        });
    }
    let items = mails.into_iter().map(move |mail| view! { <li><MailItem mail sends may_send/></li> });
    Either::Right(view! { <ul class="mails" id="mails">{items.collect_view()}</ul> })
}

/// Opens without a script.
#[component]
fn MailItem(mail: Mail, sends: bool, may_send: bool) -> impl IntoView {
    let (class, word) = match mail.state {
        MailState::Waiting => ("badge badge-busy", "Waiting"),
        MailState::Sent => ("badge badge-good", "Sent"),
        MailState::Failed => ("badge badge-bad", "Failed"),
    };
    // Without its text there is nothing left to send.
    let again = sends && may_send && mail.state == MailState::Failed && mail.text.is_some();
    let id = mail.id.to_string();
    let text = match mail.text {
        Some(text) => Either::Left(view! { <pre class="mail-text">{text}</pre> }),
        None => Either::Right(view! { <p class="mail-text muted">"It has a link that only its reader may see."</p> }),
    };
    view! {
        <details class="mail">
            <summary>
                <span class="mail-subject">{mail.subject}</span>
                <span class="muted">"To "{mail.recipient}</span>
                <span class="muted mail-time"><Instant unix_ms=mail.created_ms/></span>
                {sends.then(|| view! { <span class=class>{word}</span> })}
            </summary>
            {mail.problem.map(|problem| view! {
                <p class="mail-text">
                    {problem}
                    {mail.next_ms.map(|at| view! { " It is tried again at "<Instant unix_ms=at/>" UTC." })}
                </p>
            })}
            {again.then(|| view! {
                <form method="post" action=SendMailAgain::url() class="mail-text">
                    <input type="hidden" name="mail" value=id/>
                    <button type="submit" class="button button-small">"Send again"</button>
                </form>
            })}
            {text}
        </details>
    }
}
