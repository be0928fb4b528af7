//! Uploads: the node sends the bytes, the control plane holds the credentials.

use super::owned_by;
use crate::{
    error::{Error, Result},
    services::Services,
    storage::Bucket,
    store::{RecordingRow, StorageRow},
};
use protocol::{
    ids::{NodeId, OrgId, RecordingId},
    limits::{MAX_PARTS, PARTS_PER_REQUEST},
    link::{Answer, Destination, PartRefusal},
    recording::RecordingState,
};
use std::error::Error as StdError;

/// Creates the multipart upload; an earlier unfinished one is aborted, and `refused` is why. `Upload`, `Gone` or
/// `Unavailable`.
pub async fn begin_upload(
    services: &Services,
    node: NodeId,
    id: RecordingId,
    refused: Option<&PartRefusal>,
) -> Result<Answer> {
    if let Some(PartRefusal { status, detail }) = refused {
        tracing::warn!(%node, recording = %id, status, detail, "a bucket refused a part");
    }
    let Some((owner, row, storage)) = load(services, node, id).await? else { return Ok(Answer::Gone) };
    if row.state() == RecordingState::Uploading {
        return Ok(Answer::Unavailable);
    }
    let bucket = Bucket::of(services, &storage)?;
    if let Some(previous) = &row.upload_id
        && let Err(error) = bucket.abort_upload(&row.object_key, previous).await
    {
        // It costs the customer space until their lifecycle rule removes it, but must not cost the recording.
        tracing::warn!(recording = %id, error = &error as &dyn StdError, "an unfinished upload was not aborted");
    }
    let upload = bucket.create_upload(&row.object_key).await?;
    let mut tx = services.begin().await?;
    let replaced = tx.org(owner).replace_upload(id, row.upload_id.as_deref(), &upload).await?;
    if !replaced {
        drop(tx);
        bucket.abort_upload(&row.object_key, &upload).await?;
        return Ok(Answer::Unavailable);
    }
    tx.commit().await?;
    let destination = Destination { ca_certificate: None, trusted: true };
    Ok(Answer::Upload { upload, destination })
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
    let Some((_, row, storage)) = load(services, node, id).await? else { return Ok(Answer::Gone) };
    if row.upload_id.as_deref() != Some(upload) || row.state() == RecordingState::Uploading {
        return Ok(Answer::Unavailable);
    }
    let bucket = Bucket::of(services, &storage)?;
    let urls = parts.iter().map(|number| bucket.sign_part(&row.object_key, *number, upload).into()).collect();
    Ok(Answer::Parts { urls })
}

/// An unfinished recording of this node with its storage.
async fn load(services: &Services, node: NodeId, id: RecordingId) -> Result<Option<(OrgId, RecordingRow, StorageRow)>> {
    let mut tx = services.read().await?;
    let Some((owner, row)) = owned_by(&mut tx, node, id).await? else { return Ok(None) };
    let storage = tx.org(owner).storage_of(row.storage()).await?;
    Ok(storage.map(|storage| (owner, row, storage)))
}
