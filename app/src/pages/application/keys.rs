use super::{
    api::{CreateKey, RevokeKey},
    view::KeyView,
};
use crate::{
    components::{Card, CopyText, FormNotice, Instant, ShownOnce},
    note::Form,
};
use leptos::{either::Either, prelude::*, server_fn::ServerFn};
use protocol::ids::ApplicationId;

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
