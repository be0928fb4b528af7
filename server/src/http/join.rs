//! `POST /api/v1/join`: a page of a customer asks for a token to enter a room.
//!
//! Any origin may ask and read the answer, also the refusal; which origins get a token is the application's setting.

use super::{ClientAddress, Problem, Web};
use axum::{
    Extension, Json,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use domain::join::{JoinRequest, issue};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use protocol::{
    ids::PeerId,
    names::{DisplayName, RoomName},
};
use serde::{Deserialize, Serialize};

const PREFLIGHT_SECONDS: HeaderValue = HeaderValue::from_static("86400");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

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
    let mut response = StatusCode::NO_CONTENT.into_response();
    let answer = response.headers_mut();
    answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
    answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type"));
    answer.insert(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS);
    readable_by(&headers, response)
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
    readable_by(&headers, response)
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
    // An origin that is not text is no origin of a browser and matches no setting.
    let origin = headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or("null").to_owned());
    Ok(JoinRequest { app_key, room: body.room, name: body.name, origin })
}

fn readable_by(request: &HeaderMap, mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    if let Some(origin) = request.get(header::ORIGIN) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
    response
}
