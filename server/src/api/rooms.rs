//! Rooms in use: look, record, end, let somebody go.

use super::{
    authentication::Caller,
    page::{Page, PageQuery},
    recordings::Recording,
    request::{Id, RoomAddress},
    storages::location,
};
use crate::http::{Problem, Web};
use axum::{Json, extract::State, response::IntoResponse};
use chrono::{DateTime, Utc};
use domain::{recordings, rooms};
use http::StatusCode;
use protocol::{
    ids::{ApplicationId, PeerId, RecordingId},
    names::{DisplayName, RoomName},
};
use serde::Serialize;
use utoipa::ToSchema;

/// A room that somebody is in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Room {
    #[schema(value_type = String, example = "standup")]
    name: RoomName,
    /// When its first peer came.
    started_at: DateTime<Utc>,
    peer_count: u64,
    /// What is being recorded now.
    #[schema(value_type = Option<String>)]
    recording_id: Option<RecordingId>,
}

/// A room and who is in it.
#[derive(Debug, Serialize, ToSchema)]
pub struct RoomDetails {
    #[serde(flatten)]
    room: Room,
    /// In the order in which they came.
    peers: Vec<Peer>,
}

/// Somebody in a room.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Peer {
    #[schema(value_type = String, example = "peer_019aa2c1000070008000000000000000")]
    id: PeerId,
    #[schema(value_type = Option<String>)]
    name: Option<DisplayName>,
    joined_at: DateTime<Utc>,
}

/// A page of rooms.
#[derive(Debug, Serialize, ToSchema)]
pub struct Rooms {
    /// By name.
    items: Vec<Room>,
    /// Cursor of the next page; `null` at the end.
    next: Option<String>,
}

impl From<rooms::Room> for Room {
    fn from(room: rooms::Room) -> Self {
        let rooms::Room { name, started_at, peers: peer_count, recording: recording_id } = room;
        Self { name, started_at, peer_count, recording_id }
    }
}

impl From<rooms::Peer> for Peer {
    fn from(peer: rooms::Peer) -> Self {
        Self { id: peer.id, name: peer.name, joined_at: peer.joined_at }
    }
}

/// List the rooms in use
#[utoipa::path(
    get,
    path = "/applications/{application}/rooms",
    operation_id = "listRooms",
    tag = "Rooms",
    params(("application" = String, Path), PageQuery),
    security(("apiKey" = ["rooms:read"])),
    responses((status = 200, description = "A page of rooms that somebody is in.", body = Rooms)),
)]
pub async fn list(
    State(web): State<Web>,
    Caller(access): Caller,
    Id(application): Id<ApplicationId>,
    page: Page,
) -> Result<Json<Rooms>, Problem> {
    let page = page.of(&web, &access, "rooms", &application);
    let after = page.begins::<RoomPosition>().await?.map(|position| position.0);
    let (rooms, more) = rooms::list(&web.services, &access, application, after.as_ref()).await?;
    let next = page.next(rooms.last().filter(|_| more).map(|room| room.name.clone())).await?;
    Ok(Json(Rooms { items: rooms.into_iter().map(Into::into).collect(), next }))
}

/// The name of the room that a page ended with.
struct RoomPosition(RoomName);

impl std::str::FromStr for RoomPosition {
    type Err = protocol::names::InvalidName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        RoomName::try_from(text.to_owned()).map(Self)
    }
}

/// Read a room in use
#[utoipa::path(
    get,
    path = "/applications/{application}/rooms/{room}",
    operation_id = "getRoom",
    tag = "Rooms",
    params(("application" = String, Path), ("room" = String, Path)),
    security(("apiKey" = ["rooms:read"])),
    responses((status = 200, description = "The room and who is in it.", body = RoomDetails)),
)]
pub async fn get(
    State(web): State<Web>,
    Caller(access): Caller,
    RoomAddress { application, room, .. }: RoomAddress,
) -> Result<Json<RoomDetails>, Problem> {
    let (room, peers) = rooms::get(&web.services, &access, application, &room).await?;
    Ok(Json(RoomDetails { room: room.into(), peers: peers.into_iter().map(Into::into).collect() }))
}

/// End a room
///
/// Everybody leaves with the reason `room_ended`; a recording is stopped and delivered. Whoever joins again gets a new
/// room of the same name.
#[utoipa::path(
    delete,
    path = "/applications/{application}/rooms/{room}",
    operation_id = "endRoom",
    tag = "Rooms",
    params(("application" = String, Path), ("room" = String, Path)),
    security(("apiKey" = ["rooms:write"])),
    responses((status = 202, description = "The room, which ends now.", body = Room)),
)]
pub async fn end(
    State(web): State<Web>,
    Caller(access): Caller,
    RoomAddress { application, room, .. }: RoomAddress,
) -> Result<impl IntoResponse, Problem> {
    let room = rooms::end(&web.services, &access, application, &room).await?;
    Ok((StatusCode::ACCEPTED, Json(Room::from(room))))
}

/// Remove a peer from a room
///
/// It leaves with the reason `removed`. To keep it out, do not let it join again.
#[utoipa::path(
    delete,
    path = "/applications/{application}/rooms/{room}/peers/{peer}",
    operation_id = "removePeer",
    tag = "Rooms",
    params(("application" = String, Path), ("room" = String, Path), ("peer" = String, Path)),
    security(("apiKey" = ["rooms:write"])),
    responses((status = 202, description = "The peer, which leaves now.", body = Peer)),
)]
pub async fn remove_peer(
    State(web): State<Web>,
    Caller(access): Caller,
    RoomAddress { application, room, peer }: RoomAddress<PeerId>,
) -> Result<impl IntoResponse, Problem> {
    let peer = rooms::remove_peer(&web.services, &access, application, &room, peer).await?;
    Ok((StatusCode::ACCEPTED, Json(Peer::from(peer))))
}

/// Start to record a room
///
/// Somebody must be in it. The state follows when the media node reports it.
#[utoipa::path(
    post,
    path = "/applications/{application}/rooms/{room}/recordings",
    operation_id = "startRecording",
    tag = "Recordings",
    params(("application" = String, Path), ("room" = String, Path)),
    security(("apiKey" = ["recordings:write"])),
    responses(
        (status = 202, description = "The recording, which begins now.", body = Recording),
        (status = 409, description = "`room_empty`, `room_of_session`, `already_recording`, `recording_off`, `relay_required`, `plan_required` or `storage_not_validated`; `request_in_progress` or `answer_lost` with an Idempotency-Key.", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    ),
)]
pub async fn record(
    State(web): State<Web>,
    Caller(access): Caller,
    RoomAddress { application, room, .. }: RoomAddress,
) -> Result<impl IntoResponse, Problem> {
    let recording = recordings::start_in_room(&web.services, &access, application, &room).await?;
    let location = location("recordings", recording.id)?;
    Ok((StatusCode::ACCEPTED, location, Json(Recording::from(recording))))
}
