//! Deleting recordings from the customer's bucket, and legal holds, which keep them from being deleted.
//!
//! A deletion is requested at once and done by a job. What was requested can be played no more; the row stays, without
//! anything that opens the recording. In a bucket with versions the object's earlier version stays, under a delete
//! marker, until the bucket's own lifecycle rule removes it.

use super::{Recording, missing, not_found, view};
use crate::{
    access::{Access, Permission},
    audit::{self, Actor},
    error::{Error, Result},
    jobs::{self, Work},
    notifications,
    services::Services,
    store::{OrgTx, RecordingRow, unsigned},
};
use protocol::{
    ids::{OrgId, RecordingId},
    webhook::EventType,
    wire_enum,
};

const MAX_REASON_CHARS: usize = 500;

wire_enum! {
    /// Why a recording is deleted.
    DeletionCause {
        /// Somebody asked for it.
        Requested = "requested",
        /// Its application keeps recordings no longer.
        Retention = "retention",
    }
}

/// Deletes a recording that has ended. Harmless when repeated; refused with `legal_hold` while one keeps it. The reason
/// is for the audit log and may be empty.
pub async fn delete(services: &Services, access: &Access, id: RecordingId, reason: &str) -> Result<Recording> {
    access.require(Permission::GovernRecordings)?;
    let reason = checked_reason(reason)?;
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    let row = org.recording(id).await?.ok_or_else(not_found)?;
    if row.delete_requested_at.is_some() {
        return Ok(view(row));
    }
    if row.legal_hold.is_some() {
        return Err(Error::conflict("legal_hold", "A legal hold keeps this recording. Lift the hold first."));
    }
    if !row.state().is_final() {
        return Err(Error::conflict(
            "recording_not_ended",
            "The recording has not ended. Stop it and wait for the end.",
        ));
    }
    let requested = Request { cause: DeletionCause::Requested, actor: access.actor(), detail: &reason };
    if !request(services, &mut org, id, &requested).await? {
        return Err(super::events::changed_meanwhile());
    }
    let row = org.recording(id).await?.ok_or_else(not_found)?;
    tx.commit().await?;
    Ok(view(row))
}

/// A deletion with what the audit log says about it.
pub(super) struct Request<'a> {
    pub cause: DeletionCause,
    pub actor: Actor,
    pub detail: &'a str,
}

/// Requests a deletion; false when the recording is held or changed meanwhile.
pub(super) async fn request(
    services: &Services,
    org: &mut OrgTx<'_>,
    id: RecordingId,
    request: &Request<'_>,
) -> Result<bool> {
    if !org.request_deletion(id, request.cause, services.now()).await? {
        return Ok(false);
    }
    let work = Work::DeleteObject { org: org.id(), recording: id };
    jobs::push(services, org.system(), &work).await?;
    audit::record(services, org, request.actor, "recording.delete_requested", &id, request.detail).await?;
    Ok(true)
}

/// The object is gone: tells the audit log and the webhook, once.
pub(crate) async fn finish(services: &Services, owner: OrgId, row: &RecordingRow) -> Result<()> {
    let mut tx = services.begin().await?;
    let mut org = tx.org(owner);
    if !org.finish_deletion(row.id(), services.now()).await? {
        return Ok(());
    }
    let cause = row.delete_cause().map_or("", DeletionCause::as_str);
    audit::record(services, &mut org, Actor::System, "recording.deleted", &row.id(), cause).await?;
    if let Some(row) = org.recording(row.id()).await? {
        notifications::raise::recording(services, &mut org, &row, EventType::RecordingDeleted, None).await?;
    }
    Ok(tx.commit().await?)
}

/// Sets or lifts a legal hold; nothing deletes a held recording. Setting one needs a reason and calls off a deletion
/// that waits; it is refused with `deletion_under_way` while the bucket is being asked to delete the object.
pub async fn set_legal_hold(
    services: &Services,
    access: &Access,
    id: RecordingId,
    on: bool,
    reason: &str,
) -> Result<Recording> {
    access.require(Permission::GovernRecordings)?;
    let reason = checked_reason(reason)?;
    if on && reason.is_empty() {
        return Err(Error::invalid("reason_required", "Say why the recording is held, for example a case number."));
    }
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    let row = org.recording(id).await?.ok_or_else(not_found)?;
    if row.deleted_at.is_some() {
        return Err(missing());
    }
    let action = if on {
        hold(services, &mut org, &row, &reason).await?;
        "recording.hold_set"
    } else if row.legal_hold.is_some() {
        org.release_recording(id).await?;
        "recording.hold_lifted"
    } else {
        return Ok(view(row));
    };
    audit::record(services, &mut org, access.actor(), action, &id, &reason).await?;
    let row = org.recording(id).await?.ok_or_else(not_found)?;
    tx.commit().await?;
    Ok(view(row))
}

async fn hold(services: &Services, org: &mut OrgTx<'_>, row: &RecordingRow, reason: &str) -> Result<()> {
    if !org.hold_recording(row.id(), reason, services.now()).await? {
        let under_way = row.delete_attempt_until.is_some_and(|until| unsigned(until) > services.now());
        let said = "The bucket is being asked to delete the recording. Look again in some minutes.";
        return Err(if under_way {
            Error::conflict("deletion_under_way", said)
        } else {
            super::events::changed_meanwhile()
        });
    }
    if row.delete_requested_at.is_some() {
        audit::record(services, org, Actor::System, "recording.delete_called_off", &row.id(), "legal hold").await?;
    }
    Ok(())
}

fn checked_reason(reason: &str) -> Result<String> {
    let reason = reason.trim();
    if reason.chars().count() > MAX_REASON_CHARS || reason.chars().any(char::is_control) {
        let said = format!("A reason is one line of at most {MAX_REASON_CHARS} characters.");
        return Err(Error::invalid("reason_invalid", said));
    }
    Ok(reason.to_owned())
}
