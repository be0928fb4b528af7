use super::{
    api::{ChangeKey, CreateKey, RevokeKey},
    view::KeyView,
};
use crate::{
    components::{Card, CopyText, FormNotice, Instant, ShownOnce},
    note::Form,
};
use leptos::{either::Either, prelude::*, server_fn::ServerFn};
use protocol::{
    ids::{AppKeyId, ApplicationId},
    skylink::KeySettings,
};

/// Keys that pages join with.
#[component]
pub fn KeysCard(application: ApplicationId, keys: Vec<KeyView>) -> impl IntoView {
    let none_live = keys.iter().all(|key| key.revoked);
    let rows = keys.into_iter().map(move |key| view! { <KeyRow application key/> });
    view! {
        <Card id="keys" title="App key">
            <p class="muted">"Your pages join rooms with it. It is not a secret: the allowed origins say which pages may use it."</p>
            {none_live.then(|| view! { <p class="notice">"No key is valid, so nobody can join. Make one."</p> })}
            <ul class="keys">{rows.collect_view()}</ul>
            <form method="post" action=CreateKey::url()>
                <input type="hidden" name="application" value=application.to_string()/>
                <button type="submit" class="button button-small">"Make another key"</button>
            </form>
            <FormNotice form=Form::CreateKey done="The new key is ready."/>
            <FormNotice form=Form::ChangeKey done="Saved. It holds for clients that join from now on."/>
            <ShownOnce form=Form::CreateKey title="Its secret" label="the secret of the key"
                about="Only for Skylink clients that join with credentials, which your server signs with it."/>
            <FormNotice form=Form::RevokeKey done="The key was revoked."/>
        </Card>
    }
}

#[component]
fn KeyRow(application: ApplicationId, key: KeyView) -> impl IntoView {
    let id = key.id.to_string();
    if key.revoked {
        return Either::Left(view! {
            <li class="key"><code class="identifier is-revoked">{id}</code><span class="badge">"Revoked"</span></li>
        });
    }
    Either::Right(view! {
        <li class="key">
            <CopyText value=id.clone() label="the app key"/>
            <KeySettingsForm application key=key.id settings=key.settings/>
            <details class="revoke">
                <summary>"Revoke…"</summary>
                <p class="muted">"Made "<Instant unix_ms=key.created_ms/>" UTC. Pages that use this key can no longer join, and its calls end. This cannot be undone."</p>
                <form method="post" action=RevokeKey::url()>
                    <input type="hidden" name="application" value=application.to_string()/>
                    <input type="hidden" name="key" value=id/>
                    <button type="submit" class="button button-small button-danger">"Revoke this key"</button>
                </form>
            </details>
        </li>
    })
}

/// What the key lets Skylink clients do.
#[component]
fn KeySettingsForm(application: ApplicationId, key: AppKeyId, settings: KeySettings) -> impl IntoView {
    let boxes = [
        ("privileged", settings.privileged, "May list the peers of all rooms and introduce peers to each other"),
        ("auto_introduce", settings.auto_introduce, "Meets everybody in its room without being introduced"),
        ("link_messages", settings.link_messages, "Gets the link of a finished recording as a message"),
    ];
    let boxes = boxes.map(|(name, on, label)| {
        view! { <label class="check"><input type="checkbox" name=name value="true" checked=on/>{label}</label> }
    });
    view! {
        <details class="revoke">
            <summary>"Skylink…"</summary>
            <p class="muted">"What a SkylinkJS client that comes with this key may do."</p>
            <form class="form" method="post" action=ChangeKey::url()>
                <input type="hidden" name="application" value=application.to_string()/>
                <input type="hidden" name="key" value=key.to_string()/>
                <div class="field">{boxes.collect_view()}</div>
                <button type="submit" class="button button-small">"Save"</button>
            </form>
        </details>
    }
}
