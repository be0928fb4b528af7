//! `/rest`: what backends made for Temasys call to sign in and to say whom to notify, in the form they know.
//!
//! A sign-in gives a cookie that works here only. An API key does instead.

mod answer;
mod login;
mod notifications;

use crate::{
    http::{ClientAddress, Web},
    sessions::{self, Sessions},
};
use answer::Refusal;
use axum::{Router, extract::FromRequestParts, routing::post};
use domain::{Access, accounts, api_keys};
use http::{header, request::Parts};
use protocol::ids::UserId;
use tower_sessions::Session;

/// Who signed in here, in the session's data. The console looks for another word, so this session opens nothing there.
const USER: &str = "temasys_user";

/// All routes.
pub fn routes(web: &Web) -> Router<Web> {
    Router::new()
        .route("/rest/login", post(login::login))
        .route(
            "/rest/recording/notifications",
            post(notifications::create).get(notifications::read).put(notifications::update),
        )
        .layer(sessions::temasys_layer(Sessions::new(web.services.clone())))
}

/// Somebody who signed in, or a program with an API key.
struct Account(Access);

impl FromRequestParts<Web> for Account {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Refusal> {
        if let Some(key) = bearer(parts) {
            let Some(&ClientAddress(address)) = parts.extensions.get() else { return Err(Refusal::internal()) };
            return Ok(Self(api_keys::authenticate(&web.services, key, address).await?));
        }
        let session = parts.extensions.get::<Session>().cloned().ok_or_else(Refusal::internal)?;
        let user = session.get::<UserId>(USER).await.map_err(|_| Refusal::internal())?;
        let user = user.ok_or_else(Refusal::not_signed_in)?;
        Ok(Self(accounts::access(&web.services, user).await?))
    }
}

fn bearer(parts: &Parts) -> Option<&str> {
    let (scheme, key) = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}
