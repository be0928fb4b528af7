use super::{
    api::{AddMailAddress, RemoveMailAddress, load_mails},
    view::{MailAddressView, MailsView},
};
use crate::{
    components::{Card, Field, FormNotice, Instant, Notice, Tone},
    load::load,
    note::{Form, Note},
};
use leptos::{either::Either, prelude::*, server_fn::ServerFn};
use protocol::ids::ApplicationId;

/// Whom mails about recordings go to.
#[component]
pub fn MailsCard(application: ApplicationId) -> impl IntoView {
    view! {
        <Card id="mails" title="Mails">
            <Suspense>
                {Suspend::new(async move {
                    match load(load_mails(application)).await {
                        Ok(mails) => Either::Left(view! { <Addresses application mails/> }),
                        Err(error) => Either::Right(view! { <Notice tone=Tone::Bad>{error.message}</Notice> }),
                    }
                })}
            </Suspense>
        </Card>
    }
}

#[component]
fn Addresses(application: ApplicationId, mails: MailsView) -> impl IntoView {
    let MailsView { addresses, may_change } = mails;
    let list = if addresses.is_empty() {
        Either::Left(view! { <p class="muted">"Nobody gets mails about the recordings of this application."</p> })
    } else {
        let rows = addresses.into_iter().map(|address| view! { <AddressRow application address may_change/> });
        Either::Right(view! { <ul class="keys">{rows.collect_view()}</ul> })
    };
    let form = may_change.then(|| {
        let entered = Note::entered_or(Form::MailAddresses, String::new());
        view! {
            <form class="form form-row" method="post" action=AddMailAddress::url()>
                <input type="hidden" name="application" value=application.to_string()/>
                <Field id="mail-address" name="email" label="Another address" kind="email" value=entered placeholder="team@example.com" max_length=254/>
                <button type="submit" class="button">"Add"</button>
            </form>
        }
    });
    view! {
        <p class="muted">"A mail goes to each of them when a recording is ready or has failed. It has a link to the recording, and one to unsubscribe."</p>
        {list}
        {form}
        <FormNotice form=Form::MailAddresses done="Saved."/>
    }
}

#[component]
fn AddressRow(application: ApplicationId, address: MailAddressView, may_change: bool) -> impl IntoView {
    let MailAddressView { id, email, unsubscribed_ms } = address;
    let label = format!("Remove {email}");
    let remove = may_change.then(|| {
        view! {
            <form method="post" action=RemoveMailAddress::url()>
                <input type="hidden" name="application" value=application.to_string()/>
                <input type="hidden" name="address" value=id.to_string()/>
                <button type="submit" class="button button-small" aria-label=label>"Remove"</button>
            </form>
        }
    });
    view! {
        <li class="key">
            <span class="identifier">{email}</span>
            {unsubscribed_ms.map(|at| view! { <span class="badge">"Unsubscribed "<Instant unix_ms=at/></span> })}
            {remove}
        </li>
    }
}
