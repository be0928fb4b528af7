//! Answers for pages of other origins. Which origins get more than a refusal is each application's setting; the
//! refusal they may all read.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

const PREFLIGHT_SECONDS: HeaderValue = HeaderValue::from_static("86400");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Answers a browser that asks whether it may ask.
pub fn preflight(request: &HeaderMap, methods: &'static str, headers: &'static str) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let answer = response.headers_mut();
    answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
    answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(headers));
    answer.insert(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS);
    readable(request, response)
}

/// Lets the asking page read the answer.
pub fn readable(request: &HeaderMap, mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    if let Some(origin) = request.get(header::ORIGIN) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
    response
}

/// The origin that asks. One that is not text is no origin of a browser and matches no setting.
pub fn origin(request: &HeaderMap) -> Option<String> {
    request.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or("null").to_owned())
}
