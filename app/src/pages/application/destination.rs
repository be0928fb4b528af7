use super::{
    api::{UseStorageFor, load_destination},
    view::DestinationView,
};
use crate::{
    components::{Card, Choice, FormNotice, Notice, Tone},
    load::load,
    note::Form,
    pages::storage::{HealthLine, HeldNotice},
    paths,
};
use leptos::{either::Either, prelude::*, server_fn::ServerFn};
use protocol::ids::ApplicationId;

/// Where recordings of the application go, and whether they arrive.
#[component]
pub fn DestinationCard(application: ApplicationId) -> impl IntoView {
    view! {
        <Card id="destination" title="Where recordings go">
            <Suspense>
                {Suspend::new(async move {
                    match load(load_destination(application)).await {
                        Ok(destination) => Either::Left(view! { <Destination application destination/> }),
                        Err(error) => Either::Right(view! { <Notice tone=Tone::Bad>{error.message}</Notice> }),
                    }
                })}
            </Suspense>
        </Card>
    }
}

#[component]
fn Destination(application: ApplicationId, destination: DestinationView) -> impl IntoView {
    let DestinationView { storage, own, choices, held, may_change } = destination;
    let present = storage.as_ref().map(|storage| storage.id.to_string()).filter(|_| own).unwrap_or_default();
    let shown = match storage {
        Some(storage) => Either::Left(view! {
            <p class="identifier">
                <a href=paths::storage(storage.id)>{storage.name}</a>
                <span class="muted">{if own { ", chosen for this application" } else { ", the primary storage" }}</span>
            </p>
            <HealthLine health=storage.health validated_ms=storage.validated_ms/>
        }),
        None => Either::Right(view! {
            <p class="notice notice-bad">"The organization has no storage, so nothing can be recorded. "<a href=paths::RECORDINGS>"Add one"</a></p>
        }),
    };
    let form = (may_change && !choices.is_empty()).then(|| {
        let first = (String::new(), "The primary storage of the organization".to_owned());
        let options = std::iter::once(first).chain(choices).collect();
        view! {
            <form class="form form-row" method="post" action=UseStorageFor::url()>
                <input type="hidden" name="application" value=application.to_string()/>
                <Choice id="storage" name="storage" label="Storage" options value=present/>
                <button type="submit" class="button">"Save"</button>
            </form>
            <FormNotice form=Form::Destination done="Saved. Recordings that run already go where they were to go."/>
        }
    });
    view! {
        {shown}
        {held.map(|held| view! { <HeldNotice held/> })}
        {form}
    }
    .into_any()
}
