//! One application: its switches, keys, notifications and recordings.

mod api;
mod causes;
mod keys;
mod notifications;
mod player;
mod recording_rows;
mod recordings;
mod switches;
mod view;

use crate::{
    components::{Loading, PageHeader, Problem},
    format, paths,
};
use api::{CreateKey, RevokeKey, SetOrigins, SetRecording, SetRelay, SetWebhook, load_application};
use keys::KeysCard;
use leptos::{either::Either, prelude::*};
use leptos_router::hooks::use_params_map;
use notifications::{OriginsCard, WebhookCard};
use recordings::RecordingsCard;
use switches::SwitchesCard;
use view::ApplicationView;

/// The forms of the page. They live outside of what is loaded, so that a reload keeps what they have to say.
#[derive(Clone, Copy)]
struct Forms {
    relay: ServerAction<SetRelay>,
    recording: ServerAction<SetRecording>,
    create_key: ServerAction<CreateKey>,
    revoke_key: ServerAction<RevokeKey>,
    origins: ServerAction<SetOrigins>,
    webhook: ServerAction<SetWebhook>,
}

impl Forms {
    fn new() -> Self {
        Self {
            relay: ServerAction::new(),
            recording: ServerAction::new(),
            create_key: ServerAction::new(),
            revoke_key: ServerAction::new(),
            origins: ServerAction::new(),
            webhook: ServerAction::new(),
        }
    }

    /// Changes when any form was answered.
    fn version(self) -> usize {
        self.relay.version().get()
            + self.recording.version().get()
            + self.create_key.version().get()
            + self.revoke_key.version().get()
            + self.origins.version().get()
            + self.webhook.version().get()
    }
}

#[component]
pub fn ApplicationPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    let forms = Forms::new();
    let application = Resource::new(move || (id.get(), forms.version()), |(id, _)| load_application(id));
    view! {
        <Transition fallback=Loading>
            {move || Suspend::new(async move {
                match application.await {
                    Ok(application) => Either::Left(view! { <Application application forms/> }),
                    Err(error) => Either::Right(view! { <Problem error/> }),
                }
            })}
        </Transition>
        <RecordingsCard application=id/>
    }
}

#[component]
fn Application(application: ApplicationView, forms: Forms) -> impl IntoView {
    let id = application.id;
    let note = application.note;
    let summary = format!("Created {} UTC", format::instant(application.created_ms));
    view! {
        <PageHeader title=application.name parent=("Applications", paths::HOME) summary>
            <a class="button button-primary" href=paths::demo(id) rel="external">"Open the demo call"</a>
        </PageHeader>
        <div class="cards">
            <SwitchesCard application=id relay=application.relay recording=application.recording missing=application.missing forms/>
            <KeysCard application=id keys=application.keys forms/>
            <WebhookCard application=id url=application.webhook note=note.clone() forms/>
            <OriginsCard application=id origins=application.allowed_origins note forms/>
        </div>
    }
}
