//! What the pages about storages show and send.

use protocol::ids::{StorageId, ValidationId};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// How a bucket is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    AwsRole,
    AwsKeys,
    S3Compatible,
    Embedded,
}

/// The word names no kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind of storage")]
pub struct UnknownKind;

impl Kind {
    /// The recommended one first.
    pub const ALL: [Self; 4] = [Self::AwsRole, Self::AwsKeys, Self::S3Compatible, Self::Embedded];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AwsRole => "aws_role",
            Self::AwsKeys => "aws_keys",
            Self::S3Compatible => "s3_compatible",
            Self::Embedded => "embedded",
        }
    }

    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::AwsRole => "Amazon S3 with a role",
            Self::AwsKeys => "Amazon S3 with an access key",
            Self::S3Compatible => "S3-compatible store",
            Self::Embedded => "Embedded store",
        }
    }

    /// Whether the bucket is Amazon's.
    #[must_use]
    pub fn is_aws(self) -> bool {
        matches!(self, Self::AwsRole | Self::AwsKeys)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(word: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word).ok_or(UnknownKind)
    }
}

/// What an org uses a storage for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    Primary,
    /// Takes recordings while the primary does not work.
    Second,
    Spare,
}

impl Standing {
    /// As forms send it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Second => "second",
            Self::Spare => "spare",
        }
    }
}

/// Whether recordings can be delivered there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Health {
    /// Never validated with success.
    Unproven,
    Working,
    Degraded {
        since_ms: u64,
        reason: String,
    },
}

/// What may be typed about a storage. No secret is among it: this is also what a refused form gives back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StorageForm {
    pub name: String,
    pub region: String,
    pub bucket: String,
    pub endpoint: String,
    pub path_style: bool,
    pub ca_certificate: String,
    pub access_key_id: String,
    pub role_arn: String,
    pub account: String,
    pub prefix: String,
    pub key_template: String,
    pub encryption: EncryptionChoice,
    pub kms_key: String,
    pub storage_class: String,
    pub metadata: String,
    pub tags: String,
}

impl StorageForm {
    /// What was typed, with the bucket that another form names.
    #[must_use]
    pub fn at(self, place: &Self) -> Self {
        let Self { region, bucket, prefix, .. } = place.clone();
        Self { region, bucket, prefix, ..self }
    }
}

/// What the bucket is asked to encrypt with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EncryptionChoice {
    #[default]
    Bucket,
    S3,
    Kms,
}

impl EncryptionChoice {
    /// As forms send it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bucket => "bucket",
            Self::S3 => "s3",
            Self::Kms => "kms",
        }
    }
}

/// One storage of the org.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageView {
    pub id: StorageId,
    pub kind: Kind,
    pub standing: Standing,
    pub health: Health,
    /// When it last passed every step.
    pub validated_ms: Option<u64>,
    /// As it is stored.
    pub form: StorageForm,
}

/// All storages of the org.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverviewView {
    pub storages: Vec<StorageView>,
    pub held: Option<HeldView>,
    /// The person may change something.
    pub may_change: bool,
    pub embedded_available: bool,
}

/// Recordings that wait on media nodes because the bucket does not work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldView {
    pub recordings: usize,
    pub oldest_ms: Option<u64>,
    /// When the first one is given up.
    pub lost_ms: Option<u64>,
    pub limit_hours: usize,
}

/// What adding a storage of some kind begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beginning {
    pub may_change: bool,
    pub external_id: String,
    /// Whether this installation has an identity that roles can trust.
    pub roles_possible: bool,
    /// What was typed into the form that was refused.
    pub entered: Option<StorageForm>,
    pub texts: Vec<PasteView>,
}

/// One storage with everything its page shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageDetail {
    pub storage: StorageView,
    pub may_change: bool,
    /// What was typed into the form that was refused.
    pub entered: Option<StorageForm>,
    pub external_id: String,
    pub texts: Vec<PasteView>,
    /// Newest first.
    pub validations: Vec<ValidationView>,
}

/// Something to paste at AWS or another store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasteView {
    pub title: String,
    pub hint: String,
    pub body: String,
}

/// The part of a storage's page that changes by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageState {
    pub health: Health,
    pub validated_ms: Option<u64>,
    /// The latest one.
    pub validation: Option<ValidationView>,
}

impl StorageState {
    /// A validation is under way.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.validation.as_ref().is_some_and(|validation| validation.state == ValidationState::Running)
    }
}

/// One validation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidationView {
    pub id: ValidationId,
    pub cause: String,
    pub state: ValidationState,
    pub started_ms: u64,
    pub finished_ms: Option<u64>,
    pub steps: Vec<StepView>,
}

/// How far a validation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ValidationState {
    Running,
    Passed,
    Failed,
}

impl ValidationState {
    /// One word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Passed => "passed",
            Self::Failed => "failed",
        }
    }
}

/// One step of a validation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepView {
    pub label: String,
    pub outcome: StepOutcome,
    pub finding: Option<String>,
    pub remedy: Option<String>,
    /// To paste.
    pub snippet: Option<String>,
}

/// How far a step is, or how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StepOutcome {
    Waiting,
    Running,
    Passed,
    Warning,
    Failed,
    Skipped,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_one_word_in_addresses_and_forms() {
        for kind in Kind::ALL {
            assert_eq!(leptos::serde_json::to_value(kind).unwrap(), kind.as_str());
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        for choice in [EncryptionChoice::Bucket, EncryptionChoice::S3, EncryptionChoice::Kms] {
            assert_eq!(leptos::serde_json::to_value(choice).unwrap(), choice.as_str());
        }
    }
}
