//! The console: pages, components and server functions, rendered on the server, with islands that live in the browser.
//!
//! Every page and every form works without JavaScript; only the islands (`#[island]`) are in the browser's bundle.
//! The HTTP server mounts the routes of [`App`] inside [`shell`], provides a `server::Request` as context for pages
//! and server functions alike, and renders the app for unknown addresses too, so that they get the console's own "not
//! found". Forms lead back to the page in the `Referer` header, so the referrer policy must be `same-origin`.

// A view's type holds the types of all views in it.
#![recursion_limit = "256"]
#![expect(clippy::needless_pass_by_value, reason = "properties of components are owned")]

#[cfg(all(feature = "ssr", feature = "hydrate"))]
compile_error!(
    "the features `ssr` and `hydrate` exclude each other: check the crates `server` and `hydrate` in two runs"
);

pub mod components;
pub mod error;
pub mod format;
#[cfg(feature = "ssr")]
mod from_domain;
mod load;
pub mod note;
pub mod pages;
pub mod paths;
#[cfg(feature = "ssr")]
pub mod server;

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{ParentRoute, Redirect, Route, Router, Routes},
    path,
};
use pages::{
    account::{ForgotPasswordPage, InvitationPage, ResetPasswordPage, SetUpPage, SignInPage, VerifyEmailPage},
    api_keys::ApiKeysPage,
    application::ApplicationPage,
    applications::ApplicationsPage,
    audit::AuditPage,
    frame::Frame,
    not_found::NotFoundPage,
    notifications::{DeliveriesPage, EndpointPage, NotificationsPage},
    outbox::OutboxPage,
    storage::{AddPage, AddStoragePage, OverviewPage, StoragePage},
    streamrec::StreamrecPage,
    team::TeamPage,
};

/// The whole console. `Async` on every route: a page is sent once it is complete, so it needs no script to be read.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Title formatter=|page: String| format!("{page} · Mixdown")/>
        <Router>
            <Routes fallback=NotFoundPage>
                <Route path=path!("/setup") view=SetUpPage ssr=SsrMode::Async/>
                <Route path=path!("/sign-in") view=SignInPage ssr=SsrMode::Async/>
                <Route path=path!("/forgot-password") view=ForgotPasswordPage ssr=SsrMode::Async/>
                <Route path=path!("/reset-password") view=ResetPasswordPage ssr=SsrMode::Async/>
                <Route path=path!("/verify-email") view=VerifyEmailPage ssr=SsrMode::Async/>
                <Route path=path!("/invitation") view=InvitationPage ssr=SsrMode::Async/>
                <ParentRoute path=path!("/") view=Frame ssr=SsrMode::Async>
                    <Route path=path!("") view=|| view! { <Redirect path=paths::HOME/> } ssr=SsrMode::Async/>
                    <Route path=path!("applications") view=ApplicationsPage ssr=SsrMode::Async/>
                    <Route path=path!("applications/:id") view=ApplicationPage ssr=SsrMode::Async/>
                    <Route path=path!("applications/:id/notifications") view=NotificationsPage ssr=SsrMode::Async/>
                    <Route path=path!("applications/:id/notifications/:endpoint") view=EndpointPage ssr=SsrMode::Async/>
                    <Route path=path!("applications/:id/deliveries") view=DeliveriesPage ssr=SsrMode::Async/>
                    <Route path=path!("applications/:id/streamrec") view=StreamrecPage ssr=SsrMode::Async/>
                    <Route path=path!("account/recordings") view=OverviewPage ssr=SsrMode::Async/>
                    <Route path=path!("account/recordings/add") view=AddPage ssr=SsrMode::Async/>
                    <Route path=path!("account/recordings/add/:kind") view=AddStoragePage ssr=SsrMode::Async/>
                    <Route path=path!("account/recordings/:id") view=StoragePage ssr=SsrMode::Async/>
                    <Route path=path!("account/api-keys") view=ApiKeysPage ssr=SsrMode::Async/>
                    <Route path=path!("account/team") view=TeamPage ssr=SsrMode::Async/>
                    <Route path=path!("account/outbox") view=OutboxPage ssr=SsrMode::Async/>
                    <Route path=path!("account/audit") view=AuditPage ssr=SsrMode::Async/>
                </ParentRoute>
            </Routes>
        </Router>
    }
}

/// The document around [`App`].
#[cfg(feature = "ssr")]
pub fn shell(options: LeptosOptions) -> impl IntoView {
    use leptos_meta::MetaTags;
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=server::theme().as_str()>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="stylesheet" href="/pkg/console.css"/>
                <link rel="icon" href="/pkg/icon.svg" type="image/svg+xml"/>
                <HydrationScripts options islands=true/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}
