//! Deleting recordings, keeping them from being deleted, and finding those that are old enough.

use super::{OrgTx, Text, Tx, execute, fetch_all, fetch_one, on, signed, unsigned};
use crate::recordings::DeletionCause;
use protocol::ids::{ApplicationId, OrgId, RecordingId};

/// A recording to be deleted.
#[derive(sqlx::FromRow)]
pub(crate) struct Doomed {
    org_id: Text<OrgId>,
    id: Text<RecordingId>,
}

impl Doomed {
    pub(crate) fn org(&self) -> OrgId {
        self.org_id.0
    }

    pub(crate) fn id(&self) -> RecordingId {
        self.id.0
    }
}

/// How much a retention would delete.
#[derive(sqlx::FromRow)]
pub(crate) struct OlderRow {
    recordings: i64,
    bytes: i64,
    held: i64,
}

impl OlderRow {
    pub(crate) fn recordings(&self) -> u64 {
        unsigned(self.recordings)
    }

    pub(crate) fn bytes(&self) -> u64 {
        unsigned(self.bytes)
    }

    pub(crate) fn held(&self) -> u64 {
        unsigned(self.held)
    }
}

impl Tx {
    /// Ready recordings, of all orgs, that are older than their application keeps them.
    pub(crate) async fn outlived_recordings(&mut self, now: u64, limit: i64) -> sqlx::Result<Vec<Doomed>> {
        fetch_all!(
            self,
            Doomed,
            // The conditions without a parameter are those of the partial index.
            "SELECT r.org_id, r.id
             FROM applications a JOIN recordings r ON r.org_id = a.org_id AND r.application_id = a.id
             JOIN storages s ON s.org_id = r.org_id AND s.id = r.storage_id AND s.removed_at IS NULL
             WHERE a.retention_days IS NOT NULL AND r.state = 'ready' AND r.delete_requested_at IS NULL
                 AND r.legal_hold IS NULL AND r.ready_at < $1 - a.retention_days * 86400000
             ORDER BY r.id LIMIT $2",
            signed(now),
            limit,
        )
    }

    /// Recordings whose deletion was requested before `before` and is not done, by id; `after` is the last one of the
    /// page before.
    pub(crate) async fn waiting_deletions(
        &mut self,
        before: u64,
        after: Option<RecordingId>,
        limit: i64,
    ) -> sqlx::Result<Vec<Doomed>> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        fetch_all!(
            self,
            Doomed,
            "SELECT org_id, id FROM recordings
             WHERE delete_requested_at IS NOT NULL AND deleted_at IS NULL AND delete_requested_at < $1 AND id > $2
             ORDER BY id LIMIT $3",
            signed(before),
            after.as_str(),
            limit,
        )
    }
}

impl OrgTx<'_> {
    /// False when a hold keeps it, it has not ended, or its deletion was requested before.
    pub(crate) async fn request_deletion(
        &mut self,
        id: RecordingId,
        cause: DeletionCause,
        now: u64,
    ) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "UPDATE recordings SET delete_requested_at = $3, delete_cause = $4
             WHERE org_id = $1 AND id = $2 AND delete_requested_at IS NULL AND legal_hold IS NULL
                 AND state IN ('ready', 'failed')",
            Text(id),
            signed(now),
            Text(cause),
        )?;
        Ok(rows == 1)
    }

    /// Says that the object may disappear from now on; false when the deletion was called off or done.
    pub(crate) async fn begin_deletion(&mut self, id: RecordingId, until: u64) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "UPDATE recordings SET delete_attempt_until = $3
             WHERE org_id = $1 AND id = $2 AND delete_requested_at IS NOT NULL AND deleted_at IS NULL",
            Text(id),
            signed(until),
        )?;
        Ok(rows == 1)
    }

    /// The attempt is over and the object is still there.
    pub(crate) async fn postpone_deletion(&mut self, id: RecordingId, problem: &str) -> sqlx::Result<()> {
        execute!(
            org self,
            "UPDATE recordings SET delete_attempt_until = NULL, delete_problem = $3
             WHERE org_id = $1 AND id = $2 AND deleted_at IS NULL",
            Text(id),
            problem,
        )
        .map(drop)
    }

    /// The object is gone; false when that was known.
    pub(crate) async fn finish_deletion(&mut self, id: RecordingId, now: u64) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "UPDATE recordings SET deleted_at = $3, delete_attempt_until = NULL, delete_problem = NULL,
                 upload_id = NULL, upload_parts = NULL
             WHERE org_id = $1 AND id = $2 AND delete_requested_at IS NOT NULL AND deleted_at IS NULL",
            Text(id),
            signed(now),
        )?;
        Ok(rows == 1)
    }

    /// Holds a recording, which calls off a deletion that waits; false while an attempt may be under way.
    pub(crate) async fn hold_recording(&mut self, id: RecordingId, reason: &str, now: u64) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "UPDATE recordings SET legal_hold = $3, delete_requested_at = NULL, delete_cause = NULL,
                 delete_attempt_until = NULL, delete_problem = NULL
             WHERE org_id = $1 AND id = $2 AND deleted_at IS NULL AND COALESCE(delete_attempt_until, 0) <= $4",
            Text(id),
            reason,
            signed(now),
        )?;
        Ok(rows == 1)
    }

    pub(crate) async fn release_recording(&mut self, id: RecordingId) -> sqlx::Result<()> {
        execute!(org self, "UPDATE recordings SET legal_hold = NULL WHERE org_id = $1 AND id = $2", Text(id)).map(drop)
    }

    /// What of an application was ready before `before` and is still there.
    pub(crate) async fn older_recordings(&mut self, application: ApplicationId, before: u64) -> sqlx::Result<OlderRow> {
        fetch_one!(
            org self,
            OlderRow,
            "SELECT CAST(COALESCE(SUM(CASE WHEN legal_hold IS NULL THEN 1 ELSE 0 END), 0) AS BIGINT) AS recordings,
                 CAST(COALESCE(SUM(CASE WHEN legal_hold IS NULL THEN COALESCE(bytes, 0) ELSE 0 END), 0) AS BIGINT) AS bytes,
                 CAST(COALESCE(SUM(CASE WHEN legal_hold IS NULL THEN 0 ELSE 1 END), 0) AS BIGINT) AS held
             FROM recordings
             WHERE org_id = $1 AND application_id = $2 AND state = 'ready' AND delete_requested_at IS NULL
                 AND ready_at < $3 AND storage_id IS NOT NULL",
            Text(application),
            signed(before),
        )
    }
}
