//! Validations of storages: every step that a recording needs, with what is wrong and what to do about it.

use super::{authentication::Caller, request::Id, storages::location};
use crate::http::{Problem, Web};
use axum::{Json, extract::State, response::IntoResponse};
use chrono::{DateTime, Utc};
use domain::storage;
use http::StatusCode;
use protocol::ids::{StorageId, ValidationId};
use serde::Serialize;
use utoipa::ToSchema;

/// One run through everything a recording needs of a storage.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Validation {
    #[schema(value_type = String, example = "val_019aa2c1000070008000000000000000")]
    id: ValidationId,
    #[schema(value_type = String, example = "sto_019aa2c1000070008000000000000000")]
    storage_id: StorageId,
    /// `requested`, `daily`, `refused` (by the storage) or `recovery`.
    cause: &'static str,
    /// `running`, `passed` or `failed`.
    state: &'static str,
    started_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
    /// In the order they are tried; only those that fit the kind of storage.
    steps: Vec<Step>,
}

/// One step of a validation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ValidationStep)]
pub struct Step {
    #[schema(value_type = String, example = "put")]
    name: storage::StepName,
    /// `waiting`, `running`, `passed`, `warning`, `failed` or `skipped`.
    #[schema(value_type = String, example = "passed")]
    outcome: storage::Outcome,
    /// What is wrong, in one sentence.
    finding: Option<String>,
    /// Exactly what to do about it.
    remedy: Option<String>,
    /// A policy, rules or a command to paste.
    snippet: Option<String>,
}

/// The latest validations of a storage.
#[derive(Debug, Serialize, ToSchema)]
pub struct Validations {
    /// At most 20, newest first.
    items: Vec<Validation>,
}

impl From<storage::Validation> for Validation {
    fn from(validation: storage::Validation) -> Self {
        let steps = validation.steps.into_iter().map(|step| Step {
            name: step.name,
            outcome: step.outcome,
            finding: step.finding,
            remedy: step.remedy,
            snippet: step.snippet,
        });
        Self {
            id: validation.id,
            storage_id: validation.storage,
            cause: validation.cause.as_str(),
            state: validation.state.as_str(),
            started_at: validation.started_at,
            finished_at: validation.finished_at,
            steps: steps.collect(),
        }
    }
}

/// List the latest validations of a storage
#[utoipa::path(
    get,
    path = "/storages/{storage}/validations",
    operation_id = "listValidations",
    tag = "Storage",
    params(("storage" = String, Path)),
    security(("apiKey" = ["storage:read"])),
    responses((status = 200, description = "The validations.", body = Validations)),
)]
pub async fn list(
    State(web): State<Web>,
    Caller(access): Caller,
    Id(storage): Id<StorageId>,
) -> Result<Json<Validations>, Problem> {
    let validations = storage::validations(&web.services, &access, storage).await?;
    Ok(Json(Validations { items: validations.into_iter().map(Into::into).collect() }))
}

/// Validate a storage
///
/// Returns at once; read the validation again to see its steps end. One that is running already is returned instead.
#[utoipa::path(
    post,
    path = "/storages/{storage}/validations",
    operation_id = "startValidation",
    tag = "Storage",
    params(("storage" = String, Path)),
    security(("apiKey" = ["storage:write"])),
    responses((status = 202, description = "It runs.", body = Validation)),
)]
pub async fn start(
    State(web): State<Web>,
    Caller(access): Caller,
    Id(storage): Id<StorageId>,
) -> Result<impl IntoResponse, Problem> {
    let validation = storage::validate(&web.services, &access, storage).await?;
    let location = location("validations", validation.id)?;
    Ok((StatusCode::ACCEPTED, location, Json(Validation::from(validation))))
}

/// Read a validation
#[utoipa::path(
    get,
    path = "/validations/{validation}",
    operation_id = "getValidation",
    tag = "Storage",
    params(("validation" = String, Path)),
    security(("apiKey" = ["storage:read"])),
    responses((status = 200, description = "The validation with its steps so far.", body = Validation)),
)]
pub async fn get(
    State(web): State<Web>,
    Caller(access): Caller,
    Id(id): Id<ValidationId>,
) -> Result<Json<Validation>, Problem> {
    Ok(Json(storage::validation(&web.services, &access, id).await?.into()))
}
