//! `/api/v2/session` and `/api/v2/supervisor_session`: sessions for tokens.

use super::{Answer, admit, answered, bearer, body, refusal};
use crate::http::{ClientAddress, Problem, Web, cross_origin};
use axum::{Extension, body::Bytes, extract::State, response::Response};
use domain::streamrec::sessions::{self, ClientRequest, OpenedSession, SupervisorRequest};
use http::{HeaderMap, StatusCode};
use protocol::{
    ids::SessionId,
    streamrec::{Generation, session_named},
};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct ClientBody {
    client_id: String,
}

#[derive(Deserialize)]
struct SupervisorBody {
    client_id: String,
    client_id_to_monitor: String,
    session_id_to_monitor: Option<String>,
}

/// A session for a client.
pub async fn client(
    State(web): State<Web>,
    Extension(address): Extension<ClientAddress>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answer = async {
        admit(&web, address)?;
        let opened = open(&web, &headers, &body, Generation::V2).await?;
        let socket = address_of(&opened, "/api/v2/io");
        Ok::<_, Problem>((
            StatusCode::CREATED,
            json!({ "session_id": wire(opened.session), "ice_credentials": ice(), "ws_endpoint": socket }),
        ))
    };
    answered(&headers, answer.await)
}

/// Opens a session of a client.
pub(super) async fn open(
    web: &Web,
    headers: &HeaderMap,
    body: &[u8],
    generation: Generation,
) -> Result<OpenedSession, Problem> {
    let token = bearer(headers)?;
    let ClientBody { client_id } = body::read(body)?;
    let client = body::client("client_id", client_id)?;
    let request = ClientRequest { client, generation, origin: cross_origin::origin(headers) };
    sessions::open(&web.services, token, request).await.map_err(refusal)
}

/// A session for a supervisor.
pub async fn supervisor(
    State(web): State<Web>,
    Extension(address): Extension<ClientAddress>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answer = async {
        admit(&web, address)?;
        supervise(&web, &headers, &body).await
    };
    answered(&headers, answer.await)
}

async fn supervise(web: &Web, headers: &HeaderMap, body: &[u8]) -> Answer {
    let token = bearer(headers)?;
    let SupervisorBody { client_id, client_id_to_monitor, session_id_to_monitor } = body::read(body)?;
    let session = match session_id_to_monitor.as_deref() {
        None | Some("") => None,
        Some(text) => Some(session_named(text).ok_or_else(|| {
            let said = "session_id_to_monitor is not the id of a session.";
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "session_id_invalid", said)
        })?),
    };
    let request = SupervisorRequest {
        supervisor: body::client("client_id", client_id)?,
        client: body::client("client_id_to_monitor", client_id_to_monitor)?,
        session,
        origin: cross_origin::origin(headers),
    };
    let opened = sessions::open_supervisor(&web.services, token, request).await.map_err(refusal)?;
    let monitored = wire(opened.monitored.unwrap_or(opened.session));
    let socket = address_of(&opened, &format!("/api/v2/supervisor_io/{monitored}"));
    Ok((
        StatusCode::CREATED,
        json!({
            "session_id": wire(opened.session),
            "session_id_to_monitor": monitored,
            "ice_credentials": ice(),
            "ws_endpoint": socket,
        }),
    ))
}

/// Nodes are reached directly, without servers in between.
pub(super) fn ice() -> Value {
    json!({ "iceServers": [] })
}

pub(super) fn address_of(opened: &OpenedSession, path: &str) -> String {
    format!("{}{path}", opened.signaling_url.trim_end_matches('/'))
}

/// Identifiers are plain UUIDs here.
pub(super) fn wire(session: SessionId) -> String {
    session.uuid().to_string()
}
