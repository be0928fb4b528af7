//! `/unsubscribe/{token}`: the way out that mails of a list carry. GET shows what it is about and changes nothing; POST
//! ends it, from the page's own button or from a mail program's (RFC 8058).

use super::{ClientAddress, Problem, Web};
use askama::Template;
use axum::{
    Extension,
    extract::{Path, State},
    response::{Html, IntoResponse, Response},
};
use domain::mail::{self, Subscription};
use http::{HeaderValue, StatusCode, header};

/// The page has our style and one button.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

#[derive(Template)]
#[template(path = "unsubscribe.html")]
struct Page<'a> {
    subscription: Option<&'a Subscription>,
    problem: &'a str,
}

/// What the link is about.
pub async fn show(
    State(web): State<Web>,
    Extension(client): Extension<ClientAddress>,
    Path(token): Path<String>,
) -> Response {
    answer(&match web.link_pace.admit(client) {
        Ok(()) => mail::subscription(&web.services, &token).await.map_err(Problem::from),
        Err(problem) => Err(problem),
    })
}

/// Ends the mails.
pub async fn end(
    State(web): State<Web>,
    Extension(client): Extension<ClientAddress>,
    Path(token): Path<String>,
) -> Response {
    answer(&match web.link_pace.admit(client) {
        Ok(()) => mail::unsubscribe(&web.services, &token).await.map_err(Problem::from),
        Err(problem) => Err(problem),
    })
}

fn answer(found: &Result<Subscription, Problem>) -> Response {
    let (status, page) = match found {
        Ok(subscription) => (StatusCode::OK, Page { subscription: Some(subscription), problem: "" }),
        Err(problem) => (problem.status(), Page { subscription: None, problem: problem.detail() }),
    };
    let Ok(html) = page.render() else { return Problem::internal().into_response() };
    let mut response = (status, Html(html)).into_response();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}
