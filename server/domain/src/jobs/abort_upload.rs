//! Gives up an upload nobody will complete, so that its parts cost the customer nothing.

use super::runner::Outcome;
use crate::{
    error::Result,
    services::Services,
    storage::{Bucket, Scope},
};
use protocol::ids::{OrgId, RecordingId};

pub(super) async fn run(services: &Services, org: OrgId, recording: RecordingId, upload: &str) -> Result<Outcome> {
    let mut tx = services.read().await?;
    let mut org = tx.org(org);
    let Some(row) = org.recording(recording).await? else { return Ok(Outcome::Done) };
    let Some(storage) = org.storage_of(row.storage()).await? else { return Ok(Outcome::Done) };
    drop(tx);
    let scope = Scope::Recording { id: recording, key: &row.object_key };
    match Bucket::open(services, &storage, scope).await?.abort_upload(&row.object_key, upload).await {
        Err(error) if !error.is_not_found() => Err(error.into()),
        _ => Ok(Outcome::Done),
    }
}
