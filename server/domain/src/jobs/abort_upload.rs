//! Gives up an upload nobody will complete, so that its parts cost the customer nothing.

use super::runner::Outcome;
use crate::{
    error::Result,
    services::Services,
    storage::{Bucket, Scope},
};
use protocol::ids::{OrgId, RecordingId, StorageId};

/// An upload that a bucket has begun.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begun<'a> {
    pub recording: RecordingId,
    pub storage: StorageId,
    pub key: &'a str,
    pub upload: &'a str,
}

pub(super) async fn run(services: &Services, org: OrgId, begun: Begun<'_>) -> Result<Outcome> {
    let Begun { recording, storage, key, upload } = begun;
    let storage = services.read().await?.org(org).storage_of(storage).await?;
    let Some(storage) = storage.filter(|storage| storage.removed_at.is_none()) else { return Ok(Outcome::Done) };
    let bucket = Bucket::open(services, &storage, Scope::Recording { id: recording, key }).await?;
    match bucket.abort_upload(key, upload).await {
        Err(error) if !error.is_not_found() => Err(error.into()),
        _ => Ok(Outcome::Done),
    }
}
