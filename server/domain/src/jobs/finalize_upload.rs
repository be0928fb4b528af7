//! Completes an upload and verifies the object; only then is the recording ready.

use super::{
    Work,
    runner::{Outcome, push},
};
use crate::{
    error::{Error, Result},
    recordings::ending,
    services::Services,
    storage::{Bucket, BucketError, Scope, health},
    store::{RecordingRow, StorageRow, unsigned},
};
use protocol::{
    ids::{OrgId, RecordingId},
    link::Command,
    recording::{FailureCause, RecordingState, UploadedPart},
};
use std::{error::Error as StdError, time::Duration};

/// A mismatch may be a store that lags behind itself, once.
const MISMATCH_ATTEMPTS: u64 = 2;
/// Uploads of one recording that did not end in an object.
const UPLOADS: i64 = 3;
const MISMATCH_RETRY: Duration = Duration::from_secs(5);
/// A capture is held for as long as its bucket may take to come back, so nothing is given up here.
const RETRY: Duration = Duration::from_secs(30);

/// Why the object is not there as it should be.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error(transparent)]
    Bucket(#[from] BucketError),
    #[error("{0}")]
    Mismatch(&'static str),
}

pub(super) async fn run(services: &Services, org: OrgId, id: RecordingId, attempt: u64) -> Result<Outcome> {
    let Some((row, storage)) = load(services, org, id).await? else { return Ok(Outcome::Done) };
    if !storage.works() {
        return wait(services, &row, &storage).await;
    }
    let scope = Scope::Recording { id, key: &row.object_key };
    let problem = match Bucket::open(services, &storage, scope).await {
        Ok(bucket) => match complete(&bucket, &row).await {
            Ok(()) => return deliver(services, &row, &storage).await,
            Err(problem) => problem,
        },
        Err(error) => Problem::Bucket(error),
    };
    tracing::warn!(recording = %id, error = &problem as &dyn StdError, "the object did not verify");
    match problem {
        Problem::Bucket(error) if error.is_lost_upload() => {
            again(services, org, &row, Again::Lost("the bucket lost the upload")).await
        }
        Problem::Bucket(error) => {
            let mut tx = services.begin().await?;
            health::failed(services, &mut tx.org(org), &storage, &error).await?;
            tx.commit().await?;
            Ok(Outcome::RetryAfter(RETRY, error.into()))
        }
        Problem::Mismatch(what) if attempt < MISMATCH_ATTEMPTS => {
            let error = Error::unavailable("upload_not_verified", "The upload could not be verified.");
            Ok(Outcome::RetryAfter(MISMATCH_RETRY, error.with_source(Problem::Mismatch(what))))
        }
        Problem::Mismatch(what) => again(services, org, &row, Again::Lost(what)).await,
    }
}

async fn deliver(services: &Services, row: &RecordingRow, storage: &StorageRow) -> Result<Outcome> {
    let mut tx = services.begin().await?;
    ending::ready(services, &mut tx.org(storage.org()), row).await?;
    tx.commit().await?;
    health::delivered(services, storage).await?;
    Ok(Outcome::Done)
}

/// The bucket does not work: the recording waits for it, or goes to another one that works.
async fn wait(services: &Services, row: &RecordingRow, storage: &StorageRow) -> Result<Outcome> {
    let mut tx = services.begin().await?;
    let mut org = tx.org(storage.org());
    if !health::candidates(&mut org, row).await?.is_empty() {
        drop(tx);
        return again(services, storage.org(), row, Again::Moves).await;
    }
    org.hold_delivery(row.id(), services.now()).await?;
    tx.commit().await?;
    Ok(Outcome::Repeat(RETRY))
}

/// Why a file is uploaded once more.
#[derive(Debug, Clone, Copy)]
enum Again {
    /// The upload came to nothing.
    Lost(&'static str),
    /// Its bucket stopped working, and another one works.
    Moves,
}

/// The node still has the capture: it makes and uploads the file once more, but not for ever.
async fn again(services: &Services, owner: OrgId, row: &RecordingRow, why: Again) -> Result<Outcome> {
    tracing::warn!(recording = %row.id(), ?why, "uploading once more");
    let mut tx = services.begin().await?;
    let lost = matches!(why, Again::Lost(_));
    if let Again::Lost(reason) = why
        && row.uploads >= UPLOADS
    {
        ending::fail(services, &mut tx.org(owner), row, FailureCause::UploadFailed, reason).await?;
        tx.commit().await?;
    } else if tx.org(owner).begin_upload_again(row.id(), lost, services.now()).await? {
        let command = Command::UploadAgain { recording: row.id() };
        tx.push_command(row.node(), &command, services.now()).await?;
        if let Some(work) = Work::abort_upload(owner, row) {
            push(services, &mut tx, &work).await?;
        }
        tx.commit().await?;
    }
    Ok(Outcome::Done)
}

async fn load(services: &Services, org: OrgId, id: RecordingId) -> Result<Option<(RecordingRow, StorageRow)>> {
    let mut tx = services.read().await?;
    let mut org = tx.org(org);
    let Some(row) = org.recording(id).await?.filter(|row| row.state() == RecordingState::Uploading) else {
        return Ok(None);
    };
    let storage = org.storage_of_recording(&row).await?;
    Ok(storage.map(|storage| (row, storage)))
}

async fn complete(bucket: &Bucket<'_>, row: &RecordingRow) -> Result<(), Problem> {
    let bytes = row.bytes.map(unsigned).unwrap_or_default();
    let parts = check_parts(row.upload_parts(), bytes)?;
    let etags: Vec<&str> = parts.iter().map(|part| part.etag.as_str()).collect();
    let upload = row.upload_id.as_deref().unwrap_or_default();
    let completed = bucket.complete_upload(&row.object_key, upload, &etags).await;
    match (bucket.head(&row.object_key).await, completed) {
        (Ok(head), _) if head.bytes == bytes => Ok(()),
        (Ok(_), Ok(())) => Err(Problem::Mismatch("the object has another size than what was uploaded")),
        // The object of an earlier attempt would have been found: what failed now is why there is none.
        (_, Err(error)) | (Err(error), Ok(())) => Err(error.into()),
    }
}

/// The parts in order, when they are the whole file and the bucket received what was sent.
fn check_parts(parts: &[UploadedPart], bytes: u64) -> Result<Vec<&UploadedPart>, Problem> {
    let mut ordered: Vec<&UploadedPart> = parts.iter().collect();
    ordered.sort_by_key(|part| part.number);
    if ordered.is_empty() || !ordered.iter().zip(1u16..).all(|(part, number)| part.number == number) {
        return Err(Problem::Mismatch("the parts are not numbered 1, 2, 3, …"));
    }
    if ordered.iter().try_fold(0u64, |sum, part| sum.checked_add(part.bytes)) != Some(bytes) {
        return Err(Problem::Mismatch("the parts together have another size than the file"));
    }
    if !ordered.iter().all(|part| etag_agrees(&part.etag, &part.md5)) {
        return Err(Problem::Mismatch("the bucket received other bytes than were sent"));
    }
    Ok(ordered)
}

/// An etag of 32 hexadecimal digits is the MD5 of the part; other forms say nothing.
fn etag_agrees(etag: &str, md5: &str) -> bool {
    let etag = etag.trim_matches('"');
    let is_md5 = etag.len() == 32 && etag.bytes().all(|byte| byte.is_ascii_hexdigit());
    !is_md5 || etag.eq_ignore_ascii_case(md5)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MD5: &str = "d41d8cd98f00b204e9800998ecf8427e";

    fn part(number: u16, bytes: u64, etag: &str) -> UploadedPart {
        UploadedPart { number, etag: etag.to_owned(), md5: MD5.to_owned(), bytes }
    }

    #[test]
    fn parts_are_put_in_order_and_must_be_whole() {
        let quoted = format!("\"{MD5}\"");
        let parts = [part(2, 5, &quoted), part(3, 1, "opaque-7"), part(1, 5, &quoted)];
        let ordered: Vec<u16> = check_parts(&parts, 11).unwrap().iter().map(|part| part.number).collect();
        assert_eq!(ordered, [1, 2, 3]);
        assert!(check_parts(&parts, 12).is_err());
        assert!(check_parts(&parts[..2], 6).is_err());
        assert!(check_parts(&[], 0).is_err());
        assert!(check_parts(&[part(1, 1, &quoted), part(1, 1, &quoted)], 2).is_err());
        assert!(check_parts(&[part(1, u64::MAX, &quoted), part(2, 2, &quoted)], 1).is_err());
    }

    #[test]
    fn an_md5_etag_must_agree() {
        assert!(etag_agrees(&MD5.to_uppercase(), MD5));
        assert!(!etag_agrees("\"00000000000000000000000000000000\"", MD5));
        assert!(etag_agrees("\"00000000000000000000000000000000-2\"", MD5));
    }
}
