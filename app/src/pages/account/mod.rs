//! Setting up the first owner, signing in and out, links that people were sent, and what belongs to one person's browser.

mod api;
mod forgot_password;
mod invitation;
mod reset_password;
mod set_up;
mod sign_in;
mod theme;
mod verify_email;

pub use api::{SetTheme, SignOut, load_viewer};
pub use forgot_password::ForgotPasswordPage;
pub use invitation::InvitationPage;
pub use reset_password::ResetPasswordPage;
pub use set_up::SetUpPage;
pub use sign_in::SignInPage;
pub use theme::Theme;
pub use verify_email::VerifyEmailPage;

use crate::components::Field;
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

/// What an invitation offers whoever has its link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferView {
    pub org: String,
    pub email: String,
    pub role: String,
}

/// The two fields for a password that is new.
#[component]
fn NewPassword() -> impl IntoView {
    view! {
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
    }
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
