use super::{
    api::{CreateEndpoint, load_endpoints},
    endpoint_fields::{AddressFields, KindFields, told},
    view::{EndpointView, EndpointsView, EventView},
    words,
};
use crate::{
    components::{Card, EmptyState, FormNotice, PageHeader, Problem, ShownOnce},
    load::load,
    note::{Form, Note},
    paths,
};
use leptos::{either::Either, prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_params_map;
use protocol::{ids::ApplicationId, webhook::EventType};

/// What somebody wants to hear who has not thought about it.
const USUAL: [EventType; 4] =
    [EventType::RecordingReady, EventType::RecordingFailed, EventType::StorageDegraded, EventType::StorageRecovered];

/// The webhook endpoints of one application.
#[component]
pub fn NotificationsPage() -> impl IntoView {
    let id = use_params_map().read_untracked().get("id").unwrap_or_default();
    view! {
        <Suspense>
            {Suspend::new(async move {
                match load(load_endpoints(id)).await {
                    Ok(view) => Either::Left(view! { <Endpoints view/> }),
                    Err(error) => Either::Right(view! { <Problem error/> }),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Endpoints(view: EndpointsView) -> impl IntoView {
    let EndpointsView { application, name, endpoints, events, may_change } = view;
    let list = if endpoints.is_empty() {
        Either::Left(view! {
            <EmptyState title="No webhook endpoints yet">
                <p>"Add the address of your own server below. It gets a signed POST when something happens."</p>
            </EmptyState>
        })
    } else {
        let rows = endpoints.into_iter().map(move |endpoint| view! { <EndpointRow application endpoint/> });
        Either::Right(view! {
            <Card id="endpoints" title="Webhook endpoints">
                <ul class="keys">{rows.collect_view()}</ul>
            </Card>
        })
    };
    view! {
        <PageHeader title="Notifications" parent=(name, paths::application(application))
            summary="Who is told when a room, a recording or a storage changes.">
            <a class="button" href=paths::deliveries(application)>"Deliveries"</a>
        </PageHeader>
        <ShownOnce form=Form::CreateEndpoint title="The signing secret" label="the signing secret"/>
        {list}
        {may_change.then(|| view! { <AddCard application events/> })}
    }
    .into_any()
}

#[component]
fn EndpointRow(application: ApplicationId, endpoint: EndpointView) -> impl IntoView {
    let (class, word) = words::state_badge(&endpoint);
    let told = told(&endpoint);
    view! {
        <li class="key">
            <div>
                <a href=paths::endpoint(application, endpoint.id)><strong>{endpoint.url}</strong></a>
                <p class="muted">{told}</p>
            </div>
            <span class=class>{word}</span>
        </li>
    }
}

#[component]
fn AddCard(application: ApplicationId, events: Vec<EventView>) -> impl IntoView {
    let url = Note::entered_or(Form::CreateEndpoint, String::new());
    view! {
        <Card id="add" title="Add an endpoint">
            <form class="form" method="post" action=CreateEndpoint::url()>
                <input type="hidden" name="application" value=application.to_string()/>
                <AddressFields url chosen=USUAL.to_vec() events/>
                <KindFields/>
                <div><button type="submit" class="button button-primary">"Add the endpoint"</button></div>
            </form>
            <FormNotice form=Form::CreateEndpoint done="The endpoint was added. Open it to send a test."/>
        </Card>
    }
    .into_any()
}
