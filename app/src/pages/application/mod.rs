//! One application: its switches, keys, notifications and recordings.

mod api;
mod causes;
mod keys;
mod notifications;
mod player;
mod recording_rows;
mod recordings;
mod switches;
pub(crate) mod view;

use crate::{
    components::{PageHeader, Problem},
    format, paths,
};
use api::load_application;
use keys::KeysCard;
use leptos::{either::Either, prelude::*};
use leptos_router::hooks::{use_params_map, use_query_map};
use notifications::{OriginsCard, WebhookCard};
use recordings::RecordingsCard;
use switches::SwitchesCard;
use view::ApplicationView;

#[component]
pub fn ApplicationPage() -> impl IntoView {
    let id = use_params_map().read_untracked().get("id").unwrap_or_default();
    let query = use_query_map();
    let (after, playing) = (query.read_untracked().get("after"), query.read_untracked().get("play"));
    view! {
        <Suspense>
            {Suspend::new(async move {
                match load_application(id).await {
                    Ok(application) => Either::Left(view! { <Application application after playing/> }),
                    Err(error) => Either::Right(view! { <Problem error/> }),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Application(
    application: ApplicationView,
    /// Where the page of recordings begins.
    after: Option<String>,
    /// The recording in the player.
    playing: Option<String>,
) -> impl IntoView {
    let id = application.id;
    let summary = format!("Created {} UTC", format::instant(application.created_ms));
    view! {
        <PageHeader title=application.name parent=("Applications", paths::HOME) summary>
            <a class="button button-primary" href=paths::demo(id)>"Open the demo call"</a>
        </PageHeader>
        <div class="cards">
            <SwitchesCard application=id relay=application.relay recording=application.recording missing=application.missing/>
            <KeysCard application=id keys=application.keys/>
        </div>
        <RecordingsCard application=id after playing/>
        <div class="cards">
            <WebhookCard application=id url=application.webhook/>
            <OriginsCard application=id origins=application.allowed_origins/>
        </div>
    }
}
