//! Applications: their switches, keys and origins.

mod change;
mod keys;
mod plan;
mod retention;
mod update;

pub(crate) use change::insert_demo;
pub use change::{create, set_allowed_origins, set_recording, set_relay};
pub use keys::{KeyChange, change_key, create_key, revoke_key};
pub use plan::Plan;
pub(crate) use retention::{checked_retention, retention_of};
pub use retention::{set_link_validity, set_retention};
pub use update::{Update, update};

use crate::{
    access::{Access, Permission},
    clock::to_date,
    error::{Error, Result},
    services::Services,
    storage::Health,
    store::{ApplicationRow, KeyRow, OrgTx, unsigned},
};
use chrono::{DateTime, Utc};
use protocol::{
    ids::{AppKeyId, ApplicationId, StorageId},
    names::DisplayName,
    policy::AppPolicy,
    skylink::KeySettings,
};
use secrecy::SecretString;
use std::{fmt, time::Duration};

/// Something Recording needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Condition {
    RelayRequired,
    PlanRequired,
    StorageNotValidated,
}

impl Condition {
    /// Stable word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RelayRequired => "relay_required",
            Self::PlanRequired => "plan_required",
            Self::StorageNotValidated => "storage_not_validated",
        }
    }

    /// One sentence for the person who wants to switch Recording on.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::RelayRequired => "Media Relay must be switched on.",
            Self::PlanRequired => "The organization needs the plan pro.",
            Self::StorageNotValidated => "The storage must be validated.",
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One product of the tenant.
#[derive(Debug, Clone)]
pub struct Application {
    pub id: ApplicationId,
    pub name: DisplayName,
    pub relay: bool,
    pub recording: bool,
    /// What Recording still needs; empty when it can be on.
    pub missing: Vec<Condition>,
    /// Newest first, revoked ones included.
    pub keys: Vec<AppKey>,
    pub allowed_origins: Vec<String>,
    /// Recordings are deleted so many days after they were ready; `None` keeps them.
    pub retention_days: Option<u32>,
    /// How long the links to finished recordings work.
    pub link_validity: Duration,
    /// Where its recordings go; `None` while the org has no storage.
    pub storage: Option<StorageId>,
    /// Whether it names that storage itself instead of following the primary one.
    pub storage_is_own: bool,
    /// Whether that storage works.
    pub storage_health: Health,
    pub created_at: DateTime<Utc>,
    policy: AppPolicy,
}

/// Credential of end-user SDKs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppKey {
    pub id: AppKeyId,
    pub created_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
    /// For Skylink clients that come with it.
    pub settings: KeySettings,
}

/// A key that was just made.
#[derive(Debug)]
pub struct NewAppKey {
    pub key: AppKey,
    /// Signs credentials of Skylink clients; shown this once.
    pub secret: SecretString,
}

impl Application {
    /// Another one after each change of settings.
    #[must_use]
    pub fn version(&self) -> String {
        version_of(self.policy.revision)
    }

    /// What nodes enforce.
    #[must_use]
    pub fn policy(&self) -> &AppPolicy {
        &self.policy
    }
}

/// All applications of the org, by name.
pub async fn list(services: &Services, access: &Access) -> Result<Vec<Application>> {
    access.require(Permission::ViewApplications)?;
    let mut tx = services.read().await?;
    let mut org = tx.reach(access);
    let keys = org.keys(None).await?;
    Ok(org.applications().await?.iter().map(|row| view(row, &keys)).collect())
}

/// One application of the org.
pub async fn get(services: &Services, access: &Access, id: ApplicationId) -> Result<Application> {
    access.require(Permission::ViewApplications)?;
    load(&mut services.read().await?.reach(access), id).await
}

/// The application, for whatever belongs to one. Code: `application_not_found`.
pub(crate) async fn existing(org: &mut OrgTx<'_>, id: ApplicationId) -> Result<ApplicationRow> {
    org.application(id).await?.ok_or_else(not_found)
}

async fn load(org: &mut OrgTx<'_>, id: ApplicationId) -> Result<Application> {
    let row = existing(org, id).await?;
    Ok(view(&row, &org.keys(Some(id)).await?))
}

/// What Recording still needs.
pub(crate) fn missing_conditions(row: &ApplicationRow) -> Vec<Condition> {
    [
        (!row.relay, Condition::RelayRequired),
        (!row.plan().includes_recording(), Condition::PlanRequired),
        (row.storage_validated_at.is_none(), Condition::StorageNotValidated),
    ]
    .into_iter()
    .filter_map(|(missing, condition)| missing.then_some(condition))
    .collect()
}

/// What nodes enforce.
pub(crate) fn policy_of(row: &ApplicationRow) -> AppPolicy {
    AppPolicy {
        revision: unsigned(row.revision),
        relay: row.relay,
        recording: row.recording && row.relay,
        max_duration_seconds: seconds(row.max_duration_seconds),
        idle_timeout_seconds: seconds(row.idle_timeout_seconds),
        allowed_origins: row.allowed_origins().to_vec(),
    }
}

/// What names the settings as of this revision.
fn version_of(revision: u64) -> String {
    revision.to_string()
}

fn seconds(column: i64) -> u32 {
    u32::try_from(column).unwrap_or(u32::MAX)
}

fn view(row: &ApplicationRow, keys: &[KeyRow]) -> Application {
    Application {
        id: row.id(),
        name: row.name().clone(),
        relay: row.relay,
        recording: row.recording,
        missing: missing_conditions(row),
        keys: keys.iter().filter(|key| key.application() == row.id()).map(key_view).collect(),
        allowed_origins: row.allowed_origins().to_vec(),
        retention_days: retention_of(row),
        link_validity: Duration::from_secs(unsigned(row.link_validity_seconds)),
        storage: row.storage(),
        storage_is_own: row.own_storage().is_some(),
        storage_health: row.storage_health(),
        created_at: to_date(unsigned(row.created_at)),
        policy: policy_of(row),
    }
}

fn key_view(row: &KeyRow) -> AppKey {
    AppKey {
        id: row.id(),
        created_at: to_date(unsigned(row.created_at)),
        revoked_at: row.revoked_at.map(unsigned).map(to_date),
        settings: row.settings(),
    }
}

pub(crate) fn not_found() -> Error {
    Error::not_found("application_not_found", "There is no such application.")
}
