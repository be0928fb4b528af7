//! An identifier for every request: in the log, in problems, in the `x-request-id` header of the answer.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use domain::random::Random;
use http::{HeaderName, HeaderValue};
use std::sync::Arc;
use tracing::Instrument as _;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Identifier of one request. Drawn here; a client's own is not trusted.
#[derive(Debug, Clone)]
pub struct RequestId(Arc<str>);

impl Default for RequestId {
    fn default() -> Self {
        Self(Arc::from("unknown"))
    }
}

impl RequestId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What follows is a token; the log says only that such a link was followed.
const LINKS: [&str; 2] = ["/r/", "/unsubscribe/"];

/// Gives the request an identifier and a span. The span has the path and never the query, which may hold tokens.
pub async fn assign(State(random): State<Random>, mut request: Request, next: Next) -> Response {
    let id = match random.bytes::<8>() {
        Ok(bytes) => RequestId(hex::encode(bytes).into()),
        Err(_) => RequestId::default(),
    };
    let path = request.uri().path();
    let path = LINKS.into_iter().find(|link| path.starts_with(link)).unwrap_or(path);
    let span = tracing::info_span!("request", id = id.as_str(), method = %request.method(), path);
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).instrument(span.clone()).await;
    span.in_scope(|| tracing::debug!(status = response.status().as_u16(), "answered"));
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}
