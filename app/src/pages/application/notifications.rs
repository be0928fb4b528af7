use super::{Forms, view::Note};
use crate::components::{Card, CopyText, Field, FormNotice, Notice, SubmitButton, Tone};
use leptos::prelude::*;
use protocol::ids::ApplicationId;

/// Where finished recordings are announced.
#[component]
pub fn WebhookCard(application: ApplicationId, url: Option<String>, note: Option<Note>, forms: Forms) -> impl IntoView {
    let reloaded = matches!(note, Some(Note::Webhook { .. }));
    let answered = forms.webhook.value();
    let secret = move || {
        let note = answered.get().map_or_else(|| note.clone(), |answer| answer.ok()?.ok());
        note.and_then(|note| if let Note::Webhook { secret } = note { secret } else { None })
    };
    view! {
        <Card id="webhook" title="Webhook">
            <ActionForm action=forms.webhook>
                <div class="form">
                    <input type="hidden" name="application" value=application.to_string()/>
                    <Field
                        id="webhook-url"
                        name="url"
                        label="Address"
                        kind="url"
                        value=url.unwrap_or_default()
                        placeholder="https://example.com/mixdown"
                        hint="Gets a signed POST when a recording is ready or has failed (Standard Webhooks). Empty for none."
                        required=false
                    />
                    <div><SubmitButton label="Save" busy_label="Saving…" pending=forms.webhook.pending() class="button"/></div>
                </div>
            </ActionForm>
            <FormNotice action=forms.webhook done="Saved." reloaded/>
            {move || secret().map(|secret| view! {
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
pub fn OriginsCard(application: ApplicationId, origins: Vec<String>, note: Option<Note>, forms: Forms) -> impl IntoView {
    let lines = (origins.len() + 1).clamp(2, 8).to_string();
    view! {
        <Card id="origins" title="Allowed origins">
            <ActionForm action=forms.origins>
                <div class="form">
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
                            prop:value=origins.join("\n")
                        >{origins.join("\n")}</textarea>
                        <p class="hint" id="origins-hint">"Pages of other origins cannot join. Empty allows every origin."</p>
                    </div>
                    <div><SubmitButton label="Save" busy_label="Saving…" pending=forms.origins.pending() class="button"/></div>
                </div>
            </ActionForm>
            <FormNotice action=forms.origins done="Saved." reloaded=matches!(note, Some(Note::Origins))/>
        </Card>
    }
}
