//! The applications of the org, and making another.

mod api;

use crate::{
    components::{Card, EmptyState, Field, FormNotice, PageHeader, Problem},
    format,
    load::load,
    note::{Form, Note},
    paths,
};
use api::{CreateApplication, list_applications};
use leptos::{either::Either, prelude::*, server_fn::ServerFn};
use protocol::{ids::ApplicationId, limits::DISPLAY_NAME_CHARS};
use serde::{Deserialize, Serialize};

/// One application as the list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationSummary {
    pub id: ApplicationId,
    pub name: String,
    pub relay: bool,
    pub recording: bool,
    pub live_keys: usize,
}

#[component]
pub fn ApplicationsPage() -> impl IntoView {
    view! {
        <PageHeader title="Applications" summary="Each one is a product of yours whose calls Mixdown relays and records."/>
        <Suspense>
            {Suspend::new(async move {
                match load(list_applications()).await {
                    Ok(applications) => Either::Left(view! { <ApplicationList applications/> }),
                    Err(error) => Either::Right(view! { <Problem error/> }),
                }
            })}
        </Suspense>
    }
}

#[component]
fn ApplicationList(applications: Vec<ApplicationSummary>) -> impl IntoView {
    let list = if applications.is_empty() {
        Either::Left(view! {
            <EmptyState title="No applications yet">
                <p>"Give the first one a name below. It comes with a key for your pages and Media Relay switched on."</p>
            </EmptyState>
        })
    } else {
        let tiles = applications.into_iter().map(|application| view! { <ApplicationTile application/> });
        Either::Right(view! { <ul class="tiles">{tiles.collect_view()}</ul> })
    };
    view! {
        {list}
        <CreateForm/>
    }
}

#[component]
fn ApplicationTile(application: ApplicationSummary) -> impl IntoView {
    let keys =
        if application.live_keys == 0 { "No key".to_owned() } else { format::count(application.live_keys, "key") };
    view! {
        <li class="tile">
            <h2><a class="tile-link" href=paths::application(application.id)>{application.name}</a></h2>
            <p class="badges">
                <SwitchBadge name="Media Relay" on=application.relay/>
                <SwitchBadge name="Recording" on=application.recording/>
            </p>
            <p class="muted">{keys}</p>
        </li>
    }
}

#[component]
fn SwitchBadge(name: &'static str, on: bool) -> impl IntoView {
    let class = if on { "badge badge-good" } else { "badge" };
    view! { <span class=class>{name}{if on { " on" } else { " off" }}</span> }
}

#[component]
fn CreateForm() -> impl IntoView {
    let name = Note::entered_or(Form::CreateApplication, String::new());
    view! {
        <Card id="create" title="New application">
            <form class="form form-row" method="post" action=CreateApplication::url()>
                <Field id="name" name="name" label="Name" value=name placeholder="Support calls" max_length=DISPLAY_NAME_CHARS as u32/>
                <button type="submit" class="button button-primary">"Create"</button>
            </form>
            <FormNotice form=Form::CreateApplication/>
        </Card>
    }
}
