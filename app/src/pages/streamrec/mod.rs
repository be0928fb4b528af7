//! StreamRec: the sessions of clients and supervisors, their recordings, and what to paste to have some.

mod api;
mod how_to;
mod sessions;
pub mod view;

use crate::{
    components::{Card, EmptyState, Notice, PageHeader, Problem, Tone},
    load::load,
    pages::notifications::{state_badge, view::EndpointView},
    paths,
};
use api::load_streamrec;
use how_to::HowTo;
use leptos::{either::Either, prelude::*};
use leptos_router::hooks::{use_params_map, use_query_map};
use protocol::ids::ApplicationId;
use sessions::SessionTable;
use view::StreamrecView;

/// Sessions on the page of an application; the page of its own has the rest.
const LATEST: usize = 5;
const SUMMARY: &str = "One client's streams, each recorded as it is to an address that the client names, and watched by up to three supervisors.";

/// What there is of StreamRec in an application.
#[component]
pub fn StreamrecCard(application: ApplicationId) -> impl IntoView {
    view! {
        <Card id="streamrec" title="StreamRec">
            <p class="muted">{SUMMARY}</p>
            <Suspense>
                {Suspend::new(async move {
                    match load(load_streamrec(application.to_string(), None)).await {
                        Ok(shown) => Either::Left(view! { <Latest shown/> }),
                        Err(error) => Either::Right(view! { <Notice tone=Tone::Bad>{error.message}</Notice> }),
                    }
                })}
            </Suspense>
        </Card>
    }
}

#[component]
fn Latest(shown: StreamrecView) -> impl IntoView {
    let StreamrecView { application, address, mut sessions, public_key, .. } = shown;
    let all = paths::streamrec(application);
    let list = if sessions.is_empty() {
        Either::Left(view! { <p class="muted">"No client has had a session yet."</p> })
    } else {
        sessions.truncate(LATEST);
        Either::Right(view! {
            <SessionTable sessions/>
            <p class="buttons"><a class="button" href=all>"All sessions"</a></p>
        })
    };
    view! {
        {list}
        <details>
            <summary>"How to use it"</summary>
            <HowTo address public_key/>
        </details>
    }
}

/// Where requests had their webhooks sent.
#[component]
fn WebhookCard(application: ApplicationId, webhooks: Vec<EndpointView>) -> impl IntoView {
    let rows = webhooks.into_iter().map(move |endpoint| {
        let (class, word) = state_badge(&endpoint);
        view! {
            <li class="key">
                <a href=paths::deliveries_to(application, endpoint.id)>{endpoint.url}</a>
                <span class=class>{word}</span>
            </li>
        }
    });
    view! {
        <Card id="webhooks" title="Webhook addresses of requests">
            <p class="muted">"What was sent to each, what it answered, and a way to send it again."</p>
            <ul class="keys">{rows.collect_view()}</ul>
        </Card>
    }
    .into_any()
}

/// All sessions of an application.
#[component]
pub fn StreamrecPage() -> impl IntoView {
    let application = use_params_map().read_untracked().get("id").unwrap_or_default();
    let after = use_query_map().read_untracked().get("after");
    view! {
        <Suspense>
            {Suspend::new(async move {
                let first = after.is_none();
                match load(load_streamrec(application, after)).await {
                    Ok(shown) => Either::Left(view! { <Sessions shown first/> }),
                    Err(error) => Either::Right(view! { <Problem error/> }),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Sessions(
    shown: StreamrecView,
    /// The newest ones are shown.
    first: bool,
) -> impl IntoView {
    let StreamrecView { application, name, address, sessions, next, public_key, webhooks } = shown;
    let webhooks = (!webhooks.is_empty()).then(|| view! { <WebhookCard application webhooks/> });
    let here = paths::streamrec(application);
    let list = if sessions.is_empty() && first {
        Either::Left(view! {
            <EmptyState title="No sessions yet">
                <p>"A session begins when a page connects with a token that your server got for the master key. What to paste is below."</p>
                <p><a class="button" href=paths::API_KEYS>"Make a master key"</a></p>
            </EmptyState>
        })
    } else {
        let newest = (!first).then(|| view! { <a class="button button-small" href=here.clone()>"Newest"</a> });
        let older = next.map(|next| format!("{here}?after={next}"));
        let older = older.map(|address| view! { <a class="button button-small" href=address rel="next">"Older"</a> });
        Either::Right(view! {
            <Card id="sessions" title="Sessions">
                <SessionTable sessions/>
                <div class="pager">{newest}{older}</div>
            </Card>
        })
    };
    view! {
        <PageHeader title="StreamRec" parent=(name, paths::application(application)) summary=SUMMARY/>
        {list}
        {webhooks}
        <Card id="how-to" title="How to use it">
            <HowTo address public_key/>
        </Card>
    }
    .into_any()
}
