use super::api::{SetOrigins, SetWebhook};
use crate::{
    components::{Card, CopyText, Field, FormNotice, Notice, Tone},
    note::{Form, Note},
};
use leptos::{prelude::*, server_fn::ServerFn};
use protocol::ids::ApplicationId;

/// Where finished recordings are announced.
#[component]
pub fn WebhookCard(application: ApplicationId, url: Option<String>) -> impl IntoView {
    let entered = Note::entered_or(Form::Webhook, url.unwrap_or_default());
    let secret = Note::about(Form::Webhook).and_then(|note| note.secret);
    view! {
        <Card id="webhook" title="Webhook">
            <form class="form" method="post" action=SetWebhook::url()>
                <input type="hidden" name="application" value=application.to_string()/>
                <Field
                    id="webhook-url"
                    name="url"
                    label="Address"
                    kind="url"
                    value=entered
                    placeholder="https://example.com/mixdown"
                    hint="Gets a signed POST when a recording is ready or has failed (Standard Webhooks). Empty for none."
                    required=false
                />
                <div><button type="submit" class="button">"Save"</button></div>
            </form>
            <FormNotice form=Form::Webhook done="Saved."/>
            {secret.map(|secret| view! {
                <Notice tone=Tone::Neutral>
                    <p><strong>"Signing secret. "</strong>"Keep it now; it is not shown again."</p>
                    <CopyText value=secret label="the signing secret"/>
                </Notice>
            })}
        </Card>
    }
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
