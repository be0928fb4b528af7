//! App keys: what pages name an application by.

use super::{
    authentication::Caller,
    request::{Body, Id, Ids},
};
use crate::http::{Problem, Web};
use axum::{Json, extract::State, response::IntoResponse};
use chrono::{DateTime, Utc};
use domain::applications::{self, KeyChange};
use http::StatusCode;
use protocol::{
    ids::{AppKeyId, ApplicationId},
    skylink::KeySettings,
};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the SDK in a page names the application by; not a secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppKey {
    #[schema(value_type = String, example = "key_019aa2c1000070008000000000000000")]
    id: AppKeyId,
    created_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
    /// Skylink clients that come with it may list the peers in all rooms of the application, and introduce peers.
    privileged: bool,
    /// Skylink clients that come with it meet everybody in their room whose key says so too; otherwise only whom they
    /// are introduced to.
    auto_introduce: bool,
    /// SkylinkJS 0.9 and newer, which has no event for it, gets the link of a finished recording as a message.
    link_messages: bool,
}

/// A key that was just made.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatedAppKey {
    #[serde(flatten)]
    key: AppKey,
    /// Signs credentials of Skylink clients; shown this once.
    secret: String,
}

/// The keys of an application.
#[derive(Debug, Serialize, ToSchema)]
pub struct AppKeys {
    /// Newest first, revoked ones included.
    items: Vec<AppKey>,
}

impl From<applications::AppKey> for AppKey {
    fn from(key: applications::AppKey) -> Self {
        let KeySettings { privileged, auto_introduce, link_messages } = key.settings;
        Self {
            id: key.id,
            created_at: key.created_at,
            revoked_at: key.revoked_at,
            privileged,
            auto_introduce,
            link_messages,
        }
    }
}

impl From<applications::Application> for AppKeys {
    fn from(application: applications::Application) -> Self {
        Self { items: application.keys.into_iter().map(Into::into).collect() }
    }
}

/// Settings of a key to be changed; what is missing stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "privileged": true }))]
pub struct AppKeyChange {
    privileged: Option<bool>,
    auto_introduce: Option<bool>,
    link_messages: Option<bool>,
}

/// List the keys of an application
#[utoipa::path(
    get,
    path = "/applications/{application}/keys",
    operation_id = "listAppKeys",
    tag = "Applications",
    params(("application" = String, Path)),
    security(("apiKey" = ["applications:read"])),
    responses((status = 200, description = "The keys.", body = AppKeys)),
)]
pub async fn list(
    State(web): State<Web>,
    Caller(access): Caller,
    Id(application): Id<ApplicationId>,
) -> Result<Json<AppKeys>, Problem> {
    Ok(Json(applications::get(&web.services, &access, application).await?.into()))
}

/// Make another key for an application
///
/// Pages move over to it before the old one is revoked.
#[utoipa::path(
    post,
    path = "/applications/{application}/keys",
    operation_id = "createAppKey",
    tag = "Applications",
    params(("application" = String, Path)),
    security(("apiKey" = ["applications:write"])),
    responses(
        (status = 201, description = "The key with its secret.", body = CreatedAppKey),
        (status = 409, description = "`too_many_keys`.", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    ),
)]
pub async fn create(
    State(web): State<Web>,
    Caller(access): Caller,
    Id(application): Id<ApplicationId>,
) -> Result<impl IntoResponse, Problem> {
    let created = applications::create_key(&web.services, &access, application).await?;
    let secret = created.secret.expose_secret().to_owned();
    Ok((StatusCode::CREATED, Json(CreatedAppKey { key: created.key.into(), secret })))
}

/// Change what a key lets Skylink clients do
///
/// It holds for those that join from now on.
#[utoipa::path(
    patch,
    path = "/applications/{application}/keys/{key}",
    operation_id = "changeAppKey",
    tag = "Applications",
    params(("application" = String, Path), ("key" = String, Path)),
    request_body = AppKeyChange,
    security(("apiKey" = ["applications:write"])),
    responses((status = 200, description = "The keys as they are now.", body = AppKeys)),
)]
pub async fn change(
    State(web): State<Web>,
    Caller(access): Caller,
    Ids(application, key): Ids<ApplicationId, AppKeyId>,
    Body(change): Body<AppKeyChange>,
) -> Result<Json<AppKeys>, Problem> {
    let AppKeyChange { privileged, auto_introduce, link_messages } = change;
    let change = KeyChange { privileged, auto_introduce, link_messages };
    Ok(Json(applications::change_key(&web.services, &access, application, key, change).await?.into()))
}

/// Revoke a key of an application
///
/// Whoever came with it leaves the rooms within seconds. Harmless when repeated.
#[utoipa::path(
    delete,
    path = "/applications/{application}/keys/{key}",
    operation_id = "revokeAppKey",
    tag = "Applications",
    params(("application" = String, Path), ("key" = String, Path)),
    security(("apiKey" = ["applications:write"])),
    responses((status = 200, description = "The keys as they are now.", body = AppKeys)),
)]
pub async fn revoke(
    State(web): State<Web>,
    Caller(access): Caller,
    Ids(application, key): Ids<ApplicationId, AppKeyId>,
) -> Result<Json<AppKeys>, Problem> {
    Ok(Json(applications::revoke_key(&web.services, &access, application, key).await?.into()))
}
