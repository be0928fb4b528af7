use super::{
    Entrance, NewPassword,
    api::{CompleteSetUp, check_set_up_link},
};
use crate::{
    components::{Field, FormNotice, Notice, Tone},
    load::load,
    note::{Form, Note},
    paths,
};
use leptos::{either::Either, prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_query_map;

/// Where the one-time link leads.
#[component]
pub fn SetUpPage() -> impl IntoView {
    let token = use_query_map().read_untracked().get("token").unwrap_or_default();
    view! {
        <Entrance title="Set up Mixdown">
            <Suspense>
                {Suspend::new(async move {
                    match load(check_set_up_link(token.clone())).await {
                        Ok(true) => Either::Left(view! { <SetUpForm token/> }),
                        Ok(false) => Either::Right(view! { <LinkUsed reason="This set-up link has expired or has been used."/> }),
                        Err(_) => Either::Right(view! { <LinkUsed reason="The set-up link could not be checked. Try again in a moment."/> }),
                    }
                })}
            </Suspense>
        </Entrance>
    }
}

#[component]
fn SetUpForm(token: String) -> impl IntoView {
    let email = Note::entered_or(Form::SetUp, String::new());
    view! {
        <p class="muted">"Make the first account. It owns the organization; a demo application and a storage come with it."</p>
        <form class="form" method="post" action=CompleteSetUp::url()>
            <input type="hidden" name="token" value=token/>
            <Field id="email" name="email" label="E-mail" kind="email" value=email autocomplete="username" max_length=254/>
            <NewPassword/>
            <FormNotice form=Form::SetUp/>
            <button type="submit" class="button button-primary button-wide">"Create the account"</button>
        </form>
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
