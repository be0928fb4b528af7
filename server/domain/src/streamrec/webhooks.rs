//! The four messages that backends made for StreamRec expect, to the addresses that requests named. Standard Webhooks
//! headers come with them, signed with Ed25519: the application's public key is enough to verify them all.

use crate::{
    access::{Access, Permission},
    applications,
    clock::{iso_date, to_date},
    error::{Error, Result},
    notifications::raise::{self, Address},
    services::Services,
    store::{OrgTx, RecordingRow, StreamrecSessionRow, TargetRow, unsigned},
};
use protocol::{
    ids::{ApplicationId, SessionId},
    names::ClientName,
    streamrec::{SessionKind, TerminationCause},
    webhook::EventType,
};
use serde::Serialize;

/// `upload_ready`.
#[derive(Debug, Serialize)]
pub(crate) struct UploadReady<'a> {
    status: &'static str,
    msg: &'static str,
    rec_id: String,
    client_id: &'a str,
    /// By the server's clock.
    recording_started_at: Option<String>,
    /// When the first picture in the file was written, by the server's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    recording_first_frame_written_at: Option<String>,
    /// When it was captured, by the client's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    recording_first_peerframe_captured_at: Option<String>,
    /// By the server's clock.
    recording_stopped_at: Option<String>,
    /// As players show it.
    recording_file_duration_ms: u64,
    recording_file_size_bytes: u64,
}

/// `upload_failed`.
#[derive(Debug, Serialize)]
pub(crate) struct UploadFailed<'a> {
    status: &'static str,
    msg: &'a str,
    rec_id: String,
    client_id: &'a str,
    /// What the address answered; 0 when it did not.
    upload_status_code: u16,
}

/// `session_finished` and `supervisor_session_finished`.
#[derive(Debug, Serialize)]
pub(crate) struct SessionFinished<'a> {
    status: &'static str,
    msg: String,
    client_id: &'a str,
    session_id: String,
    /// The session that was watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id_to_monitor: Option<String>,
    termination_cause: TerminationCause,
    session_started_at: Option<String>,
    session_stopped_at: String,
}

/// What verifies the signatures of all these messages of an application, `whpk_…`.
pub async fn public_key(services: &Services, access: &Access, application: ApplicationId) -> Result<String> {
    access.require(Permission::ViewWebhooks)?;
    let mut tx = services.read().await?;
    applications::existing(&mut tx.reach(access), application).await?;
    let known = raise::known_key_of_requests(services, &mut tx, application).await?;
    drop(tx);
    let key = match known {
        Some(key) => key,
        None => {
            let mut tx = services.begin().await?;
            let key = raise::key_of_requests(services, &mut tx, application).await?;
            tx.commit().await?;
            key
        }
    };
    key.public_key.ok_or_else(|| Error::internal("a signing key has no public half"))
}

/// A session ended.
pub(super) async fn session_finished(
    services: &Services,
    org: &mut OrgTx<'_>,
    row: &StreamrecSessionRow,
    cause: TerminationCause,
    at: u64,
) -> Result<()> {
    let Some(url) = &row.webhook_url else { return Ok(()) };
    let event = match row.kind() {
        SessionKind::Client => EventType::SessionFinished,
        SessionKind::Supervisor => EventType::SupervisorSessionFinished,
    };
    let body = SessionFinished {
        status: event.as_str(),
        msg: format!("session finished: {cause}"),
        client_id: row.client().as_str(),
        session_id: wire(row.id()),
        session_id_to_monitor: row.monitored().map(wire),
        termination_cause: cause,
        session_started_at: row.started_at.map(iso),
        session_stopped_at: date(at),
    };
    raise::to_address(services, org, &Address { application: row.application(), url, event }, &body).await
}

/// The file is where it was to go.
pub(super) async fn upload_ready(
    services: &Services,
    org: &mut OrgTx<'_>,
    row: &RecordingRow,
    (target, client): (&TargetRow, &ClientName),
) -> Result<()> {
    let Some(url) = &target.webhook_url else { return Ok(()) };
    let event = EventType::UploadReady;
    let body = UploadReady {
        status: event.as_str(),
        msg: "upload done",
        rec_id: row.id().uuid().to_string(),
        client_id: client.as_str(),
        recording_started_at: row.started_at.map(iso),
        recording_first_frame_written_at: target.first_frame_at.map(iso),
        recording_first_peerframe_captured_at: target.first_captured_at.map(iso),
        recording_stopped_at: row.stopped_at.map(iso),
        recording_file_duration_ms: row.duration_ms.map(unsigned).unwrap_or_default(),
        recording_file_size_bytes: row.bytes.map(unsigned).unwrap_or_default(),
    };
    raise::to_address(services, org, &Address { application: row.application(), url, event }, &body).await
}

/// The file did not get there; `status` is what its address answered.
pub(super) async fn upload_failed(
    services: &Services,
    org: &mut OrgTx<'_>,
    row: &RecordingRow,
    (target, client): (&TargetRow, &ClientName),
    (status, msg): (u16, &str),
) -> Result<()> {
    let Some(url) = &target.webhook_url else { return Ok(()) };
    let event = EventType::UploadFailed;
    let body = UploadFailed {
        status: event.as_str(),
        msg,
        rec_id: row.id().uuid().to_string(),
        client_id: client.as_str(),
        upload_status_code: status,
    };
    raise::to_address(services, org, &Address { application: row.application(), url, event }, &body).await
}

/// Identifiers are plain UUIDs for StreamRec.
pub(super) fn wire(session: SessionId) -> String {
    session.uuid().to_string()
}

pub(super) fn iso(column: i64) -> String {
    date(unsigned(column))
}

fn date(unix_ms: u64) -> String {
    iso_date(to_date(unix_ms))
}
