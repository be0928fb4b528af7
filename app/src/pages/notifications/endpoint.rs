use super::{
    api::{EnableEndpoint, RemoveEndpoint, RotateSecret, TestEndpoint, UpdateEndpoint, load_endpoint},
    endpoint_fields::AddressFields,
    view::{EndpointDetail, EndpointView, EventView},
    words,
};
use crate::{
    components::{Card, CopyText, FormNotice, Instant, PageHeader, Problem, ShownOnce},
    load::load,
    note::{Form, Note},
    paths,
};
use leptos::{either::Either, prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_params_map;
use protocol::{
    ids::{ApplicationId, EndpointId},
    webhook::{EndpointState, Signing},
};

/// One endpoint: how it does, its settings, its secret and its end.
#[component]
pub fn EndpointPage() -> impl IntoView {
    let id = use_params_map().read_untracked().get("endpoint").unwrap_or_default();
    view! {
        <Suspense>
            {Suspend::new(async move {
                match load(load_endpoint(id)).await {
                    Ok(detail) => Either::Left(view! { <Detail detail/> }),
                    Err(error) => Either::Right(view! { <Problem error/> }),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Detail(detail: EndpointDetail) -> impl IntoView {
    let EndpointDetail { application, endpoint, events, may_change } = detail;
    let settings = may_change.then(|| view! { <SettingsCard endpoint=endpoint.clone() events/> });
    view! {
        <PageHeader title=endpoint.url.clone() parent=("Notifications".to_owned(), paths::notifications(application))>
            <a class="button" href=paths::deliveries_to(application, endpoint.id)>"Its deliveries"</a>
        </PageHeader>
        <div class="cards">
            <StateCard application endpoint=endpoint.clone() may_change/>
            <SecretCard endpoint=endpoint.clone() may_change/>
        </div>
        <div class="cards cards-top">
            {settings}
            {may_change.then(|| view! { <RemoveCard application endpoint=endpoint.id/> })}
        </div>
    }
    .into_any()
}

#[component]
fn StateCard(application: ApplicationId, endpoint: EndpointView, may_change: bool) -> impl IntoView {
    let id = endpoint.id.to_string();
    let active = endpoint.state == EndpointState::Active;
    let (class, word) = words::state_badge(&endpoint);
    let remark = match (endpoint.state, endpoint.suspension, endpoint.failing_ms) {
        (EndpointState::Suspended, Some(cause), _) => Some(Either::Left(view! {
            <p>{words::suspended(cause)}" Nothing is sent there until you enable it; what waits is sent then."</p>
        })),
        (EndpointState::Active, _, Some(at)) => Some(Either::Right(view! {
            <p>"Nothing has arrived since "<Instant unix_ms=at/>" UTC. The deliveries say why."</p>
        })),
        _ => None,
    };
    let forms = may_change.then(|| {
        view! {
            <div class="buttons">
                {active.then(|| view! {
                    <form method="post" action=TestEndpoint::url()>
                        <input type="hidden" name="application" value=application.to_string()/>
                        <input type="hidden" name="endpoint" value=id.clone()/>
                        <button type="submit" class="button button-primary">"Send a test"</button>
                    </form>
                })}
                <form method="post" action=EnableEndpoint::url()>
                    <input type="hidden" name="endpoint" value=id.clone()/>
                    <input type="hidden" name="on" value=(!active).to_string()/>
                    <button type="submit" class="button">{if active { "Disable" } else { "Enable" }}</button>
                </form>
            </div>
            <FormNotice form=Form::TestEndpoint/>
            <FormNotice form=Form::EnableEndpoint done="Saved."/>
        }
    });
    view! {
        <Card id="state" title="Does it get messages?">
            <p><span class=class>{word}</span></p>
            {remark}
            <dl class="facts">
                <dt>"Bodies"</dt><dd>{words::format(endpoint.format)}</dd>
                <dt>"Added"</dt><dd><Instant unix_ms=endpoint.created_ms/>" UTC"</dd>
                <dt>"Endpoint"</dt><dd><code class="identifier">{endpoint.id.to_string()}</code></dd>
            </dl>
            {forms}
        </Card>
    }
    .into_any()
}

#[component]
fn SecretCard(endpoint: EndpointView, may_change: bool) -> impl IntoView {
    let keys =
        endpoint.public_keys.into_iter().map(|key| view! { <li><CopyText value=key label="the public key"/></li> });
    let both = endpoint.previous_until_ms.map(|until| {
        view! { <p>"Messages carry two signatures, by the new and the earlier one, until "<Instant unix_ms=until/>" UTC."</p> }
    });
    let (name, change) = match endpoint.signing {
        Signing::Hmac => ("signing secret", "Make another secret"),
        Signing::Ed25519 => ("key", "Make another key"),
    };
    let form = may_change.then(|| {
        view! {
            <form class="form form-row" method="post" action=RotateSecret::url()>
                <input type="hidden" name="endpoint" value=endpoint.id.to_string()/>
                <div class="field">
                    <label for="overlap">{format!("The present {name} goes on signing for")}</label>
                    <select id="overlap" name="hours">
                        <option value="24" selected=true>"1 day"</option>
                        <option value="168">"7 days"</option>
                        <option value="1">"1 hour"</option>
                        <option value="0">"no longer: it is known to others"</option>
                    </select>
                </div>
                <button type="submit" class="button">{change}</button>
            </form>
            <FormNotice form=Form::RotateSecret/>
        }
    });
    view! {
        <Card id="secret" title="Signature">
            <p>{words::signing(endpoint.signing)}", by Standard Webhooks: your server can be sure that a message is from Mixdown."</p>
            {(endpoint.signing == Signing::Ed25519).then(|| view! { <ul class="keys">{keys.collect_view()}</ul> })}
            {both}
            <ShownOnce form=Form::RotateSecret title="The new secret" label="the signing secret"/>
            {form}
        </Card>
    }
    .into_any()
}

#[component]
fn SettingsCard(endpoint: EndpointView, events: Vec<EventView>) -> impl IntoView {
    let url = Note::entered_or(Form::Endpoint, endpoint.url);
    view! {
        <Card id="settings" title="Settings">
            <form class="form" method="post" action=UpdateEndpoint::url()>
                <input type="hidden" name="endpoint" value=endpoint.id.to_string()/>
                <AddressFields url chosen=endpoint.events events/>
                <FormNotice form=Form::Endpoint done="Saved."/>
                <div><button type="submit" class="button">"Save"</button></div>
            </form>
        </Card>
    }
    .into_any()
}

/// Opens without a script, and asks once more.
#[component]
fn RemoveCard(application: ApplicationId, endpoint: EndpointId) -> impl IntoView {
    view! {
        <Card id="remove" title="Remove">
            <p class="muted">"What waits for it is not sent, and its deliveries are forgotten."</p>
            <details class="revoke">
                <summary>"Remove…"</summary>
                <form method="post" action=RemoveEndpoint::url()>
                    <input type="hidden" name="application" value=application.to_string()/>
                    <input type="hidden" name="endpoint" value=endpoint.to_string()/>
                    <button type="submit" class="button button-danger">"Remove this endpoint"</button>
                </form>
            </details>
            <FormNotice form=Form::RemoveEndpoint/>
        </Card>
    }
    .into_any()
}
