//! Keys that programs use the REST API with.

mod api;

use crate::{
    components::{Card, Choice, EmptyState, Field, FormNotice, Instant, PageHeader, Problem, ShownOnce, TextArea},
    load::load,
    note::{Form, Note},
};
use api::{CreateApiKey, RevokeApiKey, load_api_keys};
use leptos::{either::Either, prelude::*, server_fn::ServerFn};
use protocol::{
    ids::{ApiKeyId, ApplicationId},
    limits::DISPLAY_NAME_CHARS,
};
use serde::{Deserialize, Serialize};

/// The keys of the org, and what a new one can be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeysView {
    /// Newest first.
    pub keys: Vec<ApiKeyView>,
    pub applications: Vec<(ApplicationId, String)>,
    pub scopes: Vec<String>,
}

/// One key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeyView {
    pub id: ApiKeyId,
    pub name: String,
    /// The last characters of the secret.
    pub ending: String,
    pub scopes: Vec<String>,
    /// Name of the only application it reaches.
    pub application: Option<String>,
    pub expires_ms: Option<u64>,
    pub last_used_ms: Option<u64>,
    /// Neither revoked nor expired.
    pub live: bool,
}

#[component]
pub fn ApiKeysPage() -> impl IntoView {
    view! {
        <PageHeader title="API keys" summary="Programs use the REST API with them. Each can do only what its scopes say."/>
        <Suspense>
            {Suspend::new(async move {
                match load(load_api_keys()).await {
                    Ok(view) => Either::Left(view! { <ApiKeyCards view/> }),
                    Err(error) => Either::Right(view! { <Problem error/> }),
                }
            })}
        </Suspense>
    }
}

#[component]
fn ApiKeyCards(view: ApiKeysView) -> impl IntoView {
    let list = if view.keys.is_empty() {
        Either::Left(view! {
            <EmptyState title="No API keys yet">
                <p>"Make one below, then try "<code>"GET /api/v1/applications"</code>". What else there is says "<a href="/api/docs" rel="external">"the description of the API"</a>"."</p>
            </EmptyState>
        })
    } else {
        let rows = view.keys.into_iter().map(|key| view! { <KeyRow key/> });
        Either::Right(view! {
            <Card id="keys" title="Keys">
                <ul class="keys">{rows.collect_view()}</ul>
                <FormNotice form=Form::RevokeApiKey done="The key was revoked."/>
            </Card>
        })
    };
    view! {
        <ShownOnce form=Form::CreateApiKey title="The new key" label="the API key"/>
        {list}
        <CreateCard applications=view.applications scopes=view.scopes/>
    }
}

#[component]
fn KeyRow(key: ApiKeyView) -> impl IntoView {
    let reach = key.application.map_or_else(|| "all applications".to_owned(), |name| format!("only {name}"));
    let ends = key.expires_ms.map(|at| view! { ", ends "<Instant unix_ms=at/>" UTC" });
    let used = match key.last_used_ms {
        Some(at) => Either::Left(view! { "last used "<Instant unix_ms=at/>" UTC" }),
        None => Either::Right("never used"),
    };
    let end = if key.live {
        Either::Left(view! {
            <details class="revoke">
                <summary>"Revoke…"</summary>
                <p class="muted">"Programs that use this key are refused from now on. This cannot be undone."</p>
                <form method="post" action=RevokeApiKey::url()>
                    <input type="hidden" name="api_key" value=key.id.to_string()/>
                    <button type="submit" class="button button-small button-danger">"Revoke this key"</button>
                </form>
            </details>
        })
    } else {
        Either::Right(view! { <span class="badge">"Ended"</span> })
    };
    view! {
        <li class="key">
            <div>
                <strong>{key.name}</strong>" "<code class="identifier">"…"{key.ending}</code>
                <p class="muted">{key.scopes.join(", ")}"; "{reach}"; "{used}{ends}</p>
            </div>
            {end}
        </li>
    }
}

#[component]
fn CreateCard(applications: Vec<(ApplicationId, String)>, scopes: Vec<String>) -> impl IntoView {
    let name = Note::entered_or(Form::CreateApiKey, String::new());
    let every = [(String::new(), "All applications".to_owned())];
    let reach = every.into_iter().chain(applications.into_iter().map(|(id, name)| (id.to_string(), name))).collect();
    let ends = [("0", "Never"), ("30", "In 30 days"), ("90", "In 90 days"), ("365", "In a year")];
    let ends = ends.map(|(days, text)| (days.to_owned(), text.to_owned())).to_vec();
    let boxes = scopes.into_iter().map(|scope| {
        view! { <label class="check"><input type="checkbox" name="scopes[]" value=scope.clone()/>{scope}</label> }
    });
    view! {
        <Card id="create" title="New key">
            <form class="form" method="post" action=CreateApiKey::url()>
                <Field id="key-name" name="name" label="Name" value=name placeholder="Nightly export" max_length=DISPLAY_NAME_CHARS as u32/>
                <fieldset class="field">
                    <legend>"Scopes"</legend>
                    {boxes.collect_view()}
                    <p class="hint">"Writing includes reading."</p>
                </fieldset>
                <Choice id="key-application" name="application" label="Reaches" options=reach value=String::new()
                    hint="A key for one application can have scopes of applications, recordings, webhooks, rooms, usage and streamrec only. A master key of StreamRec is one with the scope streamrec, for one application."/>
                <Choice id="key-days" name="days" label="Ends" options=ends value="90".to_owned()/>
                <TextArea id="key-networks" name="networks" label="Networks it may be used from, one on each line" value=String::new()
                    placeholder="192.0.2.0/24" hint="Empty allows every address."/>
                <div><button type="submit" class="button button-primary">"Make the key"</button></div>
            </form>
            <FormNotice form=Form::CreateApiKey/>
        </Card>
    }
}
