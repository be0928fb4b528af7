//! How long an application keeps its recordings.

use super::deletion::{DeletionCause, Request, request};
use crate::{
    access::{Access, Permission},
    applications::{self, checked_retention, retention_of},
    audit::Actor,
    error::Result,
    services::Services,
    store::Doomed,
};
use protocol::{ids::ApplicationId, recording::RecordingState};

const DAY_MS: u64 = 24 * 3600 * 1000;

/// What a retention would delete now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionPreview {
    pub recordings: u64,
    pub bytes: u64,
    /// As old, but kept by a legal hold.
    pub held: u64,
}

/// What would be deleted if the application kept its recordings for so many days.
pub async fn retention_preview(
    services: &Services,
    access: &Access,
    application: ApplicationId,
    days: u32,
) -> Result<RetentionPreview> {
    access.require(Permission::ViewRecordings)?;
    let days = checked_retention(days)?;
    let mut tx = services.read().await?;
    let mut org = tx.reach(access);
    applications::existing(&mut org, application).await?;
    let older = org.older_recordings(application, oldest_kept(services.now(), days)).await?;
    Ok(RetentionPreview { recordings: older.recordings(), bytes: older.bytes(), held: older.held() })
}

/// Requests the deletion of one recording, if its application keeps it no longer.
pub(crate) async fn apply(services: &Services, doomed: &Doomed) -> Result<()> {
    let mut tx = services.begin().await?;
    let mut org = tx.org(doomed.org());
    // The setting may have changed since the list was made.
    let Some(row) = org.recording(doomed.id()).await? else { return Ok(()) };
    let Some(application) = org.application(row.application()).await? else { return Ok(()) };
    let Some(days) = retention_of(&application) else { return Ok(()) };
    let ready_at = row.ready_at.map(crate::store::unsigned);
    if row.state() != RecordingState::Ready || ready_at >= Some(oldest_kept(services.now(), days)) {
        return Ok(());
    }
    let detail = format!("kept for {days} days");
    let requested = Request { cause: DeletionCause::Retention, actor: Actor::System, detail: &detail };
    if request(services, &mut org, row.id(), &requested).await? {
        tx.commit().await?;
    }
    Ok(())
}

/// Recordings that were ready before (Unix milliseconds) are too old.
fn oldest_kept(now: u64, days: u32) -> u64 {
    now.saturating_sub(u64::from(days) * DAY_MS)
}
