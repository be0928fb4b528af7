//! Buckets of an org: settings, validation in visible steps, whether they work, and every request to them.

mod bucket;
mod bucket_error;
mod change;
mod credentials;
pub(crate) mod health;
mod key_template;
mod object;
pub mod policies;
mod region;
pub(crate) mod settings;
mod sts;
mod validation;
mod xml;

pub(crate) use bucket::Bucket;
pub(crate) use bucket_error::BucketError;
pub(crate) use change::{assign, embedded_target, insert_proven_embedded};
pub use change::{create, create_embedded, remove, update, use_as, use_for};
pub use credentials::Keys;
pub(crate) use credentials::{Scope, Sessions};
pub use health::{Health, Standing};
pub(crate) use key_template::{KeyParts, poster_key, slug};
pub(crate) use object::MediaType;
pub(crate) use region::region_of;
pub use settings::{Encryption, StorageInput, StorageKind};
pub use validation::{
    Outcome, Step, StepName, Validation, ValidationCause, ValidationState, validate, validation, validations,
};
pub(crate) use validation::{
    perform as perform_validation, start as start_validation, start_due as start_due_validations, try_embedded,
};

use crate::{
    access::{Access, Permission},
    clock::to_date,
    error::{Error, Result},
    services::Services,
    store::{HeldRow, StorageRow, unsigned},
};
use chrono::{DateTime, Utc};
use protocol::ids::StorageId;

/// A bucket of the org, without its secret.
#[derive(Debug, Clone)]
pub struct Storage {
    pub id: StorageId,
    pub name: String,
    pub kind: StorageKind,
    pub standing: Standing,
    pub health: Health,
    /// Where requests go.
    pub endpoint: String,
    pub region: String,
    pub bucket: String,
    pub path_style: bool,
    pub ca_certificate: Option<String>,
    pub access_key_id: Option<String>,
    pub role_arn: Option<String>,
    pub account: Option<String>,
    pub prefix: String,
    pub key_template: String,
    pub encryption: Encryption,
    pub storage_class: Option<String>,
    pub metadata: Vec<(String, String)>,
    pub tags: Vec<(String, String)>,
    /// When a validation last succeeded.
    pub validated_at: Option<DateTime<Utc>>,
    /// When a validation last ended.
    pub checked_at: Option<DateTime<Utc>>,
    pub revision: u64,
}

impl Storage {
    /// Another one after each change of settings or standing.
    #[must_use]
    pub fn version(&self) -> String {
        version(self.revision, self.standing)
    }
}

fn version(revision: u64, standing: Standing) -> String {
    format!("{revision}.{standing}")
}

fn version_of(row: &StorageRow) -> String {
    version(unsigned(row.revision), row.standing())
}

/// Everything about an org's storages.
#[derive(Debug, Clone)]
pub struct Overview {
    /// Primary first, then the second, then the others.
    pub storages: Vec<Storage>,
    /// What a role's trust policy must ask of Mixdown (`sts:ExternalId`).
    pub external_id: String,
    /// Whom a role's trust policy must name; `None` while the operator gave this installation no AWS identity.
    pub principal: Option<String>,
    /// Whether the embedded store can be added.
    pub embedded_available: bool,
    pub held: Held,
}

/// Recordings that wait, encrypted on their media nodes, for a bucket that does not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub recordings: u64,
    /// When the one that waits longest began to wait.
    pub oldest_at: Option<DateTime<Utc>>,
    /// When that one is given up.
    pub lost_at: Option<DateTime<Utc>>,
    /// How long a recording is held at most.
    pub limit_hours: u64,
}

/// Everything about the org's storages.
pub async fn overview(services: &Services, access: &Access) -> Result<Overview> {
    access.require(Permission::ViewStorage)?;
    let mut tx = services.read().await?;
    let mut org = tx.reach(access);
    let storages: Vec<Storage> = org.storages().await?.into_iter().map(|row| view(services, row)).collect();
    let held = org.held(None).await?;
    let external_id = org.external_id().await?.unwrap_or_default();
    drop(tx);
    let embedded = storages.iter().any(|storage| storage.kind == StorageKind::Embedded);
    Ok(Overview {
        embedded_available: services.settings().embedded_store.is_some() && !embedded,
        storages,
        external_id,
        principal: sts::own_principal(services).await,
        held: held_view(services, &held),
    })
}

/// One storage of the org, unless it was removed.
pub async fn get(services: &Services, access: &Access, id: StorageId) -> Result<Storage> {
    access.require(Permission::ViewStorage)?;
    let row = services.read().await?.reach(access).storage_of(id).await?;
    row.filter(|row| row.removed_at.is_none()).map(|row| view(services, row)).ok_or_else(not_found)
}

/// Origins that recordings play from, for the page's `media-src`.
pub async fn origins(services: &Services, access: &Access) -> Result<Vec<String>> {
    access.require(Permission::ViewRecordings)?;
    let rows = services.read().await?.reach(access).storages().await?;
    let mut origins: Vec<String> = rows.iter().map(|row| bucket::endpoint(services, row)).collect();
    origins.sort();
    origins.dedup();
    Ok(origins)
}

/// Names that differ between the parts of AWS that know nothing of one another.
pub(crate) struct Partition {
    /// As in `arn:aws:…`.
    pub name: &'static str,
    /// What host names of services end with.
    pub domain: &'static str,
}

/// The part of AWS that a region is in.
pub(crate) fn partition(region: &str) -> Partition {
    let (name, domain) = match region {
        region if region.starts_with("cn-") => ("aws-cn", "amazonaws.com.cn"),
        region if region.starts_with("us-gov-") => ("aws-us-gov", "amazonaws.com"),
        _ => ("aws", "amazonaws.com"),
    };
    Partition { name, domain }
}

fn view(services: &Services, row: StorageRow) -> Storage {
    let date = |column: Option<i64>| column.map(unsigned).map(to_date);
    let endpoint = bucket::endpoint(services, &row);
    let (target, options) = (row.target().clone(), row.options().clone());
    Storage {
        id: row.id(),
        kind: row.kind(),
        standing: row.standing(),
        health: row.health(),
        endpoint,
        region: target.region,
        bucket: target.bucket,
        path_style: options.path_style,
        ca_certificate: options.ca_certificate,
        access_key_id: options.access_key_id,
        role_arn: options.role_arn,
        account: options.account,
        prefix: options.prefix.as_str().to_owned(),
        key_template: options.key_template.to_string(),
        encryption: options.encryption,
        storage_class: options.storage_class,
        metadata: options.metadata,
        tags: options.tags,
        validated_at: date(row.validated_at),
        checked_at: date(row.checked_at),
        revision: unsigned(row.revision),
        name: row.name,
    }
}

fn held_view(services: &Services, row: &HeldRow) -> Held {
    let limit = services.settings().hold_limit;
    let oldest_at = row.oldest.map(unsigned).map(to_date);
    Held {
        recordings: unsigned(row.recordings),
        oldest_at,
        lost_at: oldest_at.map(|at| at + limit),
        limit_hours: limit.as_secs() / 3600,
    }
}

fn not_found() -> Error {
    Error::not_found("storage_not_found", "There is no such storage.")
}
