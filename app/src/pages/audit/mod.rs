//! Who did what and when.

mod api;

use crate::{
    components::{EmptyState, Instant, PageHeader, Problem},
    load::load,
    paths,
};
use api::load_audit_log;
use leptos::{either::Either, prelude::*};
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};

/// The latest entries, and whether their chain is intact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditLog {
    pub intact: bool,
    /// Whether that is said of all entries or of those shown.
    pub whole: bool,
    pub entries: Vec<AuditEntry>,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    pub at_ms: u64,
    pub actor: String,
    pub action: String,
    pub object: String,
    pub detail: String,
}

#[component]
pub fn AuditPage() -> impl IntoView {
    let verify = use_query_map().read_untracked().get("verify");
    view! {
        <PageHeader title="Audit log" summary="Every change of settings and keys, every start, stop, view and download of a recording. Times are UTC."/>
        <Suspense>
            {Suspend::new(async move {
                match load(load_audit_log(verify)).await {
                    Ok(log) => Either::Left(view! { <Entries log/> }),
                    Err(error) => Either::Right(view! { <Problem error/> }),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Entries(log: AuditLog) -> impl IntoView {
    let chain = if log.intact && log.whole {
        view! { <p class="badges"><span class="badge badge-good">"Whole chain intact"</span></p> }.into_any()
    } else if log.intact {
        view! { <p class="badges"><span class="badge badge-good">"These entries are intact"</span> " " <a href=format!("{}?verify=all", paths::AUDIT)>"Check all entries"</a></p> }.into_any()
    } else {
        view! { <p class="notice notice-bad" role="alert">"The chain of entries is broken: an entry was changed or removed outside Mixdown."</p> }.into_any()
    };
    if log.entries.is_empty() {
        return Either::Left(view! {
            <EmptyState title="Nothing has happened yet"><p>"Entries appear as soon as someone changes or records something."</p></EmptyState>
        });
    }
    let rows = log.entries.into_iter().map(|entry| {
        view! {
            <tr>
                <td data-label="When"><Instant unix_ms=entry.at_ms/></td>
                <td data-label="Who">{entry.actor}</td>
                <td data-label="What"><code>{entry.action}</code></td>
                <td data-label="On"><code class="identifier">{entry.object}</code></td>
                <td data-label="Detail" class="wrap">{entry.detail}</td>
            </tr>
        }
    });
    Either::Right(view! {
        {chain}
        <div class="table-frame">
            <table class="table">
                <caption class="visually-hidden">"Latest entries, newest first"</caption>
                <thead>
                    <tr><th scope="col">"When"</th><th scope="col">"Who"</th><th scope="col">"What"</th><th scope="col">"On"</th><th scope="col">"Detail"</th></tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </div>
    })
}
