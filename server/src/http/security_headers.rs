//! What browsers are told about every answer, unless the handler said something more precise.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use std::fmt::Write as _;

const CROSS_ORIGIN_OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// Answers that are not pages may load nothing and be framed nowhere.
const NOT_A_PAGE: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Policy of the page that describes the API: our style sheet and icon, no script.
pub const REFERENCE_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'";
const NO_DEVICES: &str = "camera=(), display-capture=(), geolocation=(), microphone=()";
/// For the page that joins a call.
pub const CALL_DEVICES: &str = "camera=(self), display-capture=(self), geolocation=(), microphone=(self)";
const ONE_YEAR: &str = "max-age=31536000; includeSubDomains";

/// Whether the console is reached over TLS, which is then required for a year.
#[derive(Debug, Clone, Copy)]
pub struct Https(pub bool);

/// Adds the headers that are missing.
pub async fn add(State(https): State<Https>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    add_missing(headers, header::CONTENT_SECURITY_POLICY, NOT_A_PAGE);
    add_missing(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    add_missing(headers, header::REFERRER_POLICY, "same-origin");
    add_missing(headers, header::X_FRAME_OPTIONS, "DENY");
    add_missing(headers, CROSS_ORIGIN_OPENER_POLICY, "same-origin");
    add_missing(headers, CROSS_ORIGIN_RESOURCE_POLICY, "same-origin");
    add_missing(headers, PERMISSIONS_POLICY, NO_DEVICES);
    add_missing(headers, header::CACHE_CONTROL, "no-store");
    if https.0 {
        add_missing(headers, header::STRICT_TRANSPORT_SECURITY, ONE_YEAR);
    }
    response
}

fn add_missing(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.entry(name).or_insert(HeaderValue::from_static(value));
}

/// Policy of a console page: our scripts and those with the page's nonce, videos and pictures from the org's storages.
#[must_use]
pub fn console_policy(nonce: &str, storage_origins: &[String]) -> String {
    let mut storages = String::new();
    for origin in storage_origins.iter().filter(|origin| is_plain_origin(origin)) {
        let _ = write!(storages, " {origin}");
    }
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self' data:{storages}; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'; media-src 'self' blob:{storages}"
    )
}

/// Policy of the demo page: it also talks to whichever node its room lives on, and plays the finished file. That lies in
/// the org's bucket, whose address is not looked up for visitors, who are strangers; so media may come from anywhere.
#[must_use]
pub fn demo_policy(public_origin: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self' {public_origin} ws: wss:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; \
         media-src 'self' blob: http: https:"
    )
}

/// An origin that cannot end its directive or begin another.
fn is_plain_origin(origin: &str) -> bool {
    !origin.is_empty() && origin.bytes().all(|b| b.is_ascii_alphanumeric() || b":/.-[]".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storage_cannot_widen_the_policy() {
        let origins = ["http://127.0.0.1:3002".to_owned(), "https://x; script-src *".to_owned()];
        let policy = console_policy("abc", &origins);
        assert!(policy.ends_with("media-src 'self' blob: http://127.0.0.1:3002"), "{policy}");
        assert!(policy.contains("img-src 'self' data: http://127.0.0.1:3002;"), "{policy}");
        assert_eq!(policy.matches("script-src").count(), 1);
    }
}
