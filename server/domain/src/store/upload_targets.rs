//! Where recordings of StreamRec clients go: addresses that the clients chose.

use super::{Name, OrgTx, Text, Tx, execute, fetch_all, fetch_optional, on, signed};
use crate::store::StreamrecSessionRow;
use protocol::{
    ids::{ApplicationId, RecordingId, SessionId},
    names::ClientName,
    recording::{FailureCause, FirstFrame, RecordingState},
};

/// A target as stored.
#[derive(sqlx::FromRow)]
pub(crate) struct TargetRow {
    session_id: Text<SessionId>,
    stream: i64,
    revision: i64,
    /// Sealed; `None` once the recording has ended.
    pub upload_url: Option<String>,
    pub webhook_url: Option<String>,
    pub refused_at: Option<i64>,
    pub first_frame_at: Option<i64>,
    pub first_captured_at: Option<i64>,
}

impl TargetRow {
    pub(crate) fn session(&self) -> SessionId {
        self.session_id.0
    }

    /// Counts from 0.
    pub(crate) fn stream(&self) -> u8 {
        stream_of(self.stream)
    }

    /// Counts the addresses there have been.
    pub(crate) fn revision(&self) -> u32 {
        u32::try_from(self.revision).unwrap_or(u32::MAX)
    }
}

fn stream_of(column: i64) -> u8 {
    u8::try_from(column).unwrap_or_default()
}

/// A target to be made.
pub(crate) struct NewTarget<'a> {
    pub recording: RecordingId,
    pub session: SessionId,
    pub stream: u8,
    /// Sealed.
    pub upload_url: &'a str,
    pub webhook_url: Option<&'a str>,
}

/// A recording as statistics show it.
#[derive(sqlx::FromRow)]
pub(crate) struct StatisticRow {
    id: Text<RecordingId>,
    session_id: Text<SessionId>,
    client_id: Name<ClientName>,
    state: Text<RecordingState>,
    pub created_at: i64,
    pub started_at: Option<i64>,
    pub stopped_at: Option<i64>,
    pub duration_ms: Option<i64>,
    pub bytes: Option<i64>,
    pub refused_status: Option<i64>,
}

impl StatisticRow {
    pub(crate) fn recording(&self) -> RecordingId {
        self.id.0
    }

    pub(crate) fn session(&self) -> SessionId {
        self.session_id.0
    }

    pub(crate) fn client(&self) -> &ClientName {
        &self.client_id.0
    }

    pub(crate) fn state(&self) -> RecordingState {
        self.state.0
    }
}

/// Whose stream a recording is.
#[derive(sqlx::FromRow)]
pub(crate) struct SourceRow {
    recording_id: Text<RecordingId>,
    client_id: Name<ClientName>,
    stream: i64,
}

impl SourceRow {
    pub(crate) fn recording(&self) -> RecordingId {
        self.recording_id.0
    }

    pub(crate) fn client(&self) -> &ClientName {
        &self.client_id.0
    }

    /// Counts from 0.
    pub(crate) fn stream(&self) -> u8 {
        stream_of(self.stream)
    }
}

/// What was recorded of a session.
#[derive(sqlx::FromRow)]
pub(crate) struct SessionRecordingRow {
    id: Text<RecordingId>,
    session_id: Text<SessionId>,
    stream: i64,
    state: Text<RecordingState>,
    /// Host of the address.
    pub bucket: String,
    pub started_at: Option<i64>,
    pub stopped_at: Option<i64>,
    pub duration_ms: Option<i64>,
    pub bytes: Option<i64>,
    failure_cause: Option<Text<FailureCause>>,
    pub refused_at: Option<i64>,
    pub refused_status: Option<i64>,
}

impl SessionRecordingRow {
    pub(crate) fn recording(&self) -> RecordingId {
        self.id.0
    }

    pub(crate) fn session(&self) -> SessionId {
        self.session_id.0
    }

    /// Counts from 0.
    pub(crate) fn stream(&self) -> u8 {
        stream_of(self.stream)
    }

    pub(crate) fn state(&self) -> RecordingState {
        self.state.0
    }

    pub(crate) fn failure_cause(&self) -> Option<FailureCause> {
        self.failure_cause.map(|cause| cause.0)
    }
}

#[derive(sqlx::FromRow)]
struct SessionRef {
    session_id: Text<SessionId>,
}

impl Tx {
    /// The session that a recording belongs to.
    pub(crate) async fn session_of_recording(
        &mut self,
        recording: RecordingId,
    ) -> sqlx::Result<Option<StreamrecSessionRow>> {
        let found = fetch_optional!(
            self,
            SessionRef,
            "SELECT session_id FROM upload_targets WHERE recording_id = $1",
            Text(recording),
        )?;
        match found {
            Some(found) => self.streamrec_session(found.session_id.0).await,
            None => Ok(None),
        }
    }
}

impl OrgTx<'_> {
    pub(crate) async fn insert_target(&mut self, new: &NewTarget<'_>) -> sqlx::Result<()> {
        execute!(
            org self,
            "INSERT INTO upload_targets (org_id, recording_id, session_id, stream, upload_url, webhook_url)
             VALUES ($1, $2, $3, $4, $5, $6)",
            Text(new.recording),
            Text(new.session),
            i64::from(new.stream),
            new.upload_url,
            new.webhook_url,
        )
        .map(drop)
    }

    pub(crate) async fn upload_target(&mut self, recording: RecordingId) -> sqlx::Result<Option<TargetRow>> {
        fetch_optional!(
            org self,
            TargetRow,
            "SELECT session_id, stream, revision, upload_url, webhook_url, refused_at, first_frame_at, first_captured_at
             FROM upload_targets WHERE org_id = $1 AND recording_id = $2",
            Text(recording),
        )
    }

    /// The address did not take the file.
    pub(crate) async fn note_refused_target(
        &mut self,
        recording: RecordingId,
        status: u16,
        now: u64,
    ) -> sqlx::Result<()> {
        execute!(
            org self,
            "UPDATE upload_targets SET refused_at = $3, refused_status = $4 WHERE org_id = $1 AND recording_id = $2",
            Text(recording),
            signed(now),
            i64::from(status),
        )
        .map(drop)
    }

    /// Another address, and its host.
    pub(crate) async fn replace_target(
        &mut self,
        recording: RecordingId,
        upload_url: &str,
        host: &str,
    ) -> sqlx::Result<()> {
        execute!(
            org self,
            "UPDATE upload_targets SET upload_url = $3, revision = revision + 1, refused_at = NULL, refused_status = NULL
             WHERE org_id = $1 AND recording_id = $2",
            Text(recording),
            upload_url,
        )?;
        execute!(
            org self,
            "UPDATE recordings SET bucket = $3, held_since = NULL WHERE org_id = $1 AND id = $2",
            Text(recording),
            host,
        )
        .map(drop)
    }

    /// The file is there: what opens the address is erased.
    pub(crate) async fn finish_target(&mut self, recording: RecordingId, first: FirstFrame) -> sqlx::Result<()> {
        execute!(
            org self,
            "UPDATE upload_targets SET upload_url = NULL, first_frame_at = $3, first_captured_at = $4
             WHERE org_id = $1 AND recording_id = $2",
            Text(recording),
            first.written_at.map(signed),
            first.captured_at.map(signed),
        )
        .map(drop)
    }

    pub(crate) async fn forget_upload_url(&mut self, recording: RecordingId) -> sqlx::Result<()> {
        execute!(
            org self,
            "UPDATE upload_targets SET upload_url = NULL WHERE org_id = $1 AND recording_id = $2",
            Text(recording),
        )
        .map(drop)
    }

    /// What was recorded of sessions from one to another, oldest first.
    pub(crate) async fn session_recordings(
        &mut self,
        application: ApplicationId,
        (oldest, newest): (SessionId, SessionId),
    ) -> sqlx::Result<Vec<SessionRecordingRow>> {
        fetch_all!(
            org self,
            SessionRecordingRow,
            "SELECT r.id, t.session_id, t.stream, r.state, r.bucket, r.started_at, r.stopped_at, r.duration_ms, r.bytes,
                 r.failure_cause, t.refused_at, t.refused_status
             FROM upload_targets t
             JOIN recordings r ON r.org_id = t.org_id AND r.id = t.recording_id
             WHERE t.org_id = $1 AND r.application_id = $2 AND t.session_id >= $3 AND t.session_id <= $4
             ORDER BY r.created_at, r.id",
            Text(application),
            Text(oldest),
            Text(newest),
        )
    }

    /// Whose streams an application's recordings from one to another are; of those of rooms nothing.
    pub(crate) async fn recording_sources(
        &mut self,
        application: ApplicationId,
        (oldest, newest): (RecordingId, RecordingId),
    ) -> sqlx::Result<Vec<SourceRow>> {
        fetch_all!(
            org self,
            SourceRow,
            "SELECT t.recording_id, s.client_id, t.stream FROM upload_targets t
             JOIN streamrec_sessions s ON s.org_id = t.org_id AND s.id = t.session_id
             WHERE t.org_id = $1 AND s.application_id = $2 AND t.recording_id >= $3 AND t.recording_id <= $4",
            Text(application),
            Text(oldest),
            Text(newest),
        )
    }

    /// Newest first, beginning after `before`, made within a time.
    pub(crate) async fn upload_statistics(
        &mut self,
        application: ApplicationId,
        (from, until): (u64, u64),
        before: Option<RecordingId>,
        limit: i64,
    ) -> sqlx::Result<Vec<StatisticRow>> {
        fetch_all!(
            org self,
            StatisticRow,
            "SELECT r.id, t.session_id, s.client_id, r.state, r.created_at, r.started_at, r.stopped_at, r.duration_ms,
                 r.bytes, t.refused_status
             FROM recordings r JOIN upload_targets t ON t.org_id = r.org_id AND t.recording_id = r.id
             JOIN streamrec_sessions s ON s.org_id = t.org_id AND s.id = t.session_id
             WHERE r.org_id = $1 AND r.application_id = $2 AND r.created_at >= $3 AND r.created_at < $4
                 AND ($5 IS NULL OR r.id < $5)
             ORDER BY r.id DESC LIMIT $6",
            Text(application),
            signed(from),
            signed(until),
            before.map(Text),
            limit,
        )
    }
}
