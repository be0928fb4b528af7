//! Mails that stay here because no mail server is configured.

mod api;

use crate::components::{EmptyState, Instant, PageHeader, Problem};
use api::list_mails;
use leptos::{either::Either, prelude::*};
use serde::{Deserialize, Serialize};

/// One mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    pub recipient: String,
    pub subject: String,
    pub text: String,
    pub created_ms: u64,
    pub sent: bool,
}

#[component]
pub fn OutboxPage() -> impl IntoView {
    view! {
        <PageHeader title="Outbox" summary="No mail server is configured, so mails are kept here instead of being sent."/>
        <Suspense>
            {Suspend::new(async move {
                match list_mails().await {
                    Ok(mails) => Either::Left(view! { <MailList mails/> }),
                    Err(error) => Either::Right(view! { <Problem error/> }),
                }
            })}
        </Suspense>
    }
}

#[component]
fn MailList(mails: Vec<Mail>) -> impl IntoView {
    if mails.is_empty() {
        return Either::Left(view! {
            <EmptyState title="No mails yet"><p>"Mixdown writes one whenever a recording is ready or has failed."</p></EmptyState>
        });
    }
    let items = mails.into_iter().map(|mail| view! { <li><MailItem mail/></li> });
    Either::Right(view! { <ul class="mails">{items.collect_view()}</ul> })
}

/// Opens without a script.
#[component]
fn MailItem(mail: Mail) -> impl IntoView {
    view! {
        <details class="mail">
            <summary>
                <span class="mail-subject">{mail.subject}</span>
                <span class="muted">"To "{mail.recipient}</span>
                <span class="muted mail-time"><Instant unix_ms=mail.created_ms/></span>
                {mail.sent.then(|| view! { <span class="badge badge-good">"Sent"</span> })}
            </summary>
            <pre class="mail-text">{mail.text}</pre>
        </details>
    }
}
