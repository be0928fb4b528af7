//! `/r/{token}`: a download link of a recording. It leads to the bucket by a URL that works for some minutes, so nothing
//! of the recording passes through here.

use super::{ClientAddress, Problem, Web};
use askama::Template;
use axum::{
    Extension,
    extract::{Path, Query, State},
    response::{Html, IntoResponse, Response},
};
use domain::recordings::{self, LinkRequest, Wanted};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde::Deserialize;
use url::Url;

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
/// How long browsers may remember the answer to a preflight.
const PREFLIGHT_SECONDS: &str = "86400";

#[derive(Deserialize)]
pub struct Parameters {
    download: Option<String>,
}

#[derive(Template)]
#[template(path = "link.html")]
struct Page<'a> {
    title: &'a str,
    detail: &'a str,
}

/// Leads to the object, or says why not.
pub async fn follow(
    State(web): State<Web>,
    Extension(client): Extension<ClientAddress>,
    method: Method,
    Path(token): Path<String>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    let wanted = if parameters.download.is_some() { Wanted::Download } else { Wanted::Video };
    let request = LinkRequest { token: &token, wanted, head: method == Method::HEAD };
    let response = match lead(&web, client, request).await {
        Ok(found) => found,
        Err(problem) if wants_page(&headers) => page(&problem),
        Err(problem) => problem.into_response(),
    };
    readable_everywhere(response)
}

/// Leads to the picture of the recording.
pub async fn poster(
    State(web): State<Web>,
    Extension(client): Extension<ClientAddress>,
    method: Method,
    Path(token): Path<String>,
) -> Response {
    let request = LinkRequest { token: &token, wanted: Wanted::Poster, head: method == Method::HEAD };
    readable_everywhere(lead(&web, client, request).await.into_response())
}

/// Any page may fetch what it has a link to, also in ranges.
pub async fn preflight() -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "range"),
        (header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS),
    ];
    readable_everywhere((StatusCode::NO_CONTENT, headers).into_response())
}

async fn lead(web: &Web, client: ClientAddress, request: LinkRequest<'_>) -> Result<Response, Problem> {
    web.link_pace.admit(client)?;
    let url: Url = recordings::open_link(&web.services, request).await?;
    let location = HeaderValue::from_str(url.as_str()).map_err(|_| Problem::internal())?;
    Ok((StatusCode::FOUND, [(header::LOCATION, location)]).into_response())
}

fn wants_page(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}

fn page(problem: &Problem) -> Response {
    let title = match problem.status() {
        StatusCode::GONE => "No longer available",
        StatusCode::CONFLICT => "Not ready yet",
        StatusCode::NOT_FOUND => "Not found",
        _ => "Not available at the moment",
    };
    match (Page { title, detail: problem.detail() }).render() {
        Ok(html) => (problem.status(), Html(html)).into_response(),
        Err(_) => problem.clone().into_response(),
    }
}

fn readable_everywhere(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    response
}
