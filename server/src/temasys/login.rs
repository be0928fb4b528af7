//! `POST /rest/login`: a session for a name and a password, which are those of the console.

use super::{
    USER,
    answer::{Refusal, content},
    notifications::fields,
};
use crate::http::{ClientAddress, Web};
use axum::{Extension, body::Bytes, extract::State, response::Response};
use domain::accounts;
use http::HeaderMap;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;
use tower_sessions::Session;

#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: SecretString,
}

/// Signs in.
pub async fn login(
    State(web): State<Web>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    session: Session,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let Credentials { username, password } = fields(&headers, &body)?;
    let user = accounts::sign_in(&web.services, &username, password.expose_secret(), address).await?;
    session.cycle_id().await.map_err(|_| Refusal::internal())?;
    session.insert(USER, user).await.map_err(|_| Refusal::internal())?;
    Ok(content(&json!({ "username": username })))
}
