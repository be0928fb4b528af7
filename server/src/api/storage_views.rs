//! What the API says and takes about storages.

use chrono::{DateTime, Utc};
use domain::storage;
use protocol::ids::StorageId;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// How a bucket is reached.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StorageKind {
    /// The store that runs inside Mixdown.
    Embedded,
    /// Amazon S3 with an access key of yours.
    AwsKeys,
    /// Amazon S3 with a role of yours that Mixdown assumes.
    AwsRole,
    /// Anything else that speaks S3.
    S3Compatible,
}

/// What a storage is for: recordings go to the primary one, to the second one while the primary does not work.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    Primary,
    Second,
    Spare,
}

/// Encryption that the bucket is asked for.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Encryption {
    /// Whatever the bucket does.
    #[default]
    BucketDefault,
    /// SSE-S3.
    S3,
    /// SSE-KMS with this key: an identifier, an alias or an ARN.
    Kms { key_id: String },
}

/// Whether a storage works.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Health {
    /// No validation has succeeded yet; nothing is recorded for it.
    Unproven,
    Working,
    /// It worked and does not now; recordings are held.
    Degraded {
        since: DateTime<Utc>,
        /// One sentence.
        reason: String,
    },
}

/// A bucket of yours, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Storage {
    #[schema(value_type = String, example = "sto_019aa2c1000070008000000000000000")]
    pub id: StorageId,
    pub name: String,
    pub kind: StorageKind,
    pub standing: Standing,
    pub health: Health,
    /// Where requests go.
    pub endpoint: String,
    pub region: String,
    pub bucket: String,
    /// The bucket's name is in the path instead of the host name.
    pub path_style: bool,
    pub ca_certificate: Option<String>,
    pub access_key_id: Option<String>,
    pub role_arn: Option<String>,
    pub account: Option<String>,
    pub prefix: String,
    pub key_template: String,
    pub encryption: Encryption,
    pub storage_class: Option<String>,
    pub metadata: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
    /// When a validation last succeeded.
    pub validated_at: Option<DateTime<Utc>>,
    /// When a validation last ended.
    pub checked_at: Option<DateTime<Utc>>,
    /// Counts up with every change.
    pub revision: u64,
}

/// The organization's storages.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Storages {
    /// Primary first, then the second, then the others.
    pub items: Vec<Storage>,
    /// What a role's trust policy must ask of Mixdown (`sts:ExternalId`).
    pub external_id: String,
    /// Whom a role's trust policy must name; `null` while this installation has no AWS identity.
    pub principal: Option<String>,
    /// Whether the embedded store can be added.
    pub embedded_available: bool,
    pub held: Held,
}

/// Recordings that wait, encrypted on their media nodes, for a bucket that does not work.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HeldRecordings)]
pub struct Held {
    pub recordings: u64,
    /// When the one that waits longest began to wait.
    pub oldest_at: Option<DateTime<Utc>>,
    /// When that one is given up.
    pub lost_at: Option<DateTime<Utc>>,
    pub limit_hours: u64,
}

/// A storage to be added. `kind` and `bucket` are always needed, except for the embedded store.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "kind": "aws_keys", "region": "eu-central-1", "bucket": "recordings-of-shop",
    "accessKeyId": "AKIAIOSFODNN7EXAMPLE", "secretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "prefix": "calls/", "tags": { "team": "support" }
}))]
pub struct NewStorage {
    pub kind: StorageKind,
    /// The bucket's name when it is missing.
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub region: String,
    #[serde(default)]
    pub bucket: String,
    /// For `s3_compatible`.
    #[serde(default)]
    pub endpoint: String,
    #[serde(default)]
    pub path_style: bool,
    /// PEM; for an authority of your own.
    #[serde(default)]
    pub ca_certificate: String,
    /// For `aws_keys` and `s3_compatible`.
    #[serde(default)]
    pub access_key_id: String,
    /// Belongs to the access key. Never shown again.
    #[serde(default)]
    #[schema(value_type = String, write_only, format = Password)]
    pub secret_access_key: SecretString,
    /// For `aws_role`.
    #[serde(default)]
    pub role_arn: String,
    /// Twelve digits: requests fail when the bucket belongs to another account.
    #[serde(default)]
    pub account: String,
    /// Put before every key.
    #[serde(default)]
    pub prefix: String,
    /// How keys are made; the usual way when it is missing.
    #[serde(default)]
    pub key_template: String,
    #[serde(default)]
    pub encryption: Encryption,
    #[serde(default)]
    pub storage_class: String,
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// What is to be changed of a storage; what is missing stays. Empty text takes a setting away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "prefix": "calls/2027/" }))]
pub struct StorageChange {
    pub name: Option<String>,
    pub standing: Option<Standing>,
    pub path_style: Option<bool>,
    pub ca_certificate: Option<String>,
    pub access_key_id: Option<String>,
    /// Needed with another access key.
    #[schema(value_type = Option<String>, write_only, format = Password)]
    pub secret_access_key: Option<SecretString>,
    pub role_arn: Option<String>,
    pub account: Option<String>,
    pub prefix: Option<String>,
    pub key_template: Option<String>,
    pub encryption: Option<Encryption>,
    pub storage_class: Option<String>,
    pub metadata: Option<BTreeMap<String, String>>,
    pub tags: Option<BTreeMap<String, String>>,
}

impl StorageChange {
    /// Whether it changes nothing that would have to be validated.
    pub fn is_standing_only(&self) -> bool {
        let texts = [
            &self.name,
            &self.ca_certificate,
            &self.access_key_id,
            &self.role_arn,
            &self.account,
            &self.prefix,
            &self.key_template,
            &self.storage_class,
        ];
        texts.into_iter().all(Option::is_none)
            && self.path_style.is_none()
            && self.secret_access_key.is_none()
            && self.encryption.is_none()
            && self.metadata.is_none()
            && self.tags.is_none()
    }
}

impl From<StorageKind> for storage::StorageKind {
    fn from(kind: StorageKind) -> Self {
        match kind {
            StorageKind::Embedded => Self::Embedded,
            StorageKind::AwsKeys => Self::AwsKeys,
            StorageKind::AwsRole => Self::AwsRole,
            StorageKind::S3Compatible => Self::S3Compatible,
        }
    }
}

impl From<storage::StorageKind> for StorageKind {
    fn from(kind: storage::StorageKind) -> Self {
        match kind {
            storage::StorageKind::Embedded => Self::Embedded,
            storage::StorageKind::AwsKeys => Self::AwsKeys,
            storage::StorageKind::AwsRole => Self::AwsRole,
            storage::StorageKind::S3Compatible => Self::S3Compatible,
        }
    }
}

impl From<Standing> for storage::Standing {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Primary => Self::Primary,
            Standing::Second => Self::Second,
            Standing::Spare => Self::Spare,
        }
    }
}

impl From<storage::Standing> for Standing {
    fn from(standing: storage::Standing) -> Self {
        match standing {
            storage::Standing::Primary => Self::Primary,
            storage::Standing::Second => Self::Second,
            storage::Standing::Spare => Self::Spare,
        }
    }
}

impl From<Encryption> for storage::Encryption {
    fn from(encryption: Encryption) -> Self {
        match encryption {
            Encryption::BucketDefault => Self::BucketDefault,
            Encryption::S3 => Self::S3,
            Encryption::Kms { key_id } => Self::Kms { key_id },
        }
    }
}

impl From<storage::Encryption> for Encryption {
    fn from(encryption: storage::Encryption) -> Self {
        match encryption {
            storage::Encryption::BucketDefault => Self::BucketDefault,
            storage::Encryption::S3 => Self::S3,
            storage::Encryption::Kms { key_id } => Self::Kms { key_id },
        }
    }
}

impl From<storage::Health> for Health {
    fn from(health: storage::Health) -> Self {
        match health {
            storage::Health::Unproven => Self::Unproven,
            storage::Health::Working => Self::Working,
            storage::Health::Degraded { since, reason } => Self::Degraded { since, reason },
        }
    }
}

impl From<storage::Storage> for Storage {
    fn from(storage: storage::Storage) -> Self {
        Self {
            id: storage.id,
            name: storage.name,
            kind: storage.kind.into(),
            standing: storage.standing.into(),
            health: storage.health.into(),
            endpoint: storage.endpoint,
            region: storage.region,
            bucket: storage.bucket,
            path_style: storage.path_style,
            ca_certificate: storage.ca_certificate,
            access_key_id: storage.access_key_id,
            role_arn: storage.role_arn,
            account: storage.account,
            prefix: storage.prefix,
            key_template: storage.key_template,
            encryption: storage.encryption.into(),
            storage_class: storage.storage_class,
            metadata: storage.metadata.into_iter().collect(),
            tags: storage.tags.into_iter().collect(),
            validated_at: storage.validated_at,
            checked_at: storage.checked_at,
            revision: storage.revision,
        }
    }
}

impl From<storage::Overview> for Storages {
    fn from(overview: storage::Overview) -> Self {
        let held = overview.held;
        Self {
            items: overview.storages.into_iter().map(Into::into).collect(),
            external_id: overview.external_id,
            principal: overview.principal,
            embedded_available: overview.embedded_available,
            held: Held {
                recordings: held.recordings,
                oldest_at: held.oldest_at,
                lost_at: held.lost_at,
                limit_hours: held.limit_hours,
            },
        }
    }
}
