//! Setting up the first owner, signing in and out, and what belongs to one person's browser.

mod api;
mod set_up;
mod sign_in;
mod theme;

pub use api::{SetTheme, SignOut, load_viewer};
pub use set_up::SetUpPage;
pub use sign_in::SignInPage;
pub use theme::Theme;

use leptos::prelude::*;
use leptos_meta::Title;
use serde::{Deserialize, Serialize};

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewer {
    pub email: String,
    pub org: String,
    pub theme: Theme,
}

/// A page for people who are not signed in: one panel in the middle.
#[component]
fn Entrance(title: &'static str, children: Children) -> impl IntoView {
    view! {
        <Title text=title/>
        <main class="entrance">
            <div class="entrance-panel">
                <p class="brand">
                    <svg class="brand-mark" viewBox="0 0 24 24" aria-hidden="true">
                        <path d="M2 6h7l4 6h9M2 12h20M2 18h7l4-6"/>
                    </svg>
                    "Mixdown"
                </p>
                <h1>{title}</h1>
                {children()}
            </div>
        </main>
    }
}
