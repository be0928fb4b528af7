//! Applications: switches, origins, retention, storage.

use super::{
    app_keys::AppKey,
    authentication::Caller,
    fields::nullable,
    request::{Body, Id},
    revision::{IfMatch, etag},
    storages::location,
};
use crate::http::{Problem, Web};
use axum::{Json, extract::State, response::IntoResponse};
use chrono::{DateTime, Utc};
use domain::applications::{self, Update};
use http::StatusCode;
use protocol::{
    ids::{ApplicationId, StorageId},
    names::DisplayName,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;

/// One product of yours.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Application {
    #[schema(value_type = String, example = "app_019aa2c1000070008000000000000000")]
    id: ApplicationId,
    #[schema(value_type = String)]
    name: DisplayName,
    /// Whether media goes through Mixdown's nodes; recording needs it.
    relay: bool,
    recording: bool,
    /// What Recording still needs: `relay_required`, `plan_required`, `storage_not_validated`.
    missing: Vec<&'static str>,
    /// Newest first, revoked ones included.
    keys: Vec<AppKey>,
    /// Web origins that may join; empty allows every origin.
    allowed_origins: Vec<String>,
    /// Recordings are deleted so many days after they were ready; `null` keeps them.
    retention_days: Option<u32>,
    /// How long the links to finished recordings work that are sent out.
    link_validity_seconds: u64,
    /// The storage that it names itself; `null` follows the organization's primary one.
    #[schema(value_type = Option<String>)]
    storage_id: Option<StorageId>,
    /// Where its recordings go; `null` while the organization has no storage.
    #[schema(value_type = Option<String>)]
    effective_storage_id: Option<StorageId>,
    created_at: DateTime<Utc>,
}

/// The organization's applications.
#[derive(Debug, Serialize, ToSchema)]
pub struct Applications {
    /// By name.
    items: Vec<Application>,
}

/// An application to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "Shop" }))]
pub struct NewApplication {
    #[schema(value_type = String)]
    name: DisplayName,
}

/// Settings to be changed; what is missing stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "recording": true, "retentionDays": 90, "storageId": null }))]
pub struct ApplicationChange {
    relay: Option<bool>,
    recording: Option<bool>,
    allowed_origins: Option<Vec<String>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 3650)]
    retention_days: Option<Option<u32>>,
    #[schema(minimum = 3600, maximum = 31_536_000)]
    link_validity_seconds: Option<u64>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    storage_id: Option<Option<StorageId>>,
}

impl From<applications::Application> for Application {
    fn from(application: applications::Application) -> Self {
        Self {
            id: application.id,
            name: application.name,
            relay: application.relay,
            recording: application.recording,
            missing: application.missing.into_iter().map(applications::Condition::as_str).collect(),
            keys: application.keys.into_iter().map(Into::into).collect(),
            allowed_origins: application.allowed_origins,
            retention_days: application.retention_days,
            link_validity_seconds: application.link_validity.as_secs(),
            storage_id: application.storage.filter(|_| application.storage_is_own),
            effective_storage_id: application.storage,
            created_at: application.created_at,
        }
    }
}

/// With the tag of its version.
fn tagged(application: applications::Application) -> Result<impl IntoResponse, Problem> {
    let tag = etag(&application.version())?;
    Ok((tag, Json(Application::from(application))))
}

/// List applications
#[utoipa::path(
    get,
    path = "/applications",
    operation_id = "listApplications",
    tag = "Applications",
    security(("apiKey" = ["applications:read"])),
    responses((status = 200, description = "Those that the key may see.", body = Applications)),
)]
pub async fn list(State(web): State<Web>, Caller(access): Caller) -> Result<Json<Applications>, Problem> {
    let applications = applications::list(&web.services, &access).await?;
    Ok(Json(Applications { items: applications.into_iter().map(Into::into).collect() }))
}

/// Make an application
///
/// It begins with Media Relay on, Recording off, and one app key. A key for one application may not.
#[utoipa::path(
    post,
    path = "/applications",
    operation_id = "createApplication",
    tag = "Applications",
    request_body = NewApplication,
    security(("apiKey" = ["applications:write"])),
    responses(
        (status = 201, description = "The application.", body = Application),
        (status = 409, description = "`application_name_taken`.", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    ),
)]
pub async fn create(
    State(web): State<Web>,
    Caller(access): Caller,
    Body(new): Body<NewApplication>,
) -> Result<impl IntoResponse, Problem> {
    let application = applications::create(&web.services, &access, new.name).await?;
    let location = location("applications", application.id)?;
    Ok((StatusCode::CREATED, location, tagged(application)?))
}

/// Read an application
#[utoipa::path(
    get,
    path = "/applications/{application}",
    operation_id = "getApplication",
    tag = "Applications",
    params(("application" = String, Path)),
    security(("apiKey" = ["applications:read"])),
    responses((status = 200, description = "The application.", body = Application)),
)]
pub async fn get(
    State(web): State<Web>,
    Caller(access): Caller,
    Id(id): Id<ApplicationId>,
) -> Result<impl IntoResponse, Problem> {
    tagged(applications::get(&web.services, &access, id).await?)
}

/// Change an application
///
/// All of it or, with an error, nothing. Running rooms follow at once.
#[utoipa::path(
    patch,
    path = "/applications/{application}",
    operation_id = "changeApplication",
    tag = "Applications",
    params(("application" = String, Path), ("If-Match" = String, Header)),
    request_body = ApplicationChange,
    security(("apiKey" = ["applications:write"])),
    responses(
        (status = 200, description = "The application as it is now.", body = Application),
        (status = 409, description = "`conditions_missing` or `storage_not_validated`.", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    ),
)]
pub async fn change(
    State(web): State<Web>,
    Caller(access): Caller,
    Id(id): Id<ApplicationId>,
    IfMatch(expected): IfMatch,
    Body(change): Body<ApplicationChange>,
) -> Result<impl IntoResponse, Problem> {
    let update = Update {
        expected,
        relay: change.relay,
        recording: change.recording,
        allowed_origins: change.allowed_origins,
        retention_days: change.retention_days,
        link_validity: change.link_validity_seconds.map(Duration::from_secs),
        storage: change.storage_id,
    };
    tagged(applications::update(&web.services, &access, id, update).await?)
}
