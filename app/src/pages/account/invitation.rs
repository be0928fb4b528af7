use super::{
    Entrance, NewPassword, OfferView,
    api::{AcceptInvitation, load_offer},
};
use crate::{
    components::{FormNotice, Notice, Tone},
    load::load,
    note::Form,
    paths,
};
use leptos::{either::Either, prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_query_map;

/// Where an invitation leads.
#[component]
pub fn InvitationPage() -> impl IntoView {
    let token = use_query_map().read_untracked().get("token").unwrap_or_default();
    view! {
        <Entrance title="Invitation">
            <Suspense>
                {Suspend::new(async move {
                    match load(load_offer(token.clone())).await {
                        Ok(Some(offer)) => Either::Left(view! { <JoinForm token offer/> }),
                        Ok(None) => Either::Right(view! { <Ended reason="This invitation was used, withdrawn or has expired."/> }),
                        Err(_) => Either::Right(view! { <Ended reason="The invitation could not be checked. Try again in a moment."/> }),
                    }
                })}
            </Suspense>
        </Entrance>
    }
}

#[component]
fn JoinForm(token: String, offer: OfferView) -> impl IntoView {
    view! {
        <p>"Join "<strong>{offer.org}</strong>" as "{offer.role}". You will sign in with "<strong>{offer.email}</strong>"."</p>
        <form class="form" method="post" action=AcceptInvitation::url()>
            <input type="hidden" name="token" value=token/>
            <NewPassword/>
            <FormNotice form=Form::AcceptInvitation/>
            <button type="submit" class="button button-primary button-wide">"Join"</button>
        </form>
    }
}

#[component]
fn Ended(reason: &'static str) -> impl IntoView {
    view! {
        <Notice tone=Tone::Neutral>{reason}</Notice>
        <p>"Ask whoever invited you to send it again. If you have an account already, sign in."</p>
        <p><a class="button" href=paths::SIGN_IN>"To sign in"</a></p>
    }
}
