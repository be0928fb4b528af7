//! Recordings: from the request to start to the verified object.

pub(crate) mod deletion;
pub(crate) mod ending;
mod events;
mod keys;
mod link_token;
pub(crate) mod links;
pub(crate) mod retention;
mod start;
mod upload;

pub use deletion::{DeletionCause, delete, set_legal_hold};
pub use events::apply_event;
pub use links::{Link, LinkRequest, Wanted, open as open_link, share};
pub use retention::{RetentionPreview, retention_preview};
pub use start::{StartRequest, start, start_in_room};
pub(crate) use start::{insert_direct, permitted, refusal_without_storage};
pub use upload::{begin_upload, sign_parts, sign_poster};

use crate::{
    access::{Access, Permission},
    applications, audit,
    clock::to_date,
    error::{Error, Kind, Result},
    secrets::SealedColumn,
    services::Services,
    storage::{Bucket, MediaType, Scope, poster_key},
    store::{OrgTx, RecordingRow, Tx, unsigned},
    streamrec::{presigned, uploads},
};
use chrono::{DateTime, Utc};
use protocol::{
    ids::{ApplicationId, NodeId, OrgId, RecordingId},
    link::Command,
    names::{ClientName, RoomName},
    recording::{CaptureKey, Delivery, FailureCause, RecordingSpec, RecordingState, StopCause},
    streamrec::room_of,
};
use std::time::Duration;
use url::Url;

const PAGE: i64 = 50;
const BROWSER_URL: Duration = Duration::from_secs(3600);

/// One start-to-stop of a room.
#[derive(Debug, Clone)]
pub struct Recording {
    pub id: RecordingId,
    pub application: ApplicationId,
    pub room: RoomName,
    pub state: RecordingState,
    pub stop_cause: Option<StopCause>,
    pub failure_cause: Option<FailureCause>,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub stopped_at: Option<DateTime<Utc>>,
    pub ready_at: Option<DateTime<Utc>>,
    pub duration_ms: Option<u64>,
    pub bytes: Option<u64>,
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub approximate_sync: bool,
    /// There is a picture of it.
    pub poster: bool,
    /// Since when it waits, encrypted on its node, for a bucket that does not work.
    pub held_since: Option<DateTime<Utc>>,
    pub bucket: String,
    pub object_key: String,
    /// It went to an address that its client chose, of which `bucket` is the host; there is no copy here.
    pub elsewhere: bool,
    /// Whose it is, of such a recording, when it is looked at or listed.
    pub source: Option<Source>,
    /// Why nothing may delete it.
    pub legal_hold: Option<String>,
    /// Once somebody or something asked for its deletion, after which it can be played no more.
    pub deletion: Option<Deletion>,
}

/// A stream of a StreamRec client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub client: ClientName,
    /// Counts from 0.
    pub stream: u8,
}

/// How far a recording's deletion is.
#[derive(Debug, Clone)]
pub struct Deletion {
    pub cause: DeletionCause,
    pub requested_at: DateTime<Utc>,
    /// Why the bucket still has the object; it is asked again.
    pub problem: Option<String>,
    pub deleted_at: Option<DateTime<Utc>>,
}

/// Part of a list, newest first.
#[derive(Debug, Clone)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Cursor>,
}

/// Place in a list; opaque text outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor(pub(crate) RecordingId);

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for Cursor {
    type Err = protocol::ids::InvalidId;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// Recordings of one application, newest first.
pub async fn list(
    services: &Services,
    access: &Access,
    application: ApplicationId,
    page: Option<Cursor>,
) -> Result<Page<Recording>> {
    access.require(Permission::ViewRecordings)?;
    let mut tx = services.read().await?;
    let mut org = tx.reach(access);
    applications::existing(&mut org, application).await?;
    let mut rows = org.recordings(application, page.map(|cursor| cursor.0), PAGE + 1).await?;
    let more = rows.len() > usize::try_from(PAGE).unwrap_or(usize::MAX);
    if more {
        rows.pop();
    }
    let next = rows.last().filter(|_| more).map(|row| Cursor(row.id()));
    Ok(Page { items: with_sources(&mut org, rows).await?, next })
}

/// Rows of one application, newest first, with whose they are.
async fn with_sources(org: &mut OrgTx<'_>, rows: Vec<RecordingRow>) -> Result<Vec<Recording>> {
    let mut direct = rows.iter().filter(|row| row.storage().is_none());
    let newest = direct.next();
    let sources = match newest {
        Some(newest) => {
            let oldest = direct.next_back().unwrap_or(newest);
            org.recording_sources(newest.application(), (oldest.id(), newest.id())).await?
        }
        None => Vec::new(),
    };
    let source = |id| {
        let found = sources.iter().find(|source| source.recording() == id)?;
        Some(Source { client: found.client().clone(), stream: found.stream() })
    };
    Ok(rows.into_iter().map(view).map(|recording| Recording { source: source(recording.id), ..recording }).collect())
}

/// One recording of the org.
pub async fn get(services: &Services, access: &Access, id: RecordingId) -> Result<Recording> {
    access.require(Permission::ViewRecordings)?;
    let mut tx = services.read().await?;
    let mut org = tx.reach(access);
    let row = org.recording(id).await?.into_iter().collect();
    with_sources(&mut org, row).await?.pop().ok_or_else(not_found)
}

/// Where a browser plays the finished file, for one hour.
pub async fn playback_url(services: &Services, access: &Access, id: RecordingId) -> Result<Url> {
    signed_url(services, access, id, "recording.played", |_| None).await
}

/// Where a browser downloads the finished file under a telling name, for one hour.
pub async fn download_url(services: &Services, access: &Access, id: RecordingId) -> Result<Url> {
    signed_url(services, access, id, "recording.downloaded", |row| Some(download_name(row))).await
}

async fn signed_url(
    services: &Services,
    access: &Access,
    id: RecordingId,
    action: &str,
    download_name: impl Fn(&RecordingRow) -> Option<String>,
) -> Result<Url> {
    access.require(Permission::ViewRecordings)?;
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    let row = org.recording(id).await?.ok_or_else(not_found)?;
    usable(&row)?;
    let storage = org.storage_of_recording(&row).await?.ok_or_else(not_found)?;
    let name = download_name(&row);
    audit::record_for(services, &mut org, access, action, &id).await?;
    tx.commit().await?;
    let scope = Scope::Playback { id, key: &row.object_key };
    let bucket = Bucket::open(services, &storage, scope).await?;
    Ok(bucket.sign_get(&row.object_key, BROWSER_URL, MediaType::Video, name.as_deref()))
}

/// Where a browser finds the picture of a finished recording, for one hour. Code: `poster_missing`.
pub async fn poster_url(services: &Services, access: &Access, id: RecordingId) -> Result<Url> {
    access.require(Permission::ViewRecordings)?;
    let mut tx = services.read().await?;
    let mut org = tx.reach(access);
    let row = org.recording(id).await?.ok_or_else(not_found)?;
    let key = usable_poster(&row)?;
    let storage = org.storage_of_recording(&row).await?.ok_or_else(not_found)?;
    drop(tx);
    let bucket = Bucket::open(services, &storage, Scope::Playback { id, key: &row.object_key }).await?;
    Ok(bucket.sign_get(&key, BROWSER_URL, MediaType::Picture, None))
}

/// The key of the picture, when it may be shown.
fn usable_poster(row: &RecordingRow) -> Result<String> {
    usable(row)?;
    if row.poster {
        return Ok(poster_key(&row.object_key));
    }
    Err(Error::not_found("poster_missing", "There is no picture of this recording."))
}

fn download_name(row: &RecordingRow) -> String {
    keys::download_name(row.room(), to_date(unsigned(row.started_at.unwrap_or(row.created_at))))
}

/// Whether there is an object to play.
fn usable(row: &RecordingRow) -> Result<()> {
    if row.delete_requested_at.is_some() {
        return Err(missing());
    }
    if row.state() != RecordingState::Ready {
        return Err(Error::conflict("recording_not_ready", "The recording is not finished."));
    }
    if row.storage().is_none() {
        let said = "The file went to the address that its client chose; there is no copy here.";
        return Err(Error::new(Kind::Gone, "recording_elsewhere", said));
    }
    Ok(())
}

/// Tells the node to stop; the state follows when the node reports it. Harmless when it has stopped already.
pub async fn stop(services: &Services, access: &Access, id: RecordingId) -> Result<Recording> {
    access.require(Permission::OperateRecordings)?;
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    let row = org.recording(id).await?.ok_or_else(not_found)?;
    if matches!(row.state(), RecordingState::Requested | RecordingState::Recording) {
        let command = Command::StopRecording { recording: id, cause: access.stop_cause() };
        org.system().push_command(row.node(), &command, services.now()).await?;
        audit::record_for(services, &mut org, access, "recording.stop_requested", &id).await?;
        tx.commit().await?;
    }
    Ok(view(row))
}

/// The spec again, for a capture found after a restart; `None` when the recording has ended or is another node's.
pub async fn resume(services: &Services, node: NodeId, id: RecordingId) -> Result<Option<RecordingSpec>> {
    let mut tx = services.read().await?;
    let Some((owner, row)) = owned_by(&mut tx, node, id).await? else { return Ok(None) };
    spec(services, &mut tx.org(owner), &row).await
}

/// An unfinished recording of this node.
async fn owned_by(tx: &mut Tx, node: NodeId, id: RecordingId) -> Result<Option<(OrgId, RecordingRow)>> {
    let Some(owner) = tx.recording_owner(id).await? else { return Ok(None) };
    let row = tx.org(owner).recording(id).await?;
    Ok(row.filter(|row| row.node() == node && !row.state().is_final()).map(|row| (owner, row)))
}

/// Everything the node needs; `None` once the capture key is erased.
pub(crate) async fn spec(
    services: &Services,
    org: &mut OrgTx<'_>,
    row: &RecordingRow,
) -> Result<Option<RecordingSpec>> {
    let Some(sealed) = &row.capture_key else { return Ok(None) };
    let place = SealedColumn::CaptureKey.of(org.id());
    let key = services.envelope().open(place, row.id(), sealed).map_err(Error::internal)?;
    let key = <[u8; 32]>::try_from(key.as_slice()).map_err(Error::internal)?;
    let (room, delivery) = match org.upload_target(row.id()).await? {
        Some(target) => {
            let url = uploads::address_of(services, org, row.id(), &target)?;
            let expires_at = url.as_ref().and_then(presigned::expires_at);
            (room_of(target.session()), Delivery::Direct { stream: target.stream(), expires_at })
        }
        None => (row.room().clone(), Delivery::Mixed),
    };
    Ok(Some(RecordingSpec {
        id: row.id(),
        application: row.application(),
        room,
        capture_key: CaptureKey::new(key),
        max_duration_seconds: narrow(row.max_duration_seconds),
        idle_timeout_seconds: narrow(row.idle_timeout_seconds),
        delivery,
    }))
}

fn narrow(column: i64) -> u32 {
    u32::try_from(column).unwrap_or(u32::MAX)
}

fn view(row: RecordingRow) -> Recording {
    let date = |column: Option<i64>| column.map(unsigned).map(to_date);
    Recording {
        id: row.id(),
        application: row.application(),
        room: row.room().clone(),
        state: row.state(),
        stop_cause: row.stop_cause(),
        failure_cause: row.failure_cause(),
        created_at: to_date(unsigned(row.created_at)),
        started_at: date(row.started_at),
        stopped_at: date(row.stopped_at),
        ready_at: date(row.ready_at),
        duration_ms: row.duration_ms.map(unsigned),
        bytes: row.bytes.map(unsigned),
        width: row.width.map(narrow),
        height: row.height.map(narrow),
        approximate_sync: row.approximate_sync,
        elsewhere: row.storage().is_none(),
        source: None,
        poster: row.poster,
        deletion: row.delete_requested_at.zip(row.delete_cause()).map(|(requested_at, cause)| Deletion {
            cause,
            requested_at: to_date(unsigned(requested_at)),
            problem: row.delete_problem,
            deleted_at: date(row.deleted_at),
        }),
        legal_hold: row.legal_hold,
        held_since: date(row.held_since),
        bucket: row.bucket,
        object_key: row.object_key,
    }
}

fn missing() -> Error {
    Error::new(Kind::Gone, "recording_deleted", "The recording was deleted.")
}

pub(crate) fn not_found() -> Error {
    Error::not_found("recording_not_found", "There is no such recording.")
}
