use super::{
    Entrance,
    api::{CompleteSetUp, check_set_up_link},
};
use crate::{
    components::{Field, FormNotice, Loading, Notice, SubmitButton, Tone},
    paths,
};
use leptos::{either::Either, prelude::*};
use leptos_router::hooks::use_query_map;

/// Where the one-time link leads.
#[component]
pub fn SetUpPage() -> impl IntoView {
    let query = use_query_map();
    let token = Memo::new(move |_| query.read().get("token").unwrap_or_default());
    let works = Resource::new(move || token.get(), check_set_up_link);
    let set_up = ServerAction::<CompleteSetUp>::new();
    view! {
        <Entrance title="Set up Mixdown">
            <Suspense fallback=Loading>
                {move || Suspend::new(async move {
                    match works.await {
                        Ok(true) => Either::Left(view! { <SetUpForm set_up token=token.get_untracked()/> }),
                        Ok(false) => Either::Right(view! { <LinkUsed reason="This set-up link has expired or has been used."/> }),
                        Err(_) => Either::Right(view! { <LinkUsed reason="The set-up link could not be checked. Try again in a moment."/> }),
                    }
                })}
            </Suspense>
        </Entrance>
    }
}

#[component]
fn SetUpForm(set_up: ServerAction<CompleteSetUp>, token: String) -> impl IntoView {
    view! {
        <p class="muted">"Make the first account. It owns the organization; a demo application and a storage come with it."</p>
        <ActionForm action=set_up>
            <div class="form">
                <input type="hidden" name="token" value=token/>
                <Field id="email" name="email" label="E-mail" kind="email" autocomplete="username" max_length=254/>
                <Field
                    id="password"
                    name="password"
                    label="Password"
                    kind="password"
                    autocomplete="new-password"
                    max_length=1024
                    hint="At least 8 characters; 15 or more are better. A few words make a good one."
                />
                <Field id="repeated" name="repeated" label="Password again" kind="password" autocomplete="new-password" max_length=1024/>
                <FormNotice action=set_up/>
                <SubmitButton label="Create the account" busy_label="Setting up…" pending=set_up.pending() class="button button-primary button-wide"/>
            </div>
        </ActionForm>
    }
}

#[component]
fn LinkUsed(reason: &'static str) -> impl IntoView {
    view! {
        <Notice tone=Tone::Neutral>{reason}</Notice>
        <p>"Mixdown prints a fresh link each time it starts, until the first account exists. If you have an account already, sign in."</p>
        <p><a class="button" href=paths::SIGN_IN>"To sign in"</a></p>
    }
}
