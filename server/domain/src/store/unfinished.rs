//! Recordings that have not ended and that nobody looks after.

use super::{Text, Tx, fetch_all, on, signed};
use protocol::{
    ids::{OrgId, RecordingId},
    recording::RecordingState,
};

/// Since when (Unix milliseconds) a recording must have stood still to be looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UnfinishedSince {
    /// Not reported by its node.
    pub seen: u64,
    /// Not completed after its upload.
    pub uploading: u64,
    /// Not mixed after its stop, whatever the node reports.
    pub finishing: u64,
    /// Waiting for a bucket.
    pub held: u64,
    /// Waiting for another address of its client.
    pub held_direct: u64,
}

/// A recording that has not ended, with what decides whether it ever will.
#[derive(sqlx::FromRow)]
pub(crate) struct Unfinished {
    org_id: Text<OrgId>,
    id: Text<RecordingId>,
    state: Text<RecordingState>,
    pub changed_at: i64,
    pub seen_at: i64,
    pub held_since: Option<i64>,
    /// It goes to an address that its client chose.
    pub direct: bool,
    /// `None` when the node was forgotten.
    pub node_linked: Option<bool>,
    pub node_linked_at: Option<i64>,
    pub node_reported_at: Option<i64>,
}

impl Unfinished {
    pub(crate) fn org(&self) -> OrgId {
        self.org_id.0
    }

    pub(crate) fn id(&self) -> RecordingId {
        self.id.0
    }

    pub(crate) fn state(&self) -> RecordingState {
        self.state.0
    }
}

impl Tx {
    /// Unfinished recordings that nobody looks after, by id; `after` is the last one of the page before.
    pub(crate) async fn unfinished_recordings(
        &mut self,
        since: UnfinishedSince,
        after: Option<RecordingId>,
        limit: i64,
    ) -> sqlx::Result<Vec<Unfinished>> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        fetch_all!(
            self,
            Unfinished,
            // The first condition is that of the partial index.
            "SELECT r.org_id, r.id, r.state, r.changed_at, r.seen_at, r.held_since, r.storage_id IS NULL AS direct, n.linked AS node_linked,
                 n.linked_at AS node_linked_at, n.reported_at AS node_reported_at
             FROM recordings r LEFT JOIN nodes n ON n.id = r.node_id
             WHERE r.state NOT IN ('ready', 'failed') AND r.id > $4
                 AND ((r.state <> 'uploading' AND r.seen_at < $1) OR (r.state = 'uploading' AND r.changed_at < $2)
                     OR (r.state IN ('stopping', 'mixing') AND r.changed_at < $3) OR r.held_since < $6
                     OR (r.storage_id IS NULL AND r.held_since < $7))
             ORDER BY r.id LIMIT $5",
            signed(since.seen),
            signed(since.uploading),
            signed(since.finishing),
            after.as_str(),
            limit,
            signed(since.held),
            signed(since.held_direct),
        )
    }
}
