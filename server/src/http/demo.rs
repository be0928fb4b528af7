//! `/demo/{application}?room=…`: a page to try an application with, open to everybody who has the link.

use super::{Problem, Web, security_headers};
use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{Html, IntoResponse, Redirect, Response},
};
use domain::join::invitation;
use http::{HeaderName, HeaderValue, StatusCode, header};
use protocol::{
    ids::{AppKeyId, ApplicationId},
    names::{DisplayName, RoomName},
};
use serde::Deserialize;

#[derive(Deserialize)]
pub struct Parameters {
    room: Option<String>,
}

#[derive(Template)]
#[template(path = "demo.html")]
struct Page<'a> {
    application_name: &'a DisplayName,
    app_key: AppKeyId,
    endpoint: &'a str,
    room: &'a RoomName,
}

/// Shows the page, after giving the visitor a room of their own when the link names none.
pub async fn page(
    State(web): State<Web>,
    Path(application): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Result<Response, Problem> {
    let id: ApplicationId = application.parse().map_err(|_| Problem::not_found())?;
    let invitation = invitation(&web.services, id).await?;
    let Some(room) = parameters.room else {
        let name: [u8; 6] = web.random.bytes().map_err(|error| {
            tracing::error!(%error, "no room could be drawn");
            Problem::internal()
        })?;
        return Ok(Redirect::to(&format!("/demo/{id}?room={}", hex::encode(name))).into_response());
    };
    let room = RoomName::try_from(room)
        .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, "invalid_room", format!("The room {error}.")))?;
    let page = Page {
        application_name: &invitation.application_name,
        app_key: invitation.app_key,
        endpoint: &web.public_origin,
        room: &room,
    };
    let html = page.render().map_err(|error| {
        tracing::error!(%error, "the demo page could not be rendered");
        Problem::internal()
    })?;
    let policy = security_headers::demo_policy(&web.public_origin);
    let headers = [
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_str(&policy).map_err(|_| Problem::internal())?),
        (HeaderName::from_static("permissions-policy"), HeaderValue::from_static(security_headers::CALL_DEVICES)),
    ];
    Ok((headers, Html(html)).into_response())
}
