//! Deletes a recording's object from the customer's bucket.

use super::runner::{LEASE, Outcome};
use crate::{
    error::{Error, Result},
    recordings::deletion,
    services::Services,
    storage::{Bucket, BucketError, Scope},
    store::{RecordingRow, StorageRow},
};
use protocol::ids::{OrgId, RecordingId};
use std::time::Duration;

/// Once the schedule has ended. It never gives up: the customer was promised that the recording goes.
const LATER: Duration = Duration::from_secs(6 * 3600);

pub(super) async fn run(services: &Services, org: OrgId, id: RecordingId, attempt: u64) -> Result<Outcome> {
    let Some((row, storage)) = begin(services, org, id).await? else { return Ok(Outcome::Done) };
    let deleted = delete(services, &row, &storage).await;
    let Err((problem, error)) = deleted else {
        deletion::finish(services, org, &row).await?;
        return Ok(Outcome::Done);
    };
    let mut tx = services.begin().await?;
    tx.org(org).postpone_deletion(id, &problem).await?;
    tx.commit().await?;
    Ok(match Outcome::retry(services, attempt, error) {
        Outcome::Dead(error) => Outcome::RetryAfter(LATER, error),
        other => other,
    })
}

/// From here on a legal hold comes too late, until the attempt has ended.
async fn begin(services: &Services, owner: OrgId, id: RecordingId) -> Result<Option<(RecordingRow, StorageRow)>> {
    let until = services.now() + u64::try_from(LEASE.as_millis()).unwrap_or(u64::MAX);
    let mut tx = services.begin().await?;
    let mut org = tx.org(owner);
    if !org.begin_deletion(id, until).await? {
        return Ok(None);
    }
    let Some(row) = org.recording(id).await? else { return Ok(None) };
    let Some(storage) = org.storage_of(row.storage()).await? else { return Ok(None) };
    tx.commit().await?;
    Ok(Some((row, storage)))
}

/// What to show while it waits, and the error for the log.
async fn delete(services: &Services, row: &RecordingRow, storage: &StorageRow) -> Result<(), (String, Error)> {
    let scope = Scope::Recording { id: row.id(), key: &row.object_key };
    let deleted = match Bucket::open(services, storage, scope).await {
        Ok(bucket) => bucket.delete(&row.object_key).await,
        Err(error) => Err(error),
    };
    match deleted {
        Err(error) if !error.is_not_found() => Err((sentence(&error), error.into())),
        _ => Ok(()),
    }
}

fn sentence(error: &BucketError) -> String {
    match error.status() {
        Some(403) => "The bucket does not allow deleting. Allow s3:DeleteObject for the storage's prefix.".to_owned(),
        _ => error.sentence(),
    }
}
