//! Rooms in use and who is in them: reported by nodes, looked at and ended by members and programs.

use crate::{
    access::{Access, Permission},
    applications, audit,
    clock::to_date,
    error::{Error, Result},
    nodes::alive_since,
    notifications::raise::{self, PeerMove},
    services::Services,
    store::{LeftRow, NewPeer, OrgTx, PeerRow, RoomRow, Tx, unsigned},
    usage::Month,
};
use chrono::{DateTime, Utc};
use protocol::{
    ids::{ApplicationId, BootId, NodeId, PeerId, RecordingId},
    link::Command,
    names::{DisplayName, RoomName},
    webhook::EventType,
};

const PAGE: i64 = 100;

/// A room in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    pub name: RoomName,
    /// When its first peer came.
    pub started_at: DateTime<Utc>,
    pub peers: u64,
    /// What is being recorded now.
    pub recording: Option<RecordingId>,
}

/// Somebody in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    pub id: PeerId,
    pub name: Option<DisplayName>,
    pub joined_at: DateTime<Utc>,
}

/// Rooms of an application by name, at most 100, beginning after one; and whether there are more.
pub async fn list(
    services: &Services,
    access: &Access,
    application: ApplicationId,
    after: Option<&RoomName>,
) -> Result<(Vec<Room>, bool)> {
    access.require(Permission::ViewRooms)?;
    let mut tx = services.read().await?;
    let mut org = tx.reach(access);
    applications::existing(&mut org, application).await?;
    let mut rows = org.live_rooms(application, alive_since(services), after, PAGE + 1).await?;
    let more = rows.len() > usize::try_from(PAGE).unwrap_or(usize::MAX);
    if more {
        rows.pop();
    }
    Ok((rows.iter().map(view).collect(), more))
}

/// One room in use, with who is in it in the order in which they came.
pub async fn get(
    services: &Services,
    access: &Access,
    application: ApplicationId,
    room: &RoomName,
) -> Result<(Room, Vec<Peer>)> {
    access.require(Permission::ViewRooms)?;
    let mut tx = services.read().await?;
    let mut org = tx.reach(access);
    let row = find(services, &mut org, application, room).await?.ok_or_else(nobody)?;
    let peers = org.live_peers(application, room).await?;
    Ok((view(&row), peers.iter().map(peer_view).collect()))
}

/// Lets everybody in a room go; a recording is stopped and delivered. Whoever joins again gets a new room.
pub async fn end(services: &Services, access: &Access, application: ApplicationId, room: &RoomName) -> Result<Room> {
    access.require(Permission::OperateRooms)?;
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    let row = find(services, &mut org, application, room).await?.ok_or_else(nobody)?;
    let command = Command::EndRoom { application, room: room.clone(), cause: access.stop_cause() };
    org.system().push_command(row.node(), &command, services.now()).await?;
    audit::record(services, &mut org, access.actor(), "room.end_requested", &application, room.as_str()).await?;
    tx.commit().await?;
    Ok(view(&row))
}

/// Lets one peer of a room go; it may join again.
pub async fn remove_peer(
    services: &Services,
    access: &Access,
    application: ApplicationId,
    room: &RoomName,
    peer: PeerId,
) -> Result<Peer> {
    access.require(Permission::OperateRooms)?;
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    let row = find(services, &mut org, application, room).await?.ok_or_else(nobody)?;
    let peers = org.live_peers(application, room).await?;
    let found = peers.iter().find(|found| found.id() == peer).map(peer_view);
    let found = found.ok_or_else(|| Error::not_found("peer_not_found", "There is no such peer in this room."))?;
    let command = Command::RemovePeer { application, room: room.clone(), peer };
    org.system().push_command(row.node(), &command, services.now()).await?;
    audit::record(services, &mut org, access.actor(), "room.peer_removed", &peer, room.as_str()).await?;
    tx.commit().await?;
    Ok(found)
}

/// The room, while somebody is in it on a node that reported lately.
pub(crate) async fn find(
    services: &Services,
    org: &mut OrgTx<'_>,
    application: ApplicationId,
    room: &RoomName,
) -> Result<Option<RoomRow>> {
    applications::existing(org, application).await?;
    Ok(org.live_room(application, alive_since(services), room).await?)
}

fn nobody() -> Error {
    Error::not_found("room_not_found", "Nobody is in this room.")
}

/// Somebody came, as a node reports it.
pub(crate) struct Arrival {
    pub node: NodeId,
    pub boot: BootId,
    pub application: ApplicationId,
    pub room: RoomName,
    pub peer: PeerId,
    pub name: Option<DisplayName>,
    pub at: u64,
}

/// Somebody came; webhooks hear of it.
pub(crate) async fn joined(services: &Services, tx: &mut Tx, arrival: &Arrival) -> Result<()> {
    if !tx.is_boot(arrival.node, arrival.boot).await? {
        return Ok(());
    }
    let Some(owner) = tx.application_owner(arrival.application).await? else { return Ok(()) };
    let mut org = tx.org(owner);
    let (application, room, at) = (arrival.application, &arrival.room, arrival.at);
    let first = org.open_live_room(application, room, arrival.node, at).await?;
    let (peer, name) = (arrival.peer, arrival.name.as_ref());
    let new = org.insert_live_peer(&NewPeer { application, room, peer, name, joined_at: at }).await?;
    if first {
        raise::room(services, &mut org, (application, room), at, None).await?;
    }
    if new {
        let event = EventType::PeerJoined;
        raise::peer(services, &mut org, &PeerMove { event, application, room, peer, name, at }).await?;
    }
    Ok(())
}

/// Somebody left, and webhooks hear of it; one who is not known is passed over.
pub(crate) async fn left(services: &Services, tx: &mut Tx, node: NodeId, peer: PeerId, at: u64) -> Result<()> {
    let Some(row) = tx.remove_live_peer(node, peer).await? else { return Ok(()) };
    ended_stay(services, tx, &row, peer, at).await
}

/// A node opened the link: if it was started again, whoever was in its rooms is gone since it was last heard of.
pub(crate) async fn node_started(services: &Services, tx: &mut Tx, node: NodeId, boot: BootId) -> Result<()> {
    for peer in tx.left_behind(node, boot).await? {
        left(services, tx, node, peer.peer(), unsigned(peer.reported_at)).await?;
    }
    Ok(())
}

async fn ended_stay(services: &Services, tx: &mut Tx, row: &LeftRow, peer: PeerId, at: u64) -> Result<()> {
    let mut org = tx.org(row.org());
    let stayed = at.saturating_sub(unsigned(row.joined_at));
    org.add_peer_time(row.application(), &Month::of(to_date(at)).to_string(), stayed).await?;
    let (application, room, name) = (row.application(), row.room(), row.name());
    let started = org.close_live_room(application, room).await?;
    let event = EventType::PeerLeft;
    raise::peer(services, &mut org, &PeerMove { event, application, room, peer, name, at }).await?;
    if let Some(started) = started {
        raise::room(services, &mut org, (application, room), started, Some(at)).await?;
    }
    Ok(())
}

fn view(row: &RoomRow) -> Room {
    Room {
        name: row.name().clone(),
        started_at: to_date(unsigned(row.started_at)),
        peers: unsigned(row.peers),
        recording: row.recording(),
    }
}

fn peer_view(row: &PeerRow) -> Peer {
    Peer { id: row.id(), name: row.name().cloned(), joined_at: to_date(unsigned(row.joined_at)) }
}
