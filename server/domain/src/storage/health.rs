//! Whether a storage works, and what happens when it stops and when it works again: recordings are held, everyone is
//! told, and it is tried again by itself.

use super::{
    bucket_error::BucketError,
    validation::{self, ValidationCause},
};
use crate::{
    audit::{self, Actor},
    clock::to_date,
    error::Result,
    mail, notifications,
    services::Services,
    store::{OrgTx, RecordingRow, StorageRow, unsigned},
};
use chrono::{DateTime, Utc};
use std::{fmt, str::FromStr, time::Duration};

/// How long requests may fail in a way that may pass before that is called more than a hiccup.
const HICCUP: Duration = Duration::from_secs(5 * 60);
const REASON_CHARS: usize = 300;

/// What a storage is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Recordings go there.
    Primary,
    /// Recordings go there while the first one does not work.
    Second,
    /// Kept for applications that name it, and for what lies there.
    Spare,
}

impl Standing {
    pub const ALL: [Self; 3] = [Self::Primary, Self::Second, Self::Spare];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Second => "second",
            Self::Spare => "spare",
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no standing.
#[derive(Debug, thiserror::Error)]
#[error("unknown standing of a storage")]
pub struct UnknownStanding;

impl FromStr for Standing {
    type Err = UnknownStanding;

    fn from_str(text: &str) -> Result<Self, UnknownStanding> {
        Self::ALL.into_iter().find(|standing| standing.as_str() == text).ok_or(UnknownStanding)
    }
}

/// Whether a storage works.
#[derive(Debug, Clone, PartialEq, Eq)]
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

impl Health {
    /// `degraded` is since when (Unix milliseconds) and why.
    pub(crate) fn of(validated: bool, degraded: Option<(i64, String)>) -> Self {
        match (validated, degraded) {
            (false, _) => Self::Unproven,
            (true, None) => Self::Working,
            (true, Some((since, reason))) => Self::Degraded { since: to_date(unsigned(since)), reason },
        }
    }
}

/// Storages that work and may take a recording, best first: where it was meant to go, where its application records by
/// now, and the second one.
pub(crate) async fn candidates(org: &mut OrgTx<'_>, row: &RecordingRow) -> Result<Vec<StorageRow>> {
    let found = [
        org.storage_of(row.storage()).await?,
        org.storage_for(row.application()).await?,
        org.storage_with(Standing::Second).await?,
    ];
    let mut candidates: Vec<StorageRow> = Vec::new();
    for storage in found.into_iter().flatten().filter(StorageRow::works) {
        if candidates.iter().all(|known| known.id() != storage.id()) {
            candidates.push(storage);
        }
    }
    Ok(candidates)
}

/// Everything a recording needs was tried and works.
pub(crate) async fn proven(services: &Services, org: &mut OrgTx<'_>, storage: &StorageRow) -> Result<()> {
    org.set_storage_works(storage.id(), services.now()).await?;
    services.sessions().forget(storage.id());
    if storage.degraded_at.is_none() {
        return Ok(());
    }
    audit::record(services, org, Actor::System, "storage.recovered", &storage.id(), "").await?;
    announce(services, org, storage, None).await
}

/// A request for a recording succeeded.
pub(crate) async fn succeeded(org: &mut OrgTx<'_>, storage: &StorageRow) -> Result<()> {
    if storage.failing_since.is_some() {
        org.clear_storage_failing(storage.id()).await?;
    }
    Ok(())
}

/// A request for a recording failed. A refusal degrades the storage at once, silence after a while.
pub(crate) async fn failed(
    services: &Services,
    org: &mut OrgTx<'_>,
    storage: &StorageRow,
    error: &BucketError,
) -> Result<()> {
    if error.is_no_such_upload() {
        // The bucket works; what was uploaded is gone, and the recording's own affair.
        return Ok(());
    }
    let now = services.now();
    if error.is_passing() {
        org.set_storage_failing(storage.id(), now).await?;
        let since = storage.failing_since.map_or(now, unsigned);
        if u128::from(now.saturating_sub(since)) < HICCUP.as_millis() {
            return Ok(());
        }
    }
    if broken(services, org, storage, &error.sentence()).await? {
        validation::start(services, org, storage, ValidationCause::Refused).await?;
    }
    Ok(())
}

/// The storage does not work: degrades it; false when it is degraded already or has never worked.
pub(crate) async fn broken(
    services: &Services,
    org: &mut OrgTx<'_>,
    storage: &StorageRow,
    reason: &str,
) -> Result<bool> {
    let reason: String = reason.chars().filter(|c| !c.is_control()).take(REASON_CHARS).collect();
    if !org.set_storage_degraded(storage.id(), &reason, services.now()).await? {
        return Ok(false);
    }
    services.sessions().forget(storage.id());
    tracing::warn!(storage = %storage.id(), reason, "a storage does not work any more");
    audit::record(services, org, Actor::System, "storage.degraded", &storage.id(), &reason).await?;
    announce(services, org, storage, Some(&reason)).await?;
    Ok(true)
}

/// Tells the owners, and the webhooks of the applications that record there.
async fn announce(
    services: &Services,
    org: &mut OrgTx<'_>,
    storage: &StorageRow,
    degraded: Option<&str>,
) -> Result<()> {
    for application in org.applications().await? {
        let uses = application.storage() == Some(storage.id());
        if uses && application.webhook_url.is_some() {
            notifications::queue_storage(services, org, application.id(), storage, degraded).await?;
        }
    }
    mail::queue_storage_changed(services, org, storage, degraded).await
}
