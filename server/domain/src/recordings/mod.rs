//! Recordings: from the request to start to the verified object.

use crate::{Access, Error, Result, Services};
use chrono::{DateTime, Utc};
use protocol::{
    ids::{AppKeyId, ApplicationId, NodeId, PeerId, RecordingId, RequestId},
    link::{Answer, Event},
    names::RoomName,
    recording::{FailureCause, RecordingSpec, RecordingState, StartRefusal, StopCause},
};
use url::Url;

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
    pub bucket: String,
    pub object_key: String,
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
pub async fn list(_services: &Services, _access: &Access, _application: ApplicationId, _page: Option<Cursor>) -> Result<Page<Recording>> {
    Err(Error::internal("pending"))
}

pub async fn get(_services: &Services, _access: &Access, _id: RecordingId) -> Result<Recording> {
    Err(Error::internal("pending"))
}

/// Where a browser plays the finished file, for one hour.
pub async fn playback_url(_services: &Services, _access: &Access, _id: RecordingId) -> Result<Url> {
    Err(Error::internal("pending"))
}

/// Where a browser downloads the finished file under a telling name, for one hour.
pub async fn download_url(_services: &Services, _access: &Access, _id: RecordingId) -> Result<Url> {
    Err(Error::internal("pending"))
}

/// Tells the node to stop; the state follows when the node reports it. Harmless when it has stopped already.
pub async fn stop(_services: &Services, _access: &Access, _id: RecordingId) -> Result<Recording> {
    Err(Error::internal("pending"))
}

/// What a node asks when a peer wants to record; the fields of `Query::StartRecording`.
#[derive(Debug, Clone)]
pub struct StartRequest {
    pub request: RequestId,
    pub application: ApplicationId,
    pub app_key: AppKeyId,
    pub room: RoomName,
    pub peer: PeerId,
}

/// Decides one start and writes the row before a byte is captured.
pub async fn start(_services: &Services, _node: NodeId, _request: StartRequest) -> Result<Result<RecordingSpec, StartRefusal>> {
    Err(Error::internal("pending"))
}

/// The spec again, for a capture found after a restart; `None` when the recording has ended or is another node's.
pub async fn resume(_services: &Services, _node: NodeId, _id: RecordingId) -> Result<Option<RecordingSpec>> {
    Err(Error::internal("pending"))
}

/// Applies one event of a node, once and in order, in one transaction with its jobs. A repeated one is harmless; one
/// that leaves a gap is refused with `event_out_of_order`.
pub async fn apply_event(_services: &Services, _node: NodeId, _sequence: u64, _event: Event) -> Result<()> {
    Err(Error::internal("pending"))
}

/// Creates the multipart upload; an earlier unfinished one is aborted. `Upload`, `Gone` or `Unavailable`.
pub async fn begin_upload(_services: &Services, _node: NodeId, _id: RecordingId) -> Result<Answer> {
    Err(Error::internal("pending"))
}

/// Signs part URLs of the current upload. `Parts`, `Gone` or `Unavailable`.
pub async fn sign_parts(_services: &Services, _node: NodeId, _id: RecordingId, _upload: &str, _parts: &[u16]) -> Result<Answer> {
    Err(Error::internal("pending"))
}
