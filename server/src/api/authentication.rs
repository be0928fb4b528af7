//! Who calls: the API key of the `Authorization` header, and nothing else. Cookies mean nothing here.

use crate::http::{ClientAddress, Problem, Web};
use axum::{
    extract::{FromRequestParts, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use domain::{Access, api_keys};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};

/// RFC 6750, section 3.
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"mixdown\"");
const INVALID: HeaderValue = HeaderValue::from_static("Bearer realm=\"mixdown\", error=\"invalid_token\"");

/// The holder of an API key.
#[derive(Debug, Clone)]
pub struct Caller(pub Access);

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Problem::internal)
    }
}

/// Lets requests with a working key pass.
pub async fn authenticate(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    let Some(token) = bearer(request.headers()) else {
        let said = "Send an API key: Authorization: Bearer mdk_…";
        let problem = Problem::new(StatusCode::UNAUTHORIZED, "api_key_required", said);
        return ([(header::WWW_AUTHENTICATE, CHALLENGE)], problem).into_response();
    };
    let Some(&ClientAddress(address)) = request.extensions().get() else { return Problem::internal().into_response() };
    match api_keys::authenticate(&web.services, token, address).await {
        Ok(access) => {
            request.extensions_mut().insert(Caller(access));
            next.run(request).await
        }
        Err(error) => {
            let problem = Problem::from(error);
            if problem.status() == StatusCode::UNAUTHORIZED {
                return ([(header::WWW_AUTHENTICATE, INVALID)], problem).into_response();
            }
            problem.into_response()
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
