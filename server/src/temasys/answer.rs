//! The envelope of every answer: `status` 1 with `content`, or 0 with `message`.

use crate::http::Problem;
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::Serialize;
use serde_json::json;

/// What was asked for.
pub fn content(content: &impl Serialize) -> Response {
    Json(json!({ "status": 1, "content": content })).into_response()
}

/// Why not.
#[derive(Debug)]
pub struct Refusal(Problem);

impl Refusal {
    pub fn not_signed_in() -> Self {
        Self(Problem::new(StatusCode::UNAUTHORIZED, "not_signed_in", "Sign in with POST /rest/login first."))
    }

    pub fn body(said: String) -> Self {
        Self(Problem::invalid_body(said))
    }

    pub fn internal() -> Self {
        Self(Problem::internal())
    }
}

impl From<domain::Error> for Refusal {
    fn from(error: domain::Error) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({ "status": 0, "message": self.0.detail(), "content": {} });
        let mut response = (self.0.status(), Json(body)).into_response();
        if let Some(seconds) = self.0.retry_after() {
            response.headers_mut().insert(http::header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
