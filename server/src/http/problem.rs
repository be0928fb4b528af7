//! Errors as clients see them: RFC 9457 problems, rendered in one place.
//!
//! Handlers return a [`Problem`]; it travels as a response extension to [`render`], which knows the request's
//! identifier and writes the body. Answers of the framework without a body of their own (405, 413 and the like)
//! become problems there too.

use super::request_id::RequestId;
use axum::{
    body::{Body, HttpBody as _},
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::error::Kind;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use std::borrow::Cow;
use utoipa::ToSchema;

/// Why a request was not answered as asked.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    /// Seconds.
    retry_after: Option<u64>,
}

/// An error (RFC 9457).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub struct Document<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    /// Stable word for programs.
    code: &'a str,
    /// For questions to whoever runs Mixdown.
    request_id: &'a str,
}

impl Problem {
    /// A problem with a stable code and a sentence for people.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, detail: detail.into(), retry_after: None }
    }

    /// There is nothing at this address.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is nothing at this address.")
    }

    /// The body is not what this address takes.
    pub fn invalid_body(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_body", detail)
    }

    /// Our fault; the log says which.
    #[must_use]
    pub fn internal() -> Self {
        Self::of_status(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The answer's status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    pub(super) fn detail(&self) -> &str {
        &self.detail
    }

    /// The client is to come back after so many seconds.
    pub(super) fn with_retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    fn of_status(status: StatusCode) -> Self {
        let (code, detail) = match status {
            StatusCode::NOT_FOUND => return Self::not_found(),
            StatusCode::METHOD_NOT_ALLOWED => ("method_not_allowed", "This address does not take this method."),
            StatusCode::PAYLOAD_TOO_LARGE => ("body_too_large", "The body is too large."),
            status if status.is_server_error() => ("internal", "Something went wrong on our side."),
            _ => ("refused", "The request was refused."),
        };
        Self::new(status, code, detail)
    }
}

impl From<domain::Error> for Problem {
    fn from(error: domain::Error) -> Self {
        let status = match error.kind() {
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::Gone => StatusCode::GONE,
            Kind::Invalid => StatusCode::BAD_REQUEST,
            Kind::Conflict => StatusCode::CONFLICT,
            Kind::Forbidden => StatusCode::FORBIDDEN,
            Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
            Kind::Throttled => StatusCode::TOO_MANY_REQUESTS,
            Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        match error.kind() {
            Kind::Internal => tracing::error!(?error, "a service failed"),
            // For a while, and for a known reason: no node is linked, a bucket does not answer.
            Kind::Unavailable => tracing::warn!(?error, "a service is unavailable"),
            _ => {}
        }
        let retry_after = error.retry_after().map(|delay| delay.as_secs().max(1));
        Self { retry_after, ..Self::new(status, error.code(), error.public_message()) }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the body of every problem.
pub async fn render(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().cloned().unwrap_or_default();
    let response = next.run(request).await;
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let bodiless = response.body().size_hint().exact() == Some(0);
    match response.extensions().get::<Problem>() {
        Some(problem) => write(response.headers().clone(), problem, &id),
        None if bodiless || status == StatusCode::PAYLOAD_TOO_LARGE => {
            write(response.headers().clone(), &Problem::of_status(status), &id)
        }
        None => response,
    }
}

fn write(mut headers: http::HeaderMap, problem: &Problem, id: &RequestId) -> Response {
    let document = Document {
        r#type: "about:blank",
        title: problem.status.canonical_reason().unwrap_or("Error"),
        status: problem.status.as_u16(),
        detail: &problem.detail,
        code: problem.code,
        request_id: id.as_str(),
    };
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::CONTENT_ENCODING);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(seconds) = problem.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    let mut response = Response::new(Body::from(serde_json::to_vec(&document).unwrap_or_default()));
    *response.status_mut() = problem.status;
    *response.headers_mut() = headers;
    response
}
