//! What is told about each event.

use crate::{
    clock::{iso_date, to_date},
    recordings::{DeletionCause, links::Link},
    store::{RecordingRow, StorageRow, unsigned},
};
use chrono::{DateTime, Utc};
use protocol::{
    ids::{ApplicationId, EndpointId, PeerId, RecordingId, StorageId},
    names::{DisplayName, RoomName},
    recording::{FailureCause, RecordingState, StopCause},
};
use schemars::JsonSchema;
use serde::Serialize;
use url::Url;

/// A recording as it is at the time of the event.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RecordingData<'a> {
    #[schemars(with = "String", example = &"rec_019aa2c1000070008000000000000000")]
    recording: RecordingId,
    #[schemars(with = "String", example = &"app_019aa2c1000070008000000000000000")]
    application: ApplicationId,
    room: &'a str,
    #[schemars(schema_with = "words::recording_state")]
    state: RecordingState,
    /// Of the file.
    duration_ms: Option<u64>,
    /// Of the file.
    bytes: Option<u64>,
    /// Of the picture, in pixels.
    width: Option<u64>,
    height: Option<u64>,
    /// Where the file is, or will be.
    bucket: &'a str,
    key: &'a str,
    /// Anybody who has it may fetch the file; only when the recording is ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    /// A picture of it, for as long; only when there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    poster_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DateTime<Utc>")]
    url_expires_at: Option<String>,
    #[schemars(with = "Option<DateTime<Utc>>")]
    started_at: Option<String>,
    #[schemars(with = "Option<DateTime<Utc>>")]
    stopped_at: Option<String>,
    #[schemars(schema_with = "words::stop_cause")]
    stop_cause: Option<StopCause>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "words::failure_cause")]
    failure_cause: Option<FailureCause>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DateTime<Utc>")]
    deleted_at: Option<String>,
    /// `requested` or `retention`.
    #[serde(skip_serializing_if = "Option::is_none")]
    delete_cause: Option<&'static str>,
}

impl<'a> RecordingData<'a> {
    pub(crate) fn of(row: &'a RecordingRow, link: Option<&'a Link>) -> Self {
        Self {
            recording: row.id(),
            application: row.application(),
            room: row.room().as_str(),
            state: row.state(),
            duration_ms: row.duration_ms.map(unsigned),
            bytes: row.bytes.map(unsigned),
            width: row.width.map(unsigned),
            height: row.height.map(unsigned),
            bucket: &row.bucket,
            key: &row.object_key,
            url: link.map(|link| link.url.as_str()),
            poster_url: link.and_then(|link| link.poster_url.as_ref()).map(Url::as_str),
            url_expires_at: link.map(|link| iso_date(link.expires_at)),
            started_at: row.started_at.map(unsigned).map(iso),
            stopped_at: row.stopped_at.map(unsigned).map(iso),
            stop_cause: row.stop_cause(),
            failure_cause: row.failure_cause(),
            deleted_at: row.deleted_at.map(unsigned).map(iso),
            delete_cause: row.delete_cause().filter(|_| row.deleted_at.is_some()).map(DeletionCause::as_str),
        }
    }
}

/// The same for backends that were made for Temasys: `meetingId` comes first.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TemasysBody<'a> {
    meeting_id: &'a str,
    #[serde(flatten)]
    recording: &'a RecordingData<'a>,
}

impl<'a> TemasysBody<'a> {
    pub(crate) fn of(recording: &'a RecordingData<'a>) -> Self {
        Self { meeting_id: recording.room, recording }
    }
}

/// A storage that stopped working, or works again.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StorageData<'a> {
    #[schemars(with = "String", example = &"sto_019aa2c1000070008000000000000000")]
    storage: StorageId,
    #[schemars(with = "String", example = &"app_019aa2c1000070008000000000000000")]
    application: ApplicationId,
    name: &'a str,
    bucket: &'a str,
    /// What does not work, in one sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl<'a> StorageData<'a> {
    pub(crate) fn of(storage: &'a StorageRow, application: ApplicationId, reason: Option<&'a str>) -> Self {
        let (name, bucket) = (storage.name.as_str(), storage.target().bucket.as_str());
        Self { storage: storage.id(), application, name, bucket, reason }
    }
}

/// A room in which somebody is, or was.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoomData<'a> {
    #[schemars(with = "String", example = &"app_019aa2c1000070008000000000000000")]
    application: ApplicationId,
    room: &'a str,
    /// The same in both events of one room, which tells it from a later one of that name.
    #[schemars(with = "DateTime<Utc>")]
    started_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DateTime<Utc>")]
    ended_at: Option<String>,
}

impl<'a> RoomData<'a> {
    /// Times are Unix milliseconds.
    pub(crate) fn of(application: ApplicationId, room: &'a RoomName, started: u64, ended: Option<u64>) -> Self {
        Self { application, room: room.as_str(), started_at: iso(started), ended_at: ended.map(iso) }
    }
}

/// Somebody who came, or went.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PeerData<'a> {
    #[schemars(with = "String", example = &"app_019aa2c1000070008000000000000000")]
    application: ApplicationId,
    room: &'a str,
    #[schemars(with = "String", example = &"peer_019aa2c1000070008000000000000000")]
    peer: PeerId,
    /// What the peer calls itself.
    name: Option<&'a str>,
}

impl<'a> PeerData<'a> {
    pub(crate) fn of(
        application: ApplicationId,
        room: &'a RoomName,
        peer: PeerId,
        name: Option<&'a DisplayName>,
    ) -> Self {
        Self { application, room: room.as_str(), peer, name: name.map(DisplayName::as_str) }
    }
}

/// Somebody wants to see whether messages arrive.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TestData {
    #[schemars(with = "String", example = &"app_019aa2c1000070008000000000000000")]
    pub application: ApplicationId,
    #[schemars(with = "String", example = &"ep_019aa2c1000070008000000000000000")]
    pub endpoint: EndpointId,
}

/// Unix milliseconds as messages have it.
pub(super) fn iso(unix_ms: u64) -> String {
    iso_date(to_date(unix_ms))
}

/// Schemas of words.
mod words {
    use protocol::recording::{FailureCause, RecordingState, StopCause};
    use schemars::{Schema, SchemaGenerator, json_schema};
    use serde_json::Value;

    pub(super) fn recording_state(_: &mut SchemaGenerator) -> Schema {
        let words: Vec<_> = RecordingState::ALL.iter().map(|word| word.as_str()).collect();
        json_schema!({ "type": "string", "enum": words })
    }

    pub(super) fn stop_cause(_: &mut SchemaGenerator) -> Schema {
        let words = StopCause::ALL.iter().map(|word| Value::from(word.as_str()));
        json_schema!({ "type": ["string", "null"], "enum": words.chain([Value::Null]).collect::<Vec<_>>() })
    }

    pub(super) fn failure_cause(_: &mut SchemaGenerator) -> Schema {
        let words: Vec<_> = FailureCause::ALL.iter().map(|word| word.as_str()).collect();
        json_schema!({ "type": "string", "enum": words })
    }
}
