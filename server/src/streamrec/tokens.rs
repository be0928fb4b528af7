//! `/auth_v2/{client,supervisor,stats}`: tokens for the master key, and `DELETE /auth_v2/token`, which ends one.

use super::{Answer, admit, answered, bearer, body, program, refusal};
use crate::http::{ClientAddress, Problem, Web};
use axum::{Extension, body::Bytes, extract::State, response::Response};
use domain::streamrec::tokens::{self, Grant};
use http::{HeaderMap, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

#[derive(Deserialize)]
struct ClientBody {
    master_key: SecretString,
    client_id: String,
    token_ttl_s: Option<u64>,
}

#[derive(Deserialize)]
struct SupervisorBody {
    master_key: SecretString,
    client_id: String,
    client_to_monitor: String,
    token_ttl_s: Option<u64>,
}

/// A client that a backend names here has no meaning.
#[derive(Deserialize)]
struct StatsBody {
    master_key: SecretString,
    token_ttl_s: Option<u64>,
}

/// A token to publish with.
pub async fn client(
    State(web): State<Web>,
    Extension(address): Extension<ClientAddress>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answer = async {
        admit(&web, address)?;
        let ClientBody { master_key, client_id, token_ttl_s } = body::read(&body)?;
        let grant = Grant::Client { client: body::client("client_id", client_id)? };
        mint(&web, address, &master_key, grant, token_ttl_s).await
    };
    answered(&headers, answer.await)
}

/// A token to watch a client with.
pub async fn supervisor(
    State(web): State<Web>,
    Extension(address): Extension<ClientAddress>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answer = async {
        admit(&web, address)?;
        let SupervisorBody { master_key, client_id, client_to_monitor, token_ttl_s } = body::read(&body)?;
        let supervisor = body::client("client_id", client_id)?;
        let client = body::client("client_to_monitor", client_to_monitor)?;
        mint(&web, address, &master_key, Grant::Supervisor { supervisor, client }, token_ttl_s).await
    };
    answered(&headers, answer.await)
}

/// A token to read statistics with.
pub async fn stats(
    State(web): State<Web>,
    Extension(address): Extension<ClientAddress>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answer = async {
        admit(&web, address)?;
        let StatsBody { master_key, token_ttl_s } = body::read(&body)?;
        mint(&web, address, &master_key, Grant::Stats, token_ttl_s).await
    };
    answered(&headers, answer.await)
}

/// Ends the token it comes with.
pub async fn revoke(
    State(web): State<Web>,
    Extension(address): Extension<ClientAddress>,
    headers: HeaderMap,
) -> Response {
    let answer = async {
        admit(&web, address)?;
        tokens::revoke(&web.services, bearer(&headers)?).await.map_err(refusal)?;
        Ok::<_, Problem>((StatusCode::NO_CONTENT, Value::Null))
    };
    answered(&headers, answer.await)
}

pub(super) async fn mint(
    web: &Web,
    address: ClientAddress,
    master_key: &SecretString,
    grant: Grant,
    seconds: Option<u64>,
) -> Answer {
    let lifetime = seconds.map(Duration::from_secs);
    let access = program(web, address, master_key.expose_secret()).await?;
    let token = tokens::mint(&web.services, &access, grant, lifetime).await.map_err(refusal)?;
    Ok((StatusCode::CREATED, json!({ "auth_token": token.expose_secret() })))
}
