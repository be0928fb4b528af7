//! Applications: their switches, keys, origins and webhook.

use crate::{Access, Error, Result, Services};
use chrono::{DateTime, Utc};
use protocol::{
    ids::{AppKeyId, ApplicationId},
    names::DisplayName,
    policy::AppPolicy,
};
use secrecy::SecretString;
use std::fmt;
use url::Url;

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
    pub webhook: Option<Webhook>,
    pub created_at: DateTime<Utc>,
    pub(crate) revision: u64,
    pub(crate) max_duration_seconds: u32,
    pub(crate) idle_timeout_seconds: u32,
}

/// Credential of end-user SDKs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppKey {
    pub id: AppKeyId,
    pub created_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
}

/// Where notifications go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    pub url: Url,
}

impl Application {
    /// What nodes enforce.
    #[must_use]
    pub fn policy(&self) -> AppPolicy {
        AppPolicy {
            revision: self.revision,
            relay: self.relay,
            recording: self.recording && self.relay,
            max_duration_seconds: self.max_duration_seconds,
            idle_timeout_seconds: self.idle_timeout_seconds,
            allowed_origins: self.allowed_origins.clone(),
        }
    }
}

/// All applications of the org, by name.
pub async fn list(_services: &Services, _access: &Access) -> Result<Vec<Application>> {
    Err(Error::internal("pending"))
}

pub async fn get(_services: &Services, _access: &Access, _id: ApplicationId) -> Result<Application> {
    Err(Error::internal("pending"))
}

/// With Media Relay on, Recording off, and one key.
pub async fn create(_services: &Services, _access: &Access, _name: DisplayName) -> Result<Application> {
    Err(Error::internal("pending"))
}

/// Off also switches Recording off.
pub async fn set_relay(_services: &Services, _access: &Access, _id: ApplicationId, _on: bool) -> Result<Application> {
    Err(Error::internal("pending"))
}

/// On fails with `conditions_missing` and all [`Error::conditions`] while any is missing.
pub async fn set_recording(_services: &Services, _access: &Access, _id: ApplicationId, _on: bool) -> Result<Application> {
    Err(Error::internal("pending"))
}

pub async fn create_key(_services: &Services, _access: &Access, _id: ApplicationId) -> Result<AppKey> {
    Err(Error::internal("pending"))
}

/// Takes effect on running rooms at once; harmless when repeated.
pub async fn revoke_key(_services: &Services, _access: &Access, _id: ApplicationId, _key: AppKeyId) -> Result<Application> {
    Err(Error::internal("pending"))
}

/// Web origins that may join, for example `https://shop.example`; empty allows every origin.
pub async fn set_allowed_origins(_services: &Services, _access: &Access, _id: ApplicationId, _origins: Vec<String>) -> Result<Application> {
    Err(Error::internal("pending"))
}

/// Sets or removes the webhook. A new URL gets a new secret (`whsec_…`), returned this once.
pub async fn set_webhook(_services: &Services, _access: &Access, _id: ApplicationId, _url: Option<Url>) -> Result<Option<SecretString>> {
    Err(Error::internal("pending"))
}
