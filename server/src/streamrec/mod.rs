//! What StreamRec clients and their backends ask: tokens for the master key, sessions, statistics; and the first
//! generation of the same.
//!
//! Bodies are JSON whatever their content type says, because clients say other things, and what they do not know is
//! passed over. Any origin may ask and read the answer; which origins get a session is the application's setting.

mod body;
mod early;
mod sessions;
mod statistics;
mod tokens;
mod uploads;

use crate::http::{ClientAddress, Problem, Web, cross_origin};
use axum::{
    Router,
    response::{IntoResponse as _, Response},
    routing::{delete, get, post, put},
};
use domain::{Access, api_keys};
use http::{HeaderMap, StatusCode, header};
use protocol::streamrec::TerminationCause;
use serde_json::Value;

const METHODS: &str = "GET, POST, PUT, DELETE, OPTIONS";
const ALLOWED_HEADERS: &str = "authorization, content-type";

/// All routes.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/auth_v2/client", post(tokens::client).options(preflight))
        .route("/auth_v2/supervisor", post(tokens::supervisor).options(preflight))
        .route("/auth_v2/stats", post(tokens::stats).options(preflight))
        .route("/auth_v2/token", delete(tokens::revoke).options(preflight))
        .route("/auth/{client}", post(early::token).delete(early::revoke).options(preflight))
        .route("/api/session", post(early::session).options(preflight))
        .route("/api/v2/session", post(sessions::client).options(preflight))
        .route("/api/v2/supervisor_session", post(sessions::supervisor).options(preflight))
        .route("/api/v2/stats/{api_id}/sessions", get(statistics::sessions).options(preflight))
        .route("/api/v2/stats/{api_id}/recordings", get(statistics::recordings).options(preflight))
        .route("/api/v2/recordings/{recording}/upload_url", put(uploads::replace_url).options(preflight))
}

async fn preflight(headers: HeaderMap) -> Response {
    cross_origin::preflight(&headers, METHODS, ALLOWED_HEADERS)
}

/// What a handler came to.
type Answer = Result<(StatusCode, Value), Problem>;

/// Counts the request, and lets the asking page read the answer.
fn answered(headers: &HeaderMap, answer: Answer) -> Response {
    let response = match answer {
        Ok((status, Value::Null)) => status.into_response(),
        Ok((status, document)) => (status, axum::Json(document)).into_response(),
        Err(problem) => problem.into_response(),
    };
    cross_origin::readable(headers, response)
}

/// Who has this API key; counts the request to its quota.
async fn program(web: &Web, ClientAddress(address): ClientAddress, key: &str) -> Result<Access, Problem> {
    let access = api_keys::authenticate(&web.services, key, address).await?;
    web.quotas.admit(&access)?;
    Ok(access)
}

fn admit(web: &Web, client: ClientAddress) -> Result<(), Problem> {
    web.join_pace.admit(client)
}

/// The token of the `Authorization` header.
fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token =
        value.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    token.map(|(_, token)| token.trim()).ok_or_else(|| {
        Problem::new(StatusCode::UNAUTHORIZED, "token_required", "Send a token: Authorization: Bearer eyJ…")
    })
}

/// A refusal that clients know as a cause of termination says which.
fn refusal(error: domain::Error) -> Problem {
    let cause = TerminationCause::ALL.iter().find(|cause| cause.as_str().eq_ignore_ascii_case(error.code()));
    let problem = Problem::from(error);
    match cause {
        Some(cause) => problem.with_termination_cause(*cause),
        None => problem,
    }
}
