//! What surrounds every page of a signed-in person: navigation, appearance, sign out.

use crate::{
    components::Problem,
    load::load,
    pages::account::{SetTheme, SignOut, Theme, Viewer, load_viewer},
    paths,
};
use leptos::{either::Either, prelude::*, server_fn::ServerFn};
use leptos_router::components::{A, Outlet};

#[component]
pub fn Frame() -> impl IntoView {
    view! {
        <a class="skip-link" href="#content">"Skip to the content"</a>
        <Suspense>
            {Suspend::new(async move {
                match load(load_viewer()).await {
                    Ok(viewer) => Either::Left(view! { <Bar viewer/> }),
                    Err(error) => Either::Right(view! { <Problem error/> }),
                }
            })}
        </Suspense>
        <main id="content" class="page" tabindex="-1">
            <Outlet/>
        </main>
    }
}

#[component]
fn Bar(viewer: Viewer) -> impl IntoView {
    view! {
        <header class="bar">
            <div class="bar-inner">
                <a class="brand" href=paths::HOME>
                    <svg class="brand-mark" viewBox="0 0 24 24" aria-hidden="true">
                        <path d="M2 6h7l4 6h9M2 12h20M2 18h7l4-6"/>
                    </svg>
                    "Mixdown"
                </a>
                <nav class="bar-links" aria-label="Main">
                    <A href=paths::HOME>"Applications"</A>
                    <span class="bar-group" role="group" aria-labelledby="bar-account">
                        <span class="bar-group-name" id="bar-account">"Account"</span>
                        <A href=paths::RECORDINGS>"Recordings"</A>
                        <A href=paths::TEAM>"Team"</A>
                        <A href=paths::API_KEYS>"API keys"</A>
                        <A href=paths::OUTBOX>"Outbox"</A>
                        <A href=paths::AUDIT>"Audit log"</A>
                    </span>
                </nav>
                <div class="bar-account">
                    <ThemeSwitch current=viewer.theme/>
                    <span class="bar-person" title=viewer.org>{viewer.email}</span>
                    <form method="post" action=SignOut::url()>
                        <button type="submit" class="button button-small">"Sign out"</button>
                    </form>
                </div>
            </div>
        </header>
    }
}

/// Each button reloads the page in the chosen appearance.
#[component]
fn ThemeSwitch(current: Theme) -> impl IntoView {
    let options = Theme::ALL.map(|theme| {
        view! {
            <button
                type="submit"
                name="theme"
                value=theme.as_str()
                class="theme-option"
                aria-pressed=(theme == current).to_string()
                title=theme.label()
            >
                <svg viewBox="0 0 16 16" aria-hidden="true"><path d=theme.picture()/></svg>
                <span class="visually-hidden">{theme.label()}</span>
            </button>
        }
    });
    view! {
        <form class="theme" method="post" action=SetTheme::url() role="group" aria-label="Appearance">
            {options.collect_view()}
        </form>
    }
}
