//! Uploads: the node sends the bytes, the control plane holds the credentials and decides which bucket they go to. A
//! recording whose bucket does not take it waits, encrypted, on its node.

use super::{keys, owned_by};
use crate::{
    clock::to_date,
    error::{Error, Result},
    jobs::{self, Work},
    services::Services,
    storage::{Bucket, BucketError, MediaType, Scope, health, poster_key},
    store::{RecordingRow, StorageRow, unsigned},
};
use protocol::{
    ids::{NodeId, OrgId, RecordingId},
    limits::{MAX_PARTS, PARTS_PER_REQUEST},
    link::{Answer, Destination, PartRefusal},
    recording::RecordingState,
};
use std::error::Error as StdError;

/// When a node asks again whether a bucket works.
const HELD_RETRY_SECONDS: u32 = 30;

/// Creates the multipart upload in the bucket that works; an earlier unfinished one is aborted, and `refused` is why.
/// `Upload`, `Held`, `Gone` or `Unavailable`.
pub async fn begin_upload(
    services: &Services,
    node: NodeId,
    id: RecordingId,
    refused: Option<&PartRefusal>,
) -> Result<Answer> {
    let Some((owner, row, storage)) = load(services, node, id).await? else { return Ok(Answer::Gone) };
    if row.state() == RecordingState::Uploading {
        return Ok(Answer::Unavailable);
    }
    if let Some(refused) = refused {
        note_refusal(services, &storage, id, refused).await?;
    }
    let candidates = health::candidates(&mut services.read().await?.org(owner), &row).await?;
    for storage in candidates {
        let key = key_in(&storage, &row);
        match create(services, &storage, id, &key).await {
            Ok((upload, destination)) => {
                let begun = Begun { storage: &storage, key: &key, upload: &upload };
                let kept = keep(services, owner, &row, &begun).await?;
                return Ok(if kept { Answer::Upload { upload, destination } } else { Answer::Unavailable });
            }
            Err(error) => report(services, &storage, id, &error).await?,
        }
    }
    let mut tx = services.begin().await?;
    tx.org(owner).hold_delivery(id, services.now()).await?;
    tx.commit().await?;
    Ok(Answer::Held { retry_seconds: HELD_RETRY_SECONDS })
}

/// Made anew each time: the storage's prefix and template may have changed since the recording began.
fn key_in(storage: &StorageRow, row: &RecordingRow) -> String {
    keys::object_key(storage, row.application(), row.room(), to_date(unsigned(row.created_at)), row.id())
}

async fn create(
    services: &Services,
    storage: &StorageRow,
    id: RecordingId,
    key: &str,
) -> Result<(String, Destination), BucketError> {
    let bucket = Bucket::open(services, storage, Scope::Recording { id, key }).await?;
    let upload = bucket.create_upload(key, &[("recording", &id.to_string())]).await?;
    let ca_certificate = bucket.ca_certificate().map(str::to_owned);
    Ok((upload, Destination { ca_certificate, trusted: bucket.is_trusted() }))
}

/// An upload that a bucket has begun.
struct Begun<'a> {
    storage: &'a StorageRow,
    key: &'a str,
    upload: &'a str,
}

/// Notes the upload; gives it up when another request was faster.
async fn keep(services: &Services, owner: OrgId, row: &RecordingRow, begun: &Begun<'_>) -> Result<bool> {
    let Begun { storage, key, upload } = *begun;
    let mut tx = services.begin().await?;
    let mut org = tx.org(owner);
    let bucket = &storage.target().bucket;
    let kept = org.replace_upload(row.id(), row.upload_id.as_deref(), upload).await?
        && org.redirect_recording(row.id(), storage.id(), bucket, key).await?;
    if kept {
        // It costs the customer space until it is given up.
        if let Some(previous) = Work::abort_upload(owner, row) {
            jobs::push(services, org.system(), &previous).await?;
        }
        tx.commit().await?;
        return Ok(true);
    }
    drop(tx);
    let bucket = Bucket::open(services, storage, Scope::Recording { id: row.id(), key }).await?;
    bucket.abort_upload(key, upload).await?;
    Ok(false)
}

/// What the node met at the bucket counts as what we would have met.
async fn note_refusal(services: &Services, storage: &StorageRow, id: RecordingId, refused: &PartRefusal) -> Result<()> {
    let error = match refused.status {
        Some(status) => BucketError::refused(status, &refused.detail),
        None => BucketError::NodeUnanswered,
    };
    report(services, storage, id, &error).await
}

/// A request for this recording failed at the bucket.
async fn report(services: &Services, storage: &StorageRow, id: RecordingId, error: &BucketError) -> Result<()> {
    tracing::warn!(recording = %id, storage = %storage.id(), error = error as &dyn StdError, "a bucket does not take a recording");
    let mut tx = services.begin().await?;
    let mut org = tx.org(storage.org());
    org.hold_delivery(id, services.now()).await?;
    health::failed(services, &mut org, storage, error).await?;
    Ok(tx.commit().await?)
}

/// Signs part URLs of the current upload. `Parts`, `Gone` or `Unavailable`.
pub async fn sign_parts(
    services: &Services,
    node: NodeId,
    id: RecordingId,
    upload: &str,
    parts: &[u16],
) -> Result<Answer> {
    if parts.len() > PARTS_PER_REQUEST || parts.iter().any(|number| !(1..=MAX_PARTS).contains(number)) {
        return Err(Error::invalid("parts_invalid", "Too many parts, or numbers that do not exist."));
    }
    sign(services, node, id, upload, |bucket, key| Answer::Parts {
        urls: parts.iter().map(|number| bucket.sign_part(key, *number, upload).into()).collect(),
    })
    .await
}

/// Signs where the picture of the recording goes. `Poster`, `Gone` or `Unavailable`.
pub async fn sign_poster(services: &Services, node: NodeId, id: RecordingId, upload: &str) -> Result<Answer> {
    sign(services, node, id, upload, |bucket, key| {
        let metadata = [("recording", &*id.to_string())];
        let (url, headers) = bucket.sign_put(&poster_key(key), MediaType::Picture, &metadata);
        Answer::Poster { url: url.into(), headers }
    })
    .await
}

/// Signs something for the upload that a node works on.
async fn sign(
    services: &Services,
    node: NodeId,
    id: RecordingId,
    upload: &str,
    answer: impl FnOnce(&Bucket<'_>, &str) -> Answer,
) -> Result<Answer> {
    let Some((_, row, storage)) = load(services, node, id).await? else { return Ok(Answer::Gone) };
    if row.upload_id.as_deref() != Some(upload) || row.state() == RecordingState::Uploading {
        return Ok(Answer::Unavailable);
    }
    let bucket = Bucket::open(services, &storage, Scope::Recording { id, key: &row.object_key }).await?;
    Ok(answer(&bucket, &row.object_key))
}

/// An unfinished recording of this node with its storage.
async fn load(services: &Services, node: NodeId, id: RecordingId) -> Result<Option<(OrgId, RecordingRow, StorageRow)>> {
    let mut tx = services.read().await?;
    let Some((owner, row)) = owned_by(&mut tx, node, id).await? else { return Ok(None) };
    let storage = tx.org(owner).storage_of_recording(&row).await?;
    Ok(storage.map(|storage| (owner, row, storage)))
}
