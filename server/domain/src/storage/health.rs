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
    temasys,
};
use chrono::{DateTime, Utc};
use protocol::wire_enum;
use std::time::Duration;

/// How long requests may fail in a way that may pass before that is called more than a hiccup.
const HICCUP: Duration = Duration::from_secs(5 * 60);
const QUARTER_HOUR_MS: u64 = 15 * 60 * 1000;
const REASON_CHARS: usize = 300;

wire_enum! {
    /// What a storage is for.
    Standing {
        /// Recordings go there.
        Primary = "primary",
        /// Recordings go there while the first one does not work.
        Second = "second",
        /// Kept for applications that name it, and for what lies there.
        Spare = "spare",
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
        org.storage_of_recording(row).await?,
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

/// Everything a recording needs was tried on this revision of the storage and works. That is not enough for a storage
/// that keeps refusing recordings all the same: each time it stays degraded for longer.
pub(crate) async fn proven(services: &Services, org: &mut OrgTx<'_>, storage: &StorageRow) -> Result<()> {
    let now = services.now();
    if storage.degraded_at.is_some_and(|since| now.saturating_sub(unsigned(since)) < penance(storage.refusals)) {
        return Ok(org.set_storage_checked(storage.id(), now).await?);
    }
    if !org.set_storage_works(storage.id(), storage.revision, now).await? {
        return Ok(());
    }
    services.sessions().forget(storage.id());
    temasys::proven(services, org, storage.id()).await?;
    if storage.degraded_at.is_none() {
        return Ok(());
    }
    audit::record(services, org, Actor::System, "storage.recovered", &storage.id(), "").await?;
    announce(services, org, storage, None).await
}

/// Milliseconds that a storage stays degraded after so many refusals in a row, whatever validations say: none at
/// first, then a quarter of an hour, doubled up to eight hours.
fn penance(refusals: i64) -> u64 {
    let doublings = u32::try_from(refusals.saturating_sub(2)).ok();
    doublings.map_or(0, |doublings| QUARTER_HOUR_MS << doublings.min(5))
}

/// A recording was delivered. It takes a transaction of its own, because elsewhere the storage is written before what
/// makes a recording ready.
pub(crate) async fn delivered(services: &Services, storage: &StorageRow) -> Result<()> {
    if storage.failing_since.is_none() && storage.refusals == 0 {
        return Ok(());
    }
    let mut tx = services.begin().await?;
    tx.org(storage.org()).set_storage_delivered(storage.id()).await?;
    Ok(tx.commit().await?)
}

/// A request for a recording failed. A refusal degrades the storage at once, silence after a while.
pub(crate) async fn failed(
    services: &Services,
    org: &mut OrgTx<'_>,
    storage: &StorageRow,
    error: &BucketError,
) -> Result<()> {
    if error.is_lost_upload() {
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
    if degrade(services, org, storage, &error.sentence(), true).await? {
        validation::start(services, org, storage, ValidationCause::Refused).await?;
    }
    Ok(())
}

/// A validation failed.
pub(crate) async fn broken(services: &Services, org: &mut OrgTx<'_>, storage: &StorageRow, reason: &str) -> Result<()> {
    degrade(services, org, storage, reason, false).await.map(drop)
}

/// The storage does not work; `refused` is whether a recording found out. False when it is degraded already or has
/// never worked.
async fn degrade(
    services: &Services,
    org: &mut OrgTx<'_>,
    storage: &StorageRow,
    reason: &str,
    refused: bool,
) -> Result<bool> {
    let reason: String = reason.chars().filter(|c| !c.is_control()).take(REASON_CHARS).collect();
    if !org.set_storage_degraded(storage.id(), &reason, refused, services.now()).await? {
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
        if application.storage() == Some(storage.id()) {
            notifications::raise::storage(services, org, application.id(), storage, degraded).await?;
        }
    }
    mail::queue_storage_changed(services, org, storage, degraded).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_keeps_refusing_waits_longer_but_not_for_ever() {
        let minutes: Vec<u64> = [0, 1, 2, 3, 4, 7, 100].map(|refusals| penance(refusals) / 60_000).to_vec();
        assert_eq!(minutes, [0, 0, 15, 30, 60, 480, 480]);
    }
}
