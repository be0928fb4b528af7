use super::{OfferView, Theme, Viewer};
use crate::error::ConsoleError;
use leptos::prelude::*;

/// Who is signed in, for the frame.
#[server(prefix = "/api/console", endpoint = "viewer")]
pub async fn load_viewer() -> Result<Viewer, ConsoleError> {
    let (_, access) = crate::server::access().await?;
    Ok(crate::server::viewer(&access))
}

/// Whether the set-up link still works; the form is not shown otherwise.
#[server(prefix = "/api/console", endpoint = "set-up-link")]
pub async fn check_set_up_link(token: String) -> Result<bool, ConsoleError> {
    let services = crate::server::request()?.services;
    domain::accounts::setup_token_is_valid(&services, &token).await.map_err(crate::server::failure)
}

/// Makes the first owner and signs them in.
#[server(prefix = "/api/console", endpoint = "set-up")]
pub async fn complete_set_up(
    token: String,
    email: String,
    password: String,
    repeated: String,
) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let request = server::request()?;
    if let Err(error) = server::same_password(&password, &repeated) {
        return server::answer(Form::SetUp, &email, Err(error));
    }
    let made = domain::accounts::complete_setup(&request.services, &token, &email, &password, request.address).await;
    server::enter(Form::SetUp, &email, made).await
}

/// Checks the password and begins a session.
#[server(prefix = "/api/console", endpoint = "sign-in")]
pub async fn sign_in(email: String, password: String) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let request = server::request()?;
    let known = domain::accounts::sign_in(&request.services, &email, &password, request.address).await;
    server::enter(Form::SignIn, &email, known).await
}

/// Ends the session.
#[server(prefix = "/api/console", endpoint = "sign-out")]
pub async fn sign_out() -> Result<(), ConsoleError> {
    crate::server::end_session().await?;
    crate::server::redirect(crate::paths::SIGN_IN);
    Ok(())
}

/// Keeps the appearance in a cookie of this browser.
#[server(prefix = "/api/console", endpoint = "theme")]
pub async fn set_theme(theme: Theme) -> Result<(), ConsoleError> {
    crate::server::keep_theme(theme);
    crate::server::redirect_back("");
    Ok(())
}

/// Asks for a link to be sent; the answer is the same for every address.
#[server(prefix = "/api/console", endpoint = "forgot-password")]
pub async fn forgot_password(email: String) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let request = server::request()?;
    let asked = domain::accounts::request_reset(&request.services, &email, request.address).await;
    server::answer(Form::ForgotPassword, &email, asked.map_err(server::failure))
}

/// Whether the link for a new password still works.
#[server(prefix = "/api/console", endpoint = "reset-link")]
pub async fn check_reset_link(token: String) -> Result<bool, ConsoleError> {
    let services = crate::server::request()?.services;
    domain::accounts::reset_token_is_valid(&services, &token).await.map_err(crate::server::failure)
}

/// Sets the password and leads to where it is asked for.
#[server(prefix = "/api/console", endpoint = "reset-password")]
pub async fn reset_password(token: String, password: String, repeated: String) -> Result<(), ConsoleError> {
    use crate::{note::Form, paths, server};
    let request = server::request()?;
    if let Err(error) = server::same_password(&password, &repeated) {
        return server::answer(Form::ResetPassword, "", Err(error));
    }
    let done = domain::accounts::reset_password(&request.services, &token, &password, request.address).await;
    server::answer_at(paths::SIGN_IN, Form::ResetPassword, done.map(drop).map_err(server::failure))
}

/// Whether the link that confirms an address still works.
#[server(prefix = "/api/console", endpoint = "verification-link")]
pub async fn check_verification_link(token: String) -> Result<bool, ConsoleError> {
    let services = crate::server::request()?.services;
    domain::accounts::verification_token_is_valid(&services, &token).await.map_err(crate::server::failure)
}

/// Confirms the address. Whoever is signed in comes to the account, others to the sign-in.
#[server(prefix = "/api/console", endpoint = "verify-email")]
pub async fn verify_email(token: String) -> Result<(), ConsoleError> {
    use crate::{note::Form, paths, server};
    let services = server::request()?.services;
    let done = domain::accounts::confirm_email(&services, &token).await.map_err(server::failure);
    let page = if server::is_signed_in().await { paths::TEAM } else { paths::SIGN_IN };
    server::answer_at(page, Form::VerifyEmail, done)
}

/// What an invitation offers; nothing when its link works no more.
#[server(prefix = "/api/console", endpoint = "invitation")]
pub async fn load_offer(token: String) -> Result<Option<OfferView>, ConsoleError> {
    let services = crate::server::request()?.services;
    let offer = domain::accounts::offer(&services, &token).await.map_err(crate::server::failure)?;
    Ok(offer.map(|offer| OfferView { org: offer.org_name, email: offer.email, role: offer.role.to_string() }))
}

/// Makes the account of whoever was invited and signs them in.
#[server(prefix = "/api/console", endpoint = "accept-invitation")]
pub async fn accept_invitation(token: String, password: String, repeated: String) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let request = server::request()?;
    if let Err(error) = server::same_password(&password, &repeated) {
        return server::answer(Form::AcceptInvitation, "", Err(error));
    }
    let made = domain::accounts::accept_invitation(&request.services, &token, &password, request.address).await;
    server::enter(Form::AcceptInvitation, "", made).await
}
