use super::{Theme, Viewer};
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
    if password != repeated {
        let error = server::refusal("passwords_differ", "The two passwords are not the same. Type them again.");
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
