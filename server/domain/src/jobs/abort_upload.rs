//! Gives up an upload nobody will complete, so that its parts cost the customer nothing.

use super::runner::Outcome;
use crate::{
    error::Result,
    services::Services,
    storage::{Bucket, Scope, poster_key},
};
use protocol::{
    ids::{OrgId, RecordingId, StorageId},
    recording::RecordingState,
};

/// An upload that a bucket has begun.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begun<'a> {
    pub recording: RecordingId,
    pub storage: StorageId,
    pub key: &'a str,
    pub upload: &'a str,
    pub poster: bool,
}

pub(super) async fn run(services: &Services, org: OrgId, begun: Begun<'_>) -> Result<Outcome> {
    let Begun { recording, storage, key, upload, poster } = begun;
    let storage = services.read().await?.org(org).storage_of(storage).await?;
    let Some(storage) = storage.filter(|storage| storage.removed_at.is_none()) else { return Ok(Outcome::Done) };
    let bucket = Bucket::open(services, &storage, Scope::Recording { id: recording, key }).await?;
    match bucket.abort_upload(key, upload).await {
        Err(error) if !error.is_not_found() => return Err(error.into()),
        _ => {}
    }
    if poster && !is_home(services, org, begun).await? {
        bucket.delete(&poster_key(key)).await?;
    }
    Ok(Outcome::Done)
}

/// Whether the recording is, or will be, where this upload was begun: its picture is replaced there, not removed.
async fn is_home(services: &Services, org: OrgId, begun: Begun<'_>) -> Result<bool> {
    let row = services.read().await?.org(org).recording(begun.recording).await?;
    Ok(row.is_some_and(|row| {
        row.storage() == Some(begun.storage) && row.object_key == begun.key && row.state() != RecordingState::Failed
    }))
}
