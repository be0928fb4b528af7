//! Deletes a recording's object from the customer's bucket.

use super::runner::{LEASE, Outcome};
use crate::{
    clock::millis,
    error::Result,
    recordings::deletion,
    services::Services,
    storage::{self, Bucket, BucketError, Scope, ValidationCause, health, poster_key},
    store::{OrgTx, RecordingRow, StorageRow},
};
use protocol::ids::{OrgId, RecordingId};
use std::time::Duration;

/// Once the schedule has ended. It never gives up: the customer was promised that the recording goes.
const LATER: Duration = Duration::from_secs(6 * 3600);

pub(super) async fn run(services: &Services, org: OrgId, id: RecordingId, attempt: u64) -> Result<Outcome> {
    let Some((row, storage)) = begin(services, org, id).await? else { return Ok(Outcome::Done) };
    let Some(storage) = storage else {
        // It went to an address of its client; there is nothing of it here.
        deletion::finish(services, org, &row).await?;
        return Ok(Outcome::Done);
    };
    let Err(error) = delete(services, &row, &storage).await else {
        deletion::finish(services, org, &row).await?;
        return Ok(Outcome::Done);
    };
    let mut tx = services.begin().await?;
    let mut org = tx.org(org);
    org.postpone_deletion(id, &sentence(&error)).await?;
    tell_health(services, &mut org, &storage, &error, attempt).await?;
    tx.commit().await?;
    Ok(match Outcome::retry(services, attempt, error.into()) {
        Outcome::Dead(error) => Outcome::RetryAfter(LATER, error),
        other => other,
    })
}

/// From here on a legal hold comes too late, until the attempt has ended. A worker that dies after the bucket has deleted
/// the object is replaced when its lease ends, which is before a hold is accepted again.
async fn begin(
    services: &Services,
    owner: OrgId,
    id: RecordingId,
) -> Result<Option<(RecordingRow, Option<StorageRow>)>> {
    let until = services.now() + millis(2 * LEASE);
    let mut tx = services.begin().await?;
    let mut org = tx.org(owner);
    if !org.begin_deletion(id, until).await? {
        return Ok(None);
    }
    let Some(row) = org.recording(id).await? else { return Ok(None) };
    let storage = org.storage_of_recording(&row).await?;
    if storage.is_none() && row.storage().is_some() {
        return Ok(None);
    }
    tx.commit().await?;
    Ok(Some((row, storage)))
}

async fn delete(services: &Services, row: &RecordingRow, storage: &StorageRow) -> Result<(), BucketError> {
    let scope = Scope::Recording { id: row.id(), key: &row.object_key };
    let bucket = Bucket::open(services, storage, scope).await?;
    // The picture first: while the recording is there, the customer sees that something is left.
    let poster = row.poster.then(|| poster_key(&row.object_key));
    for key in poster.iter().chain([&row.object_key]) {
        match bucket.delete(key).await {
            Err(error) if !is_gone(&error) => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// A store says which of the two is missing; a 404 of anything else proves nothing.
fn is_gone(error: &BucketError) -> bool {
    let BucketError::Refused(refusal) = error else { return false };
    refusal.status == 404 && matches!(refusal.code.as_str(), "NoSuchKey" | "NoSuchBucket")
}

/// A bucket that is silent may take no recordings either. One that only refuses to delete may take them: what it allows
/// is for a validation to find out.
async fn tell_health(
    services: &Services,
    org: &mut OrgTx<'_>,
    row: &StorageRow,
    error: &BucketError,
    attempt: u64,
) -> Result<()> {
    if error.is_passing() {
        health::failed(services, org, row, error).await
    } else if attempt == 1 {
        storage::start_validation(services, org, row, ValidationCause::Refused).await.map(drop)
    } else {
        Ok(())
    }
}

/// What is shown while it waits.
fn sentence(error: &BucketError) -> String {
    match error.status() {
        Some(403) => "The bucket does not allow deleting. Allow s3:DeleteObject for the storage's prefix.".to_owned(),
        _ => error.sentence(),
    }
}
