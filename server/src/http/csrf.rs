//! Other sites must not make a signed-in browser change anything.
//!
//! Browsers say where a request comes from (`Sec-Fetch-Site`, before it `Origin`); pages cannot change either. A
//! request with neither comes from a program, which has no cookies of a person.

use super::Problem;
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header};
use std::sync::Arc;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// Meant for pages of customers; takes no cookie.
const CROSS_SITE_PATHS: &[&str] = &["/api/v1/join", "/api/session"];
/// As above, with everything under them.
const CROSS_SITE_FOLDERS: &[&str] = &["/rest/stats/", "/api/v2/", "/auth/", "/auth_v2/"];

/// Refuses unsafe requests that other sites caused.
pub async fn refuse_cross_site(State(own_origin): State<Arc<str>>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || is_for_other_sites(request.uri().path()) || is_same_origin(request.headers(), &own_origin) {
        return next.run(request).await;
    }
    tracing::warn!("an unsafe request from another site was refused");
    Problem::new(StatusCode::FORBIDDEN, "cross_site_request", "Requests from other sites are refused.").into_response()
}

fn is_for_other_sites(path: &str) -> bool {
    CROSS_SITE_PATHS.contains(&path) || CROSS_SITE_FOLDERS.iter().any(|folder| path.starts_with(folder))
}

fn is_same_origin(headers: &HeaderMap, own_origin: &str) -> bool {
    if let Some(site) = headers.get(SEC_FETCH_SITE) {
        return matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    origin == own_origin
        || origin
            .parse::<Uri>()
            .ok()
            .and_then(|uri| uri.authority().map(|authority| authority.as_str() == host.unwrap_or("")))
            .unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same_origin(pairs: &[(&'static str, &'static str)]) -> bool {
        let headers = pairs
            .iter()
            .map(|&(name, value)| (HeaderName::from_static(name), http::HeaderValue::from_static(value)))
            .collect();
        is_same_origin(&headers, "https://mixdown.example")
    }

    #[test]
    fn browsers_say_where_they_come_from() {
        assert!(same_origin(&[("sec-fetch-site", "same-origin")]));
        assert!(same_origin(&[("sec-fetch-site", "none")]));
        assert!(!same_origin(&[("sec-fetch-site", "cross-site"), ("origin", "https://mixdown.example")]));
        assert!(!same_origin(&[("sec-fetch-site", "same-site")]));
        assert!(same_origin(&[("origin", "http://localhost:3000"), ("host", "localhost:3000")]));
        assert!(same_origin(&[("origin", "https://mixdown.example"), ("host", "10.0.0.7:3000")]));
        assert!(!same_origin(&[("origin", "https://evil.example"), ("host", "localhost:3000")]));
        assert!(!same_origin(&[("origin", "null"), ("host", "localhost:3000")]));
        assert!(!same_origin(&[("origin", "null")]));
        assert!(same_origin(&[]));
    }
}
