//! App keys: what pages name an application by.

use super::{
    authentication::Caller,
    request::{Id, Ids},
};
use crate::http::{Problem, Web};
use axum::{Json, extract::State, response::IntoResponse};
use chrono::{DateTime, Utc};
use domain::applications;
use http::StatusCode;
use protocol::ids::{AppKeyId, ApplicationId};
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;

/// What the SDK in a page names the application by; not a secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppKey {
    #[schema(value_type = String, example = "key_019aa2c1000070008000000000000000")]
    id: AppKeyId,
    created_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
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
        Self { id: key.id, created_at: key.created_at, revoked_at: key.revoked_at }
    }
}

impl From<applications::Application> for AppKeys {
    fn from(application: applications::Application) -> Self {
        Self { items: application.keys.into_iter().map(Into::into).collect() }
    }
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
