//! The org's bucket: settings, validation in visible steps, and every request to it.

mod bucket;
pub mod policies;
mod validation;

pub(crate) use bucket::{Bucket, BucketError};

use crate::{
    access::{Access, Permission},
    audit,
    clock::to_date,
    error::{Error, Result},
    secrets::new_token,
    services::Services,
    store::{StorageRow, unsigned},
};
use chrono::{DateTime, Utc};
use protocol::ids::StorageId;
use serde::{Deserialize, Serialize};

/// Bucket configuration, without its credentials.
#[derive(Debug, Clone)]
pub struct Storage {
    pub id: StorageId,
    pub endpoint: String,
    pub region: String,
    pub bucket: String,
    /// When the last validation succeeded; `None` when it failed or never ran.
    pub validated_at: Option<DateTime<Utc>>,
    /// The steps of the last validation.
    pub steps: Vec<Step>,
}

/// One step of a validation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub name: StepName,
    pub outcome: Outcome,
    /// What to do about a failure.
    pub remedy: Option<String>,
}

/// What a step tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepName {
    Bucket,
    Put,
    Head,
    Get,
    Multipart,
    MultipartAbort,
    Delete,
}

impl StepName {
    /// In the order they are tried.
    pub const ALL: [Self; 7] =
        [Self::Bucket, Self::Put, Self::Head, Self::Get, Self::Multipart, Self::MultipartAbort, Self::Delete];

    /// What the console shows.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Bucket => "Find the bucket",
            Self::Put => "Write an object",
            Self::Head => "Look at the object",
            Self::Get => "Read the object",
            Self::Multipart => "Upload in parts",
            Self::MultipartAbort => "Abort an upload",
            Self::Delete => "Delete the objects",
        }
    }
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Passed,
    Failed,
    /// An earlier step failed.
    Skipped,
}

/// The org's storage, if it has one.
pub async fn get(services: &Services, access: &Access) -> Result<Option<Storage>> {
    let row = services.read().await?.org(access.org()).storage().await?;
    Ok(row.map(|row| view(services, row)))
}

/// Puts the org on the embedded store and validates it.
pub async fn set_embedded(services: &Services, access: &Access) -> Result<Storage> {
    access.require(Permission::Configure)?;
    let name = embedded_bucket(services)?;
    let id = services.new_id(StorageId::from_parts)?;
    let mut tx = services.begin().await?;
    let mut org = tx.org(access.org());
    org.insert_embedded_storage(id, &name, services.now()).await?;
    audit::record_for(services, &mut org, access, "storage.set", &id).await?;
    let id = org.storage().await?.ok_or_else(not_found)?.id();
    tx.commit().await?;
    validate(services, access, id).await?;
    get(services, access).await?.ok_or_else(not_found)
}

/// Tries everything a recording needs, and keeps the result.
pub async fn validate(services: &Services, access: &Access, id: StorageId) -> Result<Vec<Step>> {
    access.require(Permission::Configure)?;
    let row = services.read().await?.org(access.org()).storage_of(id).await?.ok_or_else(not_found)?;
    let steps = try_bucket(services, &Bucket::of(services, &row)?).await?;
    let validated_at = passed(&steps).then(|| services.now());
    let mut tx = services.begin().await?;
    let mut org = tx.org(access.org());
    org.set_storage_validation(id, validated_at, &steps).await?;
    audit::record_for(services, &mut org, access, "storage.validated", &id).await?;
    tx.commit().await?;
    Ok(steps)
}

/// Origins that recordings play from, for the page's `media-src`.
pub async fn origins(services: &Services, access: &Access) -> Result<Vec<String>> {
    let storage = get(services, access).await?;
    let endpoint = storage.and_then(|storage| storage.endpoint.parse::<url::Url>().ok());
    Ok(endpoint.map(|endpoint| endpoint.origin().ascii_serialization()).into_iter().collect())
}

/// Runs the validation of a bucket that need not belong to an org yet.
pub(crate) async fn try_bucket(services: &Services, bucket: &Bucket<'_>) -> Result<Vec<Step>> {
    let unique = new_token(services.random()).map_err(Error::internal)?;
    Ok(validation::run(bucket, &unique).await)
}

/// Whether every step passed.
pub(crate) fn passed(steps: &[Step]) -> bool {
    steps.iter().all(|step| step.outcome == Outcome::Passed)
}

fn embedded_bucket(services: &Services) -> Result<String> {
    let store = services.settings().embedded_store.as_ref();
    store.map(|store| store.bucket.clone()).ok_or_else(|| {
        Error::conflict("embedded_store_off", "The embedded store is switched off on this installation.")
    })
}

fn view(services: &Services, row: StorageRow) -> Storage {
    let store = services.settings().embedded_store.as_ref();
    Storage {
        id: row.id(),
        endpoint: store.map(|store| store.endpoint.to_string()).unwrap_or_default(),
        region: store.map(|store| store.region.clone()).unwrap_or_default(),
        bucket: row.bucket.clone(),
        validated_at: row.validated_at.map(unsigned).map(to_date),
        steps: row.into_steps(),
    }
}

fn not_found() -> Error {
    Error::not_found("storage_not_found", "There is no such storage.")
}
