//! POST with an `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): the first request with a key does the
//! work, and the same request sent again gets its answer.

use super::authentication::Caller;
use crate::http::{MAX_BYTES, Problem, Web};
use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use domain::{
    Access, Services,
    idempotency::{self, Begun},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// Of the request.
pub const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// Of an answer that was given before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// Longer than any handler takes, and shorter than the claim lasts.
const WORK_TIME: Duration = Duration::from_secs(40);
/// Headers that belong to the answer, not to its way.
const KEPT_HEADERS: [HeaderName; 3] = [header::CONTENT_TYPE, header::ETAG, header::LOCATION];

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
    /// Instead of a body, which is made anew with the identifier of each request.
    problem: Option<Problem>,
}

/// Answers what was answered before; everything else passes.
pub async fn answer_once(State(web): State<Web>, Caller(access): Caller, request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let Some(key) = request.headers().get(HEADER).map(|value| key(value).to_owned()) else {
        return next.run(request).await;
    };
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let content = content(&parts, &body);
    let operation = format!("POST {}", parts.uri.path());
    let request = idempotency::Request { key: &key, operation: &operation, content: &content };
    match idempotency::begin(&web.services, &access, request).await {
        Ok(Begun::Answered(kept)) => replay(&kept).unwrap_or_else(|| Problem::internal().into_response()),
        Ok(Begun::Work(access)) => work(&web, access, Request::from_parts(parts, Body::from(body)), next).await,
        Err(error) => Problem::from(error).into_response(),
    }
}

/// The draft has the key as a string in quotes; many clients send it without.
fn key(value: &HeaderValue) -> &str {
    let text = value.to_str().unwrap_or_default();
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

/// Everything by which two requests to one address differ.
fn content(parts: &Parts, body: &Bytes) -> Vec<u8> {
    let query = parts.uri.query().unwrap_or_default();
    [query.as_bytes(), b"\0", body.as_ref()].concat()
}

/// Does the work to its end, also when nobody waits for the answer any more: it is asked for again.
async fn work(web: &Web, access: Access, mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(Caller(access.clone()));
    let services = web.services.clone();
    let (answered, answer) = oneshot::channel();
    web.lifecycle.spawn(async move {
        let response = match tokio::time::timeout(WORK_TIME, next.run(request)).await {
            Ok(response) => keep(&services, &access, response).await,
            Err(_) => {
                settle(&services, &access, None).await;
                Problem::timed_out().into_response()
            }
        };
        // Nobody may be waiting by now.
        let _ = answered.send(response);
    });
    answer.await.unwrap_or_else(|_| Problem::internal().into_response())
}

/// Keeps what the same request is to be answered with. What failed on our side may be tried again.
async fn keep(services: &Services, access: &Access, response: Response) -> Response {
    if response.status().is_server_error() {
        settle(services, access, None).await;
        return response;
    }
    let (parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else { return Problem::internal().into_response() };
    let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let headers = KEPT_HEADERS.iter().filter_map(|name| Some((name.to_string(), text(parts.headers.get(name)?))));
    let kept = Kept {
        status: parts.status.as_u16(),
        headers: headers.collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
        problem: parts.extensions.get::<Problem>().cloned(),
    };
    match serde_json::to_vec(&kept) {
        Ok(bytes) => settle(services, access, Some(&Zeroizing::new(bytes))).await,
        Err(error) => tracing::error!(%error, "an answer could not be kept"),
    }
    Response::from_parts(parts, Body::from(body))
}

/// What cannot be stored is as if the server had stopped now: the claim ends by itself.
async fn settle(services: &Services, access: &Access, answer: Option<&[u8]>) {
    if let Err(error) = idempotency::finish(services, access, answer).await {
        tracing::error!(?error, "the end of a request that may be repeated could not be noted");
    }
}

fn replay(kept: &[u8]) -> Option<Response> {
    let kept: Kept = serde_json::from_slice(kept).ok()?;
    let status = StatusCode::from_u16(kept.status).ok()?;
    let mut response = match kept.problem {
        Some(problem) => problem.with_status(status).into_response(),
        None => Response::new(Body::from(kept.body)),
    };
    *response.status_mut() = status;
    let headers: &mut HeaderMap = response.headers_mut();
    for (name, value) in kept.headers {
        headers.insert(HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?);
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    Some(response)
}
