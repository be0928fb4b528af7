//! Recordings: look, stop, link, hold, delete.

use super::{
    authentication::Caller,
    page::{Page, PageQuery},
    request::{Body, Id, Query},
};
use crate::http::{Problem, Web};
use axum::{Json, extract::State, response::IntoResponse};
use chrono::{DateTime, Utc};
use domain::{recordings, recordings::DeletionCause};
use http::StatusCode;
use protocol::{
    ids::{ApplicationId, RecordingId},
    names::{ClientName, RoomName},
    recording::{FailureCause, RecordingState, StopCause},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use url::Url;
use utoipa::{IntoParams, ToSchema};

/// One start-to-stop of a room.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Recording {
    #[schema(value_type = String, example = "rec_019aa2c1000070008000000000000000")]
    id: RecordingId,
    #[schema(value_type = String, example = "app_019aa2c1000070008000000000000000")]
    application_id: ApplicationId,
    #[schema(value_type = String)]
    room: RoomName,
    /// `requested`, `recording`, `stopping`, `mixing`, `uploading`, `ready` or `failed`; only forward.
    #[schema(value_type = String, example = "ready")]
    state: RecordingState,
    /// Why capture ended, for example `peer_request` or `max_duration`.
    #[schema(value_type = Option<String>)]
    stop_cause: Option<StopCause>,
    /// Why there is no file, for example `capture_lost`.
    #[schema(value_type = Option<String>)]
    failure_cause: Option<FailureCause>,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    stopped_at: Option<DateTime<Utc>>,
    ready_at: Option<DateTime<Utc>>,
    duration_ms: Option<u64>,
    bytes: Option<u64>,
    width: Option<u32>,
    height: Option<u32>,
    /// Whether the clocks of the participants could be compared only roughly.
    approximate_sync: bool,
    /// Whether there is a picture of it: beside the object, under its key and `.jpg`, and at every link's `posterUrl`.
    poster: bool,
    /// Since when it waits, encrypted on its media node, for a bucket that does not work.
    held_since: Option<DateTime<Utc>>,
    bucket: String,
    object_key: String,
    /// Whose stream it is when a StreamRec client had it recorded. The file went to an address of the client's choice, of
    /// which `bucket` is the host; there is no copy to link to.
    source: Option<Source>,
    /// Why nothing may delete it; `null` without a legal hold.
    legal_hold: Option<String>,
    /// Once its deletion was asked for; it can be played no more.
    deletion: Option<Deletion>,
}

/// A stream of a StreamRec client.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    #[schema(value_type = String, example = "client-1")]
    client_id: ClientName,
    /// Counts from 0.
    stream_index: u8,
}

/// How far the deletion of a recording is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Deletion {
    /// `requested` or `retention`.
    #[schema(value_type = String, example = "requested")]
    cause: &'static str,
    requested_at: DateTime<Utc>,
    /// Why the bucket still has the object; it is asked again.
    problem: Option<String>,
    deleted_at: Option<DateTime<Utc>>,
}

/// A page of recordings.
#[derive(Debug, Serialize, ToSchema)]
pub struct Recordings {
    /// Newest first.
    items: Vec<Recording>,
    /// Cursor of the next page; `null` at the end.
    next: Option<String>,
}

/// A link to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "validitySeconds": 86400 }))]
pub struct NewLink {
    /// How long it works: an hour to 365 days.
    #[schema(minimum = 3600, maximum = 31_536_000)]
    validity_seconds: u64,
}

/// A link that anybody may follow until it expires or the recording is deleted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    #[schema(value_type = String)]
    url: Url,
    /// Shows a picture of the recording; `null` when there is none.
    #[schema(value_type = Option<String>)]
    poster_url: Option<Url>,
    expires_at: DateTime<Utc>,
}

/// A hold to be set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "reason": "Case 2026-117" }))]
pub struct LegalHold {
    /// One line, for example a case number.
    reason: String,
}

/// Why something is done, for the audit log.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReasonQuery {
    /// One line for the audit log.
    #[serde(default)]
    #[param(required = false)]
    reason: String,
}

impl From<recordings::Recording> for Recording {
    fn from(recording: recordings::Recording) -> Self {
        Self {
            id: recording.id,
            application_id: recording.application,
            room: recording.room,
            state: recording.state,
            stop_cause: recording.stop_cause,
            failure_cause: recording.failure_cause,
            created_at: recording.created_at,
            started_at: recording.started_at,
            stopped_at: recording.stopped_at,
            ready_at: recording.ready_at,
            duration_ms: recording.duration_ms,
            bytes: recording.bytes,
            width: recording.width,
            height: recording.height,
            approximate_sync: recording.approximate_sync,
            poster: recording.poster,
            held_since: recording.held_since,
            bucket: recording.bucket,
            object_key: recording.object_key,
            source: recording
                .source
                .map(|recordings::Source { client, stream }| Source { client_id: client, stream_index: stream }),
            legal_hold: recording.legal_hold,
            deletion: recording.deletion.map(|deletion| Deletion {
                cause: DeletionCause::as_str(deletion.cause),
                requested_at: deletion.requested_at,
                problem: deletion.problem,
                deleted_at: deletion.deleted_at,
            }),
        }
    }
}

/// List the recordings of an application
#[utoipa::path(
    get,
    path = "/applications/{application}/recordings",
    operation_id = "listRecordings",
    tag = "Recordings",
    params(("application" = String, Path), PageQuery),
    security(("apiKey" = ["recordings:read"])),
    responses((status = 200, description = "A page of recordings.", body = Recordings)),
)]
pub async fn list(
    State(web): State<Web>,
    Caller(access): Caller,
    Id(application): Id<ApplicationId>,
    page: Page,
) -> Result<Json<Recordings>, Problem> {
    let page = page.of(&web, &access, "recordings", &application);
    let found = recordings::list(&web.services, &access, application, page.begins().await?).await?;
    let next = page.next(found.next).await?;
    Ok(Json(Recordings { items: found.items.into_iter().map(Into::into).collect(), next }))
}

/// Read a recording
#[utoipa::path(
    get,
    path = "/recordings/{recording}",
    operation_id = "getRecording",
    tag = "Recordings",
    params(("recording" = String, Path)),
    security(("apiKey" = ["recordings:read"])),
    responses((status = 200, description = "The recording.", body = Recording)),
)]
pub async fn get(
    State(web): State<Web>,
    Caller(access): Caller,
    Id(id): Id<RecordingId>,
) -> Result<Json<Recording>, Problem> {
    Ok(Json(recordings::get(&web.services, &access, id).await?.into()))
}

/// Stop a recording
///
/// The state follows when the media node reports it. Harmless when it has stopped already.
#[utoipa::path(
    post,
    path = "/recordings/{recording}/stop",
    operation_id = "stopRecording",
    tag = "Recordings",
    params(("recording" = String, Path)),
    security(("apiKey" = ["recordings:write"])),
    responses((status = 202, description = "The recording is told to stop.", body = Recording)),
)]
pub async fn stop(
    State(web): State<Web>,
    Caller(access): Caller,
    Id(id): Id<RecordingId>,
) -> Result<impl IntoResponse, Problem> {
    let recording = recordings::stop(&web.services, &access, id).await?;
    Ok((StatusCode::ACCEPTED, Json(Recording::from(recording))))
}

/// Make a link to a finished recording
///
/// Anybody who has it may play and download the recording.
#[utoipa::path(
    post,
    path = "/recordings/{recording}/links",
    operation_id = "createRecordingLink",
    tag = "Recordings",
    params(("recording" = String, Path)),
    request_body = NewLink,
    security(("apiKey" = ["recordings:write"])),
    responses(
        (status = 201, description = "The link.", body = Link),
        (status = 409, description = "`recording_not_ready`.", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 410, description = "`recording_deleted`.", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    ),
)]
pub async fn link(
    State(web): State<Web>,
    Caller(access): Caller,
    Id(id): Id<RecordingId>,
    Body(new): Body<NewLink>,
) -> Result<impl IntoResponse, Problem> {
    let validity = Duration::from_secs(new.validity_seconds);
    let recordings::Link { url, poster_url, expires_at } =
        recordings::share(&web.services, &access, id, validity).await?;
    Ok((StatusCode::CREATED, Json(Link { url, poster_url, expires_at })))
}

/// Hold a recording
///
/// Nothing deletes it while it is held: no retention, no request. Calls off a deletion that waits.
#[utoipa::path(
    put,
    path = "/recordings/{recording}/legal-hold",
    operation_id = "holdRecording",
    tag = "Recordings",
    params(("recording" = String, Path)),
    request_body = LegalHold,
    security(("apiKey" = ["recordings:write"])),
    responses(
        (status = 200, description = "The recording is held.", body = Recording),
        (status = 409, description = "`deletion_under_way`.", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 410, description = "`recording_deleted`.", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    ),
)]
pub async fn hold(
    State(web): State<Web>,
    Caller(access): Caller,
    Id(id): Id<RecordingId>,
    Body(hold): Body<LegalHold>,
) -> Result<Json<Recording>, Problem> {
    Ok(Json(recordings::set_legal_hold(&web.services, &access, id, true, &hold.reason).await?.into()))
}

/// Lift a legal hold
#[utoipa::path(
    delete,
    path = "/recordings/{recording}/legal-hold",
    operation_id = "releaseRecording",
    tag = "Recordings",
    params(("recording" = String, Path), ReasonQuery),
    security(("apiKey" = ["recordings:write"])),
    responses(
        (status = 200, description = "The recording is not held.", body = Recording),
        (status = 410, description = "`recording_deleted`.", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    ),
)]
pub async fn release(
    State(web): State<Web>,
    Caller(access): Caller,
    Id(id): Id<RecordingId>,
    Query(query): Query<ReasonQuery>,
) -> Result<Json<Recording>, Problem> {
    Ok(Json(recordings::set_legal_hold(&web.services, &access, id, false, &query.reason).await?.into()))
}

/// Delete a recording
///
/// It can be played no more from now on; its object goes from the bucket soon after. Harmless when repeated.
#[utoipa::path(
    delete,
    path = "/recordings/{recording}",
    operation_id = "deleteRecording",
    tag = "Recordings",
    params(("recording" = String, Path), ReasonQuery),
    security(("apiKey" = ["recordings:write"])),
    responses(
        (status = 202, description = "The deletion is under way.", body = Recording),
        (status = 409, description = "`legal_hold` or `recording_not_ended`.", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    ),
)]
pub async fn delete(
    State(web): State<Web>,
    Caller(access): Caller,
    Id(id): Id<RecordingId>,
    Query(query): Query<ReasonQuery>,
) -> Result<impl IntoResponse, Problem> {
    let recording = recordings::delete(&web.services, &access, id, &query.reason).await?;
    Ok((StatusCode::ACCEPTED, Json(Recording::from(recording))))
}
