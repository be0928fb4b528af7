//! The first generation: `/auth/{client}` and `/api/session`, where a session is one recording.

use super::{
    admit, answered, body, program, refusal,
    sessions::{address_of, ice, open, wire},
    tokens::mint,
};
use crate::http::{ClientAddress, Problem, Web};
use axum::{
    Extension,
    body::Bytes,
    extract::{Path, State},
    response::Response,
};
use domain::streamrec::tokens::{Grant, revoke_client};
use http::{HeaderMap, StatusCode};
use protocol::streamrec::Generation;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct KeyBody {
    master_key: SecretString,
}

/// A token to publish with.
pub async fn token(
    State(web): State<Web>,
    Extension(address): Extension<ClientAddress>,
    Path(client): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answer = async {
        admit(&web, address)?;
        let KeyBody { master_key } = body::read(&body)?;
        let grant = Grant::Client { client: body::client("The client", client)? };
        mint(&web, address, &master_key, grant, None).await
    };
    answered(&headers, answer.await)
}

/// Ends all tokens of the client.
pub async fn revoke(
    State(web): State<Web>,
    Extension(address): Extension<ClientAddress>,
    Path(client): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answer = async {
        admit(&web, address)?;
        let KeyBody { master_key } = body::read(&body)?;
        let client = body::client("The client", client)?;
        let access = program(&web, address, master_key.expose_secret()).await?;
        revoke_client(&web.services, &access, &client).await.map_err(refusal)?;
        Ok::<_, Problem>((StatusCode::NO_CONTENT, Value::Null))
    };
    answered(&headers, answer.await)
}

/// A session, by the name of its recording.
pub async fn session(
    State(web): State<Web>,
    Extension(address): Extension<ClientAddress>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answer = async {
        admit(&web, address)?;
        let opened = open(&web, &headers, &body, Generation::V1).await?;
        let socket = address_of(&opened, "/api/io");
        Ok::<_, Problem>((
            StatusCode::CREATED,
            json!({ "recording_id": wire(opened.session), "ice_credentials": ice(), "ws_endpoint": socket }),
        ))
    };
    answered(&headers, answer.await)
}
