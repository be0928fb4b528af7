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
use protocol::streamrec::TerminationCause;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use utoipa::ToSchema;

/// RFC 9457, section 4.2.1: the title says what the status says.
const ABOUT_BLANK: &str = "about:blank";
/// draft-ietf-httpapi-ratelimit-headers-10, section 5.
const QUOTA_EXCEEDED: &str = "https://iana.org/assignments/http-problem-types#quota-exceeded";

/// Why a request was not answered as asked. What is stored of it says all but the status.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Problem {
    #[serde(skip)]
    status: StatusCode,
    code: Cow<'static, str>,
    detail: Cow<'static, str>,
    /// Seconds.
    retry_after: Option<u64>,
    errors: Vec<FieldError>,
    violated_policies: Vec<Cow<'static, str>>,
    #[serde(default)]
    termination_cause: Option<TerminationCause>,
}

/// What is wrong with one field of a body.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// Where it is (RFC 6901).
    #[schema(example = "/retentionDays")]
    pub pointer: String,
    pub detail: String,
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
    /// With `invalid_body`: which fields are wrong.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    errors: &'a [FieldError],
    /// With `quota_exceeded`: which policies of the `RateLimit` headers.
    #[serde(rename = "violated-policies", skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false, value_type = [String])]
    violated_policies: &'a [Cow<'static, str>],
    /// For clients of StreamRec.
    #[serde(rename = "termination_cause", skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    termination_cause: Option<TerminationCause>,
}

impl Problem {
    /// A problem with a stable code and a sentence for people.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            code: code.into(),
            detail: detail.into(),
            retry_after: None,
            errors: Vec::new(),
            violated_policies: Vec::new(),
            termination_cause: None,
        }
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

    /// One field of the body is not what it must be.
    #[must_use]
    pub fn invalid_field(pointer: String, detail: String) -> Self {
        let said = if pointer.is_empty() { detail.clone() } else { format!("{pointer}: {detail}") };
        let problem = Self::invalid_body(format!("The body is not what this address takes: {said}."));
        Self { errors: vec![FieldError { pointer, detail }], ..problem }
    }

    /// There were too many requests; these policies say how many there may be.
    #[must_use]
    pub fn quota_exceeded(policies: Vec<&'static str>, seconds: u64) -> Self {
        let said = format!("Too many requests. The next ones are answered in {seconds} seconds.");
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "quota_exceeded", said).with_retry_after(seconds);
        Self { violated_policies: policies.into_iter().map(Cow::Borrowed).collect(), ..problem }
    }

    /// The answer took too long.
    #[must_use]
    pub fn timed_out() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "timed_out", "This took too long; try again.")
    }

    /// One that was stored, with its status.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
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

    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// Seconds after which the client is to come back.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        self.retry_after
    }

    /// The client is to come back after so many seconds.
    pub(super) fn with_retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The word that clients of StreamRec look for.
    #[must_use]
    pub fn with_termination_cause(self, cause: TerminationCause) -> Self {
        Self { termination_cause: Some(cause), ..self }
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
            Kind::Outdated => StatusCode::PRECONDITION_FAILED,
            Kind::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
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
        r#type: if problem.violated_policies.is_empty() { ABOUT_BLANK } else { QUOTA_EXCEEDED },
        title: problem.status.canonical_reason().unwrap_or("Error"),
        status: problem.status.as_u16(),
        detail: &problem.detail,
        code: &problem.code,
        request_id: id.as_str(),
        errors: &problem.errors,
        violated_policies: &problem.violated_policies,
        termination_cause: problem.termination_cause,
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
