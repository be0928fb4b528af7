//! One application: its switches, keys, notifications and recordings.

mod api;
pub(crate) mod causes;
mod destination;
mod keeping;
mod keys;
mod mails;
mod manage;
mod notifications;
mod player;
mod recording_rows;
mod recordings;
mod switches;
pub(crate) mod view;

use crate::{
    components::{PageHeader, Problem},
    format,
    load::load,
    pages::streamrec::StreamrecCard,
    paths,
};
use api::load_application;
use destination::DestinationCard;
use keeping::KeepingCard;
use keys::KeysCard;
use leptos::{either::Either, prelude::*};
use leptos_router::hooks::{use_params_map, use_query_map};
use mails::MailsCard;
use notifications::{NotificationsCard, OriginsCard};
use recordings::{RecordingsCard, Shown};
use switches::SwitchesCard;
use view::ApplicationView;

#[component]
pub fn ApplicationPage() -> impl IntoView {
    let id = use_params_map().read_untracked().get("id").unwrap_or_default();
    let query = use_query_map();
    let word = |name| query.read_untracked().get(name);
    let shown = Shown { after: word("after"), playing: word("play"), managed: word("manage") };
    let considered = word("keep").and_then(|days| days.parse().ok());
    view! {
        <Suspense>
            {Suspend::new(async move {
                match load(load_application(id)).await {
                    Ok(application) => Either::Left(view! { <Application application shown considered/> }),
                    Err(error) => Either::Right(view! { <Problem error/> }),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Application(
    application: ApplicationView,
    shown: Shown,
    /// Days of a retention that the person thinks about.
    considered: Option<u32>,
) -> impl IntoView {
    let id = application.id;
    let summary = format!("Created {} UTC", format::instant(application.created_ms));
    view! {
        <PageHeader title=application.name parent=("Applications".to_owned(), paths::HOME.to_owned()) summary>
            <a class="button button-primary" href=paths::demo(id)>"Open the demo call"</a>
        </PageHeader>
        <div class="cards">
            <SwitchesCard application=id relay=application.relay recording=application.recording missing=application.missing/>
            <KeysCard application=id keys=application.keys/>
        </div>
        <RecordingsCard application=id shown/>
        <StreamrecCard application=id/>
        <div class="cards">
            <DestinationCard application=id/>
            <KeepingCard
                application=id
                retention_days=application.retention_days
                link_hours=application.link_hours
                considered
                may_change=application.may_change
            />
            <NotificationsCard application=id/>
            <MailsCard application=id/>
            <OriginsCard application=id origins=application.allowed_origins/>
        </div>
    }
}
