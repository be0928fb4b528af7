//! What surrounds every page of a signed-in person: navigation, appearance, sign out.

use crate::{
    components::Problem,
    pages::account::{SetTheme, SignOut, Theme, Viewer, load_viewer},
    paths,
};
use leptos::{either::Either, prelude::*};
use leptos_router::components::{A, Outlet};

#[component]
pub fn Frame() -> impl IntoView {
    let viewer = Resource::new(|| (), |()| load_viewer());
    view! {
        <a class="skip-link" href="#content">"Skip to the content"</a>
        <Suspense>
            {move || Suspend::new(async move {
                match viewer.await {
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
    let sign_out = ServerAction::<SignOut>::new();
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
                    <A href=paths::STORAGE>"Storage"</A>
                    <A href=paths::OUTBOX>"Outbox"</A>
                    <A href=paths::AUDIT>"Audit log"</A>
                </nav>
                <div class="bar-account">
                    <ThemeSwitch current=viewer.theme/>
                    <span class="bar-person" title=viewer.org>{viewer.email}</span>
                    <ActionForm action=sign_out>
                        <button type="submit" class="button button-small">"Sign out"</button>
                    </ActionForm>
                </div>
            </div>
        </header>
    }
}

/// Three buttons; without a script each reloads the page in the chosen appearance.
#[component]
fn ThemeSwitch(current: Theme) -> impl IntoView {
    let choose = ServerAction::<SetTheme>::new();
    let chosen = RwSignal::new(current);
    let value = choose.value();
    Effect::new(move |_| {
        if let Some(Ok(theme)) = value.get() {
            chosen.set(theme);
            if let Some(page) = document().document_element() {
                let _ = page.set_attribute("data-theme", theme.as_str());
            }
        }
    });
    let options = Theme::ALL.map(|theme| {
        view! {
            <button
                type="submit"
                name="theme"
                value=theme.as_str()
                class="theme-option"
                aria-pressed=move || (chosen.get() == theme).to_string()
                title=theme.label()
            >
                <svg viewBox="0 0 16 16" aria-hidden="true"><path d=theme.picture()/></svg>
                <span class="visually-hidden">{theme.label()}</span>
            </button>
        }
    });
    view! {
        <div class="theme" role="group" aria-label="Appearance">
            <ActionForm action=choose>{options.collect_view()}</ActionForm>
        </div>
    }
}
