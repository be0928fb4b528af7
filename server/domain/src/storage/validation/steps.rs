//! A validation and its steps, as they are stored and shown.

use chrono::{DateTime, Utc};
use protocol::{
    ids::{StorageId, ValidationId},
    wire_enum,
};
use serde::{Deserialize, Serialize};

/// One run through everything a recording needs of a storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validation {
    pub id: ValidationId,
    pub storage: StorageId,
    pub cause: ValidationCause,
    pub state: ValidationState,
    pub started_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
    /// In the order they are tried; only those that fit the kind of storage.
    pub steps: Vec<Step>,
}

/// One step of a validation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub name: StepName,
    pub outcome: Outcome,
    /// What is wrong, in one sentence.
    pub finding: Option<String>,
    /// Exactly what to do about it.
    pub remedy: Option<String>,
    /// A policy, rules or a command to paste.
    pub snippet: Option<String>,
}

impl Step {
    pub(super) fn new(name: StepName, outcome: Outcome) -> Self {
        Self { name, outcome, finding: None, remedy: None, snippet: None }
    }
}

/// What a step tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepName {
    /// The store answers, by a clock that agrees with ours.
    Endpoint,
    /// The access key is known and the secret is its own.
    Credentials,
    /// The role lets us in.
    Role,
    /// The role lets nobody in who lacks the external id.
    RoleGuard,
    Bucket,
    Put,
    Head,
    Get,
    Multipart,
    Abort,
    /// Nobody reads without a signature.
    Public,
    /// Pages of the console may read.
    Cors,
    Delete,
}

impl StepName {
    /// What the console shows.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Endpoint => "Reach the store",
            Self::Credentials => "Check the credentials",
            Self::Role => "Assume the role",
            Self::RoleGuard => "Try the role without the external id",
            Self::Bucket => "Find the bucket",
            Self::Put => "Write an object",
            Self::Head => "Look at the object",
            Self::Get => "Read the object",
            Self::Multipart => "Upload in parts",
            Self::Abort => "Give up an upload",
            Self::Public => "Read it as a stranger",
            Self::Cors => "Ask for playback in pages",
            Self::Delete => "Delete the objects",
        }
    }
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Waiting,
    Running,
    Passed,
    /// Recordings can be delivered, but something should be mended.
    Warning,
    Failed,
    /// An earlier step failed.
    Skipped,
}

wire_enum! {
    /// Why it was validated.
    ValidationCause {
        /// Somebody asked for it, or changed the storage.
        Requested = "requested",
        Daily = "daily",
        /// The storage refused a recording.
        Refused = "refused",
        /// It did not work and may work again.
        Recovery = "recovery",
    }
}

wire_enum! {
    /// How a validation stands.
    ValidationState {
        Running = "running",
        /// Nothing failed; there may be warnings.
        Passed = "passed",
        Failed = "failed",
    }
}
