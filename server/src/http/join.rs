//! `POST /api/v1/join`: a page of a customer asks for a token to enter a room.
//!
//! Any origin may ask and read the answer, also the refusal; which origins get a token is the application's setting.

use super::{ClientAddress, Problem, Web, cross_origin};
use axum::{
    Extension, Json,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use domain::join::{JoinRequest, issue};
use http::{HeaderMap, StatusCode, header};
use protocol::{
    ids::PeerId,
    names::{DisplayName, RoomName},
};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    app_key: String,
    room: RoomName,
    name: Option<DisplayName>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Grant {
    token: String,
    signaling_url: String,
    relay: bool,
    peer: PeerId,
}

/// Answers a browser that asks whether it may ask.
pub async fn preflight(headers: HeaderMap) -> Response {
    cross_origin::preflight(&headers, "POST", "content-type")
}

/// Issues a join token.
pub async fn join(
    State(web): State<Web>,
    Extension(client): Extension<ClientAddress>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answer = match web.join_pace.admit(client).and_then(|()| parse(&headers, &body)) {
        Ok(request) => issue(&web.services, request).await.map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    let response = match answer {
        Ok(grant) => Json(Grant {
            token: grant.token,
            signaling_url: format!("{}/native", grant.signaling_url.trim_end_matches('/')),
            relay: grant.relay,
            peer: grant.peer,
        })
        .into_response(),
        Err(problem) => problem.into_response(),
    };
    cross_origin::readable(&headers, response)
}

fn parse(headers: &HeaderMap, body: &[u8]) -> Result<JoinRequest, Problem> {
    let is_json = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|value| {
        value.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"))
    });
    if !is_json {
        return Err(Problem::invalid_body("The content type must be application/json."));
    }
    let body: Body = serde_json::from_slice(body)
        .map_err(|error| Problem::invalid_body(format!("The body is not a join request: {error}")))?;
    let app_key = body.app_key.parse().map_err(|_| {
        Problem::new(StatusCode::NOT_FOUND, "unknown_app_key", "There is no such app key, or it was revoked.")
    })?;
    Ok(JoinRequest { app_key, room: body.room, name: body.name, origin: cross_origin::origin(headers) })
}
