//! The org's bucket: settings, validation in visible steps, and every request to it.

use crate::{Access, Error, Result, Services};
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
pub async fn get(_services: &Services, _access: &Access) -> Result<Option<Storage>> {
    Err(Error::internal("pending"))
}

/// Puts the org on the embedded store and validates it.
pub async fn set_embedded(_services: &Services, _access: &Access) -> Result<Storage> {
    Err(Error::internal("pending"))
}

/// Tries everything a recording needs, and keeps the result.
pub async fn validate(_services: &Services, _access: &Access, _id: StorageId) -> Result<Vec<Step>> {
    Err(Error::internal("pending"))
}

/// Origins that recordings play from, for the page's `media-src`.
pub async fn origins(_services: &Services, _access: &Access) -> Result<Vec<String>> {
    Err(Error::internal("pending"))
}
