//! Recordings.

use super::{JsonText, Name, OrgTx, Text, Tx, execute, fetch_all, fetch_optional, on, signed};
use crate::recordings::DeletionCause;
use protocol::{
    ids::{ApplicationId, NodeId, OrgId, PeerId, RecordingId, RequestId, StorageId},
    names::RoomName,
    recording::{Artifact, FailureCause, RecordingState, StopCause, UploadedPart},
};

/// A recording as stored.
#[derive(sqlx::FromRow)]
pub(crate) struct RecordingRow {
    id: Text<RecordingId>,
    application_id: Text<ApplicationId>,
    storage_id: Option<Text<StorageId>>,
    room: Name<RoomName>,
    node_id: Text<NodeId>,
    state: Text<RecordingState>,
    stop_cause: Option<Text<StopCause>>,
    failure_cause: Option<Text<FailureCause>>,
    pub capture_key: Option<String>,
    pub max_duration_seconds: i64,
    pub idle_timeout_seconds: i64,
    pub bucket: String,
    pub object_key: String,
    pub upload_id: Option<String>,
    upload_parts: Option<JsonText<Vec<UploadedPart>>>,
    pub held_since: Option<i64>,
    /// Uploads that were given up after all parts were in the bucket.
    pub uploads: i64,
    pub duration_ms: Option<i64>,
    pub bytes: Option<i64>,
    pub width: Option<i64>,
    pub height: Option<i64>,
    pub approximate_sync: bool,
    pub poster: bool,
    pub created_at: i64,
    pub started_at: Option<i64>,
    pub stopped_at: Option<i64>,
    pub ready_at: Option<i64>,
    /// Reason of the hold.
    pub legal_hold: Option<String>,
    pub delete_requested_at: Option<i64>,
    delete_cause: Option<Text<DeletionCause>>,
    /// Until then an attempt to delete may be under way.
    pub delete_attempt_until: Option<i64>,
    pub delete_problem: Option<String>,
    pub deleted_at: Option<i64>,
}

impl RecordingRow {
    pub(crate) fn id(&self) -> RecordingId {
        self.id.0
    }

    pub(crate) fn application(&self) -> ApplicationId {
        self.application_id.0
    }

    /// `None` when it goes to an address that its client chose.
    pub(crate) fn storage(&self) -> Option<StorageId> {
        self.storage_id.map(|id| id.0)
    }

    pub(crate) fn room(&self) -> &RoomName {
        &self.room.0
    }

    pub(crate) fn node(&self) -> NodeId {
        self.node_id.0
    }

    pub(crate) fn state(&self) -> RecordingState {
        self.state.0
    }

    pub(crate) fn stop_cause(&self) -> Option<StopCause> {
        self.stop_cause.map(|cause| cause.0)
    }

    pub(crate) fn failure_cause(&self) -> Option<FailureCause> {
        self.failure_cause.map(|cause| cause.0)
    }

    pub(crate) fn delete_cause(&self) -> Option<DeletionCause> {
        self.delete_cause.map(|cause| cause.0)
    }

    pub(crate) fn upload_parts(&self) -> &[UploadedPart] {
        self.upload_parts.as_ref().map_or(&[], |parts| parts.0.as_slice())
    }
}

/// A recording to be made, in state `requested`.
pub(crate) struct NewRecording<'a> {
    pub id: RecordingId,
    pub application: ApplicationId,
    /// `None` when it goes to an address that its client chose.
    pub storage: Option<StorageId>,
    pub room: &'a RoomName,
    /// Who asked, when it was a peer.
    pub peer: Option<PeerId>,
    pub node: NodeId,
    pub request: RequestId,
    pub capture_key: &'a str,
    pub max_duration_seconds: u32,
    pub idle_timeout_seconds: u32,
    pub bucket: &'a str,
    pub object_key: &'a str,
    pub now: u64,
}

/// A step to a later state. Times and causes that are known already stay.
pub(crate) struct Step {
    pub to: RecordingState,
    pub started_at: Option<u64>,
    pub stopped_at: Option<u64>,
    pub stop_cause: Option<StopCause>,
    pub failure: Option<(FailureCause, String)>,
    pub now: u64,
}

impl Step {
    pub(crate) fn to(to: RecordingState, now: u64) -> Self {
        Self { to, started_at: None, stopped_at: None, stop_cause: None, failure: None, now }
    }
}

#[derive(sqlx::FromRow)]
struct Owner {
    org_id: Text<OrgId>,
}

macro_rules! select_recording {
    ($rest:literal) => {
        concat!(
            "SELECT id, application_id, storage_id, room, node_id, state, stop_cause, failure_cause, capture_key,
                 max_duration_seconds, idle_timeout_seconds, bucket, object_key, upload_id, upload_parts, held_since,
                 uploads, duration_ms, bytes, width, height, approximate_sync, poster, created_at, started_at,
                 stopped_at, ready_at, legal_hold, delete_requested_at, delete_cause, delete_attempt_until, delete_problem,
                 deleted_at
             FROM recordings WHERE org_id = $1 ",
            $rest
        )
    };
}

impl Tx {
    pub(crate) async fn recording_owner(&mut self, recording: RecordingId) -> sqlx::Result<Option<OrgId>> {
        let row = fetch_optional!(self, Owner, "SELECT org_id FROM recordings WHERE id = $1", Text(recording))?;
        Ok(row.map(|row| row.org_id.0))
    }

    /// Renews the node's lease on one recording.
    pub(crate) async fn see_recording(&mut self, node: NodeId, recording: RecordingId, now: u64) -> sqlx::Result<()> {
        execute!(
            self,
            "UPDATE recordings SET seen_at = $3 WHERE id = $1 AND node_id = $2 AND state NOT IN ('ready', 'failed')",
            Text(recording),
            Text(node),
            signed(now),
        )
        .map(drop)
    }
}

impl OrgTx<'_> {
    pub(crate) async fn recording(&mut self, id: RecordingId) -> sqlx::Result<Option<RecordingRow>> {
        let row: Option<RecordingRow> =
            fetch_optional!(org self, RecordingRow, select_recording!("AND id = $2"), Text(id))?;
        Ok(row.filter(|row| self.reaches(row.application())))
    }

    pub(crate) async fn recording_of_request(
        &mut self,
        node: NodeId,
        request: RequestId,
    ) -> sqlx::Result<Option<RecordingRow>> {
        fetch_optional!(
            org self,
            RecordingRow,
            select_recording!("AND node_id = $2 AND request_id = $3"),
            Text(node),
            Text(request),
        )
    }

    /// Newest first, beginning after `before`.
    pub(crate) async fn recordings(
        &mut self,
        application: ApplicationId,
        before: Option<RecordingId>,
        limit: i64,
    ) -> sqlx::Result<Vec<RecordingRow>> {
        fetch_all!(
            org self,
            RecordingRow,
            select_recording!("AND application_id = $2 AND ($3 IS NULL OR id < $3) ORDER BY id DESC LIMIT $4"),
            Text(application),
            before.map(Text),
            limit,
        )
    }

    pub(crate) async fn insert_recording(&mut self, new: &NewRecording<'_>) -> sqlx::Result<()> {
        execute!(
            org self,
            "INSERT INTO recordings (org_id, id, application_id, storage_id, room, peer_id, node_id, request_id, state,
                 capture_key, max_duration_seconds, idle_timeout_seconds, bucket, object_key, created_at, changed_at, seen_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'requested', $9, $10, $11, $12, $13, $14, $14, $14)",
            Text(new.id),
            Text(new.application),
            new.storage.map(Text),
            Text(new.room),
            new.peer.map(Text),
            Text(new.node),
            Text(new.request),
            new.capture_key,
            i64::from(new.max_duration_seconds),
            i64::from(new.idle_timeout_seconds),
            new.bucket,
            new.object_key,
            signed(new.now),
        )
        .map(drop)
    }

    /// Compare-and-set: false when the recording is no longer in `from`. A final state erases the capture key.
    pub(crate) async fn step_recording(
        &mut self,
        id: RecordingId,
        from: RecordingState,
        step: &Step,
    ) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "UPDATE recordings SET state = $4, changed_at = $5, started_at = COALESCE(started_at, $6),
                 stopped_at = COALESCE(stopped_at, $7), stop_cause = COALESCE(stop_cause, $8), failure_cause = $9,
                 failure_detail = $10, ready_at = $11,
                 capture_key = CASE WHEN $12 THEN NULL ELSE capture_key END,
                 held_since = CASE WHEN $12 THEN NULL ELSE held_since END
             WHERE org_id = $1 AND id = $2 AND state = $3",
            Text(id),
            Text(from),
            Text(step.to),
            signed(step.now),
            step.started_at.map(signed),
            step.stopped_at.map(signed),
            step.stop_cause.map(Text),
            step.failure.as_ref().map(|(cause, _)| Text(*cause)),
            step.failure.as_ref().map(|(_, detail)| detail.as_str()),
            (step.to == RecordingState::Ready).then_some(signed(step.now)),
            step.to.is_final(),
        )?;
        Ok(rows == 1)
    }

    /// Keeps what the node uploaded; the state changes with [`OrgTx::step_recording`].
    pub(crate) async fn set_uploaded(
        &mut self,
        id: RecordingId,
        parts: &[UploadedPart],
        artifact: &Artifact,
    ) -> sqlx::Result<()> {
        execute!(
            org self,
            "UPDATE recordings SET upload_parts = $3, bytes = $4, duration_ms = $5, width = $6, height = $7,
                 approximate_sync = $8, poster = $9
             WHERE org_id = $1 AND id = $2",
            Text(id),
            JsonText(parts),
            signed(artifact.bytes),
            signed(artifact.duration_ms),
            i64::from(artifact.width),
            i64::from(artifact.height),
            artifact.approximate_sync,
            artifact.poster,
        )
        .map(drop)
    }

    /// Replaces the upload a node works on; false when another request replaced it meanwhile.
    pub(crate) async fn replace_upload(
        &mut self,
        id: RecordingId,
        previous: Option<&str>,
        upload: &str,
    ) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "UPDATE recordings SET upload_id = $4
             WHERE org_id = $1 AND id = $2 AND COALESCE(upload_id, '') = $3
                 AND state IN ('requested', 'recording', 'stopping', 'mixing')",
            Text(id),
            previous.unwrap_or_default(),
            upload,
        )?;
        Ok(rows == 1)
    }
}
