use super::api::SetOrigins;
use crate::{
    components::{Card, FormNotice, Notice, Tone},
    load::load,
    note::{Form, Note},
    pages::notifications::{load_endpoints, state_badge, view::EndpointsView},
    paths,
};
use leptos::{either::Either, prelude::*, server_fn::ServerFn};
use protocol::ids::ApplicationId;

/// Who is told what happens; the page of its own has the rest.
#[component]
pub fn NotificationsCard(application: ApplicationId) -> impl IntoView {
    view! {
        <Card id="notifications" title="Notifications">
            <Suspense>
                {Suspend::new(async move {
                    match load(load_endpoints(application.to_string())).await {
                        Ok(view) => Either::Left(view! { <Endpoints view/> }),
                        Err(error) => Either::Right(view! { <Notice tone=Tone::Bad>{error.message}</Notice> }),
                    }
                })}
            </Suspense>
        </Card>
    }
}

#[component]
fn Endpoints(view: EndpointsView) -> impl IntoView {
    let application = view.application;
    if view.endpoints.is_empty() {
        return Either::Left(view! {
            <p class="muted">"Your server can get a signed POST when a recording is ready, and whenever else something happens."</p>
            <p><a class="button" href=paths::notifications(application)>"Add an endpoint"</a></p>
        });
    }
    let rows = view.endpoints.into_iter().map(move |endpoint| {
        let (class, word) = state_badge(&endpoint);
        view! {
            <li class="key">
                <a href=paths::endpoint(application, endpoint.id)>{endpoint.url}</a>
                <span class=class>{word}</span>
            </li>
        }
    });
    Either::Right(view! {
        <ul class="keys">{rows.collect_view()}</ul>
        <p class="buttons">
            <a class="button" href=paths::notifications(application)>"Change"</a>
            <a class="button" href=paths::deliveries(application)>"Deliveries"</a>
        </p>
    })
}

/// Which web pages may join.
#[component]
pub fn OriginsCard(application: ApplicationId, origins: Vec<String>) -> impl IntoView {
    let lines = (origins.len() + 1).clamp(2, 8).to_string();
    let entered = Note::entered_or(Form::Origins, origins.join("\n"));
    view! {
        <Card id="origins" title="Allowed origins">
            <form class="form" method="post" action=SetOrigins::url()>
                <input type="hidden" name="application" value=application.to_string()/>
                <div class="field">
                    <label for="origins-list">"Web origins, one on each line"</label>
                    <textarea
                        id="origins-list"
                        name="origins"
                        rows=lines
                        maxlength="8192"
                        spellcheck="false"
                        autocomplete="off"
                        placeholder="https://shop.example"
                        aria-describedby="origins-hint"
                    >{entered}</textarea>
                    <p class="hint" id="origins-hint">"Pages of other origins cannot join. Empty allows every origin."</p>
                </div>
                <div><button type="submit" class="button">"Save"</button></div>
            </form>
            <FormNotice form=Form::Origins done="Saved."/>
        </Card>
    }
}
