use crate::{
    error::{ConsoleError, ErrorKind},
    paths,
};
use leptos::{either::EitherOf3, prelude::*};
use leptos_meta::Title;
use leptos_router::components::Redirect;

/// Instead of a page that could not be loaded. Who is not signed in goes to sign in.
#[component]
pub fn Problem(error: ConsoleError) -> impl IntoView {
    match error.kind {
        ErrorKind::SignedOut => EitherOf3::A(view! { <Redirect path=paths::SIGN_IN/> }),
        ErrorKind::NotFound => EitherOf3::B(view! { <Missing/> }),
        ErrorKind::Refused | ErrorKind::Unavailable => EitherOf3::C(view! {
            <Title text="Not available"/>
            <section class="problem" role="alert">
                <h1>"This could not be loaded"</h1>
                <p>{error.message}</p>
                <p><a class="button" href="">"Try again"</a></p>
            </section>
        }),
    }
}

/// Nothing is at this address.
#[component]
pub fn Missing() -> impl IntoView {
    #[cfg(feature = "ssr")]
    crate::server::set_not_found();
    view! {
        <Title text="Not found"/>
        <section class="problem">
            <p class="problem-code" aria-hidden="true">"404"</p>
            <h1>"Nothing is here"</h1>
            <p>"This page does not exist, or it belongs to someone else. Check the address, or start again from your applications."</p>
            <p><a class="button" href=paths::HOME>"To the applications"</a></p>
        </section>
    }
}
