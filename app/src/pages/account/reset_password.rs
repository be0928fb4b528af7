use super::{
    Entrance, NewPassword,
    api::{ResetPassword, check_reset_link},
};
use crate::{
    components::{FormNotice, Notice, Tone},
    load::load,
    note::Form,
    paths,
};
use leptos::{either::Either, prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_query_map;

/// Where the link for a new password leads.
#[component]
pub fn ResetPasswordPage() -> impl IntoView {
    let token = use_query_map().read_untracked().get("token").unwrap_or_default();
    view! {
        <Entrance title="Choose a new password">
            <Suspense>
                {Suspend::new(async move {
                    match load(check_reset_link(token.clone())).await {
                        Ok(true) => Either::Left(view! { <PasswordForm token/> }),
                        Ok(false) => Either::Right(view! { <Ended reason="This link was used or has expired."/> }),
                        Err(_) => Either::Right(view! { <Ended reason="The link could not be checked. Try again in a moment."/> }),
                    }
                })}
            </Suspense>
        </Entrance>
    }
}

#[component]
fn PasswordForm(token: String) -> impl IntoView {
    view! {
        <p class="muted">"It replaces the old one, and ends every session of the account."</p>
        <form class="form" method="post" action=ResetPassword::url()>
            <input type="hidden" name="token" value=token/>
            <NewPassword/>
            <FormNotice form=Form::ResetPassword/>
            <button type="submit" class="button button-primary button-wide">"Set the password"</button>
        </form>
    }
}

#[component]
fn Ended(reason: &'static str) -> impl IntoView {
    view! {
        <Notice tone=Tone::Neutral>{reason}</Notice>
        <p><a class="button" href=paths::FORGOT_PASSWORD>"Ask for another link"</a></p>
    }
}
