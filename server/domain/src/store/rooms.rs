//! Rooms in use, who is in them, and how long peers stayed.

use super::{Name, OrgTx, Text, Tx, execute, fetch_all, fetch_optional, on, signed, unsigned};
use protocol::{
    ids::{ApplicationId, BootId, NodeId, OrgId, PeerId, RecordingId},
    names::{DisplayName, RoomName},
};

/// A room in use.
#[derive(sqlx::FromRow)]
pub(crate) struct RoomRow {
    room: Name<RoomName>,
    node_id: Text<NodeId>,
    pub started_at: i64,
    pub peers: i64,
    recording_id: Option<Text<RecordingId>>,
}

impl RoomRow {
    pub(crate) fn name(&self) -> &RoomName {
        &self.room.0
    }

    pub(crate) fn node(&self) -> NodeId {
        self.node_id.0
    }

    pub(crate) fn recording(&self) -> Option<RecordingId> {
        self.recording_id.map(|id| id.0)
    }
}

/// Somebody in a room.
#[derive(sqlx::FromRow)]
pub(crate) struct PeerRow {
    id: Text<PeerId>,
    name: Option<Name<DisplayName>>,
    pub joined_at: i64,
}

impl PeerRow {
    pub(crate) fn id(&self) -> PeerId {
        self.id.0
    }

    pub(crate) fn name(&self) -> Option<&DisplayName> {
        self.name.as_ref().map(|name| &name.0)
    }
}

/// Who left which room.
#[derive(sqlx::FromRow)]
pub(crate) struct LeftRow {
    org_id: Text<OrgId>,
    application_id: Text<ApplicationId>,
    room: Name<RoomName>,
    name: Option<Name<DisplayName>>,
    pub joined_at: i64,
}

impl LeftRow {
    pub(crate) fn name(&self) -> Option<&DisplayName> {
        self.name.as_ref().map(|name| &name.0)
    }

    pub(crate) fn org(&self) -> OrgId {
        self.org_id.0
    }

    pub(crate) fn application(&self) -> ApplicationId {
        self.application_id.0
    }

    pub(crate) fn room(&self) -> &RoomName {
        &self.room.0
    }
}

#[derive(sqlx::FromRow)]
struct Number {
    number: i64,
}

/// Somebody who came.
pub(crate) struct NewPeer<'a> {
    pub application: ApplicationId,
    pub room: &'a RoomName,
    pub peer: PeerId,
    pub name: Option<&'a DisplayName>,
    pub joined_at: u64,
}

macro_rules! select_room {
    ($rest:literal) => {
        concat!(
            "SELECT r.room, r.node_id, r.started_at,
                 (SELECT COUNT(*) FROM live_peers p
                  WHERE p.org_id = r.org_id AND p.application_id = r.application_id AND p.room = r.room) AS peers,
                 (SELECT c.id FROM recordings c
                  WHERE c.org_id = r.org_id AND c.application_id = r.application_id AND c.room = r.room
                      AND c.state IN ('requested', 'recording')) AS recording_id
             FROM live_rooms r JOIN nodes n ON n.id = r.node_id
             WHERE r.org_id = $1 AND r.application_id = $2 AND n.linked AND n.reported_at > $3 ",
            $rest
        )
    };
}

impl Tx {
    /// Whether the node still runs as it did at this start.
    pub(crate) async fn is_boot(&mut self, node: NodeId, boot: BootId) -> sqlx::Result<bool> {
        let row = fetch_optional!(
            self,
            Number,
            "SELECT COUNT(*) AS number FROM nodes WHERE id = $1 AND boot_id = $2",
            Text(node),
            Text(boot),
        )?;
        Ok(row.is_some_and(|row| row.number == 1))
    }

    /// Takes somebody out of the room of a node.
    pub(crate) async fn remove_live_peer(&mut self, node: NodeId, peer: PeerId) -> sqlx::Result<Option<LeftRow>> {
        fetch_optional!(
            self,
            LeftRow,
            "DELETE FROM live_peers WHERE id = $1 AND EXISTS (
                 SELECT 1 FROM live_rooms r WHERE r.org_id = live_peers.org_id AND r.room = live_peers.room
                     AND r.application_id = live_peers.application_id AND r.node_id = $2)
             RETURNING org_id, application_id, room, name, joined_at",
            Text(peer),
            Text(node),
        )
    }

    /// Everybody in the rooms of a node that was started otherwise than at this boot.
    pub(crate) async fn left_behind(&mut self, node: NodeId, boot: BootId) -> sqlx::Result<Vec<LeftBehind>> {
        fetch_all!(
            self,
            LeftBehind,
            "SELECT p.id, n.reported_at FROM live_peers p
             JOIN live_rooms r ON r.org_id = p.org_id AND r.application_id = p.application_id AND r.room = p.room
             JOIN nodes n ON n.id = r.node_id
             WHERE n.id = $1 AND n.boot_id <> $2",
            Text(node),
            Text(boot),
        )
    }
}

/// Somebody in a room that is gone.
#[derive(sqlx::FromRow)]
pub(crate) struct LeftBehind {
    id: Text<PeerId>,
    /// When the node was last heard of.
    pub reported_at: i64,
}

impl LeftBehind {
    pub(crate) fn peer(&self) -> PeerId {
        self.id.0
    }
}

impl OrgTx<'_> {
    /// True when the room was not in use.
    pub(crate) async fn open_live_room(
        &mut self,
        application: ApplicationId,
        room: &RoomName,
        node: NodeId,
        now: u64,
    ) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "INSERT INTO live_rooms (org_id, application_id, room, node_id, started_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (org_id, application_id, room) DO NOTHING",
            Text(application),
            Text(room),
            Text(node),
            signed(now),
        )?;
        if rows == 0 {
            execute!(
                org self,
                "UPDATE live_rooms SET node_id = $4
                 WHERE org_id = $1 AND application_id = $2 AND room = $3 AND node_id <> $4",
                Text(application),
                Text(room),
                Text(node),
            )?;
        }
        Ok(rows == 1)
    }

    /// False when the peer was there already.
    pub(crate) async fn insert_live_peer(&mut self, new: &NewPeer<'_>) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "INSERT INTO live_peers (org_id, id, application_id, room, name, joined_at)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING",
            Text(new.peer),
            Text(new.application),
            Text(new.room),
            new.name.map(Text),
            signed(new.joined_at),
        )?;
        Ok(rows == 1)
    }

    /// Forgets the room when nobody is left; since when it was in use.
    pub(crate) async fn close_live_room(
        &mut self,
        application: ApplicationId,
        room: &RoomName,
    ) -> sqlx::Result<Option<u64>> {
        let row = fetch_optional!(
            org self,
            Number,
            "DELETE FROM live_rooms WHERE org_id = $1 AND application_id = $2 AND room = $3 AND NOT EXISTS (
                 SELECT 1 FROM live_peers p WHERE p.org_id = $1 AND p.application_id = $2 AND p.room = $3)
             RETURNING started_at AS number",
            Text(application),
            Text(room),
        )?;
        Ok(row.map(|row| unsigned(row.number)))
    }

    pub(crate) async fn add_peer_time(
        &mut self,
        application: ApplicationId,
        month: &str,
        peer_ms: u64,
    ) -> sqlx::Result<()> {
        execute!(
            org self,
            "INSERT INTO peer_time AS t (org_id, application_id, month, peer_ms) VALUES ($1, $2, $3, $4)
             ON CONFLICT (org_id, month, application_id) DO UPDATE SET peer_ms = t.peer_ms + excluded.peer_ms",
            Text(application),
            month,
            signed(peer_ms),
        )
        .map(drop)
    }

    /// Rooms on nodes that reported lately, by name, beginning after one.
    pub(crate) async fn live_rooms(
        &mut self,
        application: ApplicationId,
        reported_after: u64,
        after: Option<&RoomName>,
        limit: i64,
    ) -> sqlx::Result<Vec<RoomRow>> {
        if !self.reaches(application) {
            return Ok(Vec::new());
        }
        fetch_all!(
            org self,
            RoomRow,
            select_room!("AND ($4 IS NULL OR r.room > $4) ORDER BY r.room LIMIT $5"),
            Text(application),
            signed(reported_after),
            after.map(Text),
            limit,
        )
    }

    pub(crate) async fn live_room(
        &mut self,
        application: ApplicationId,
        reported_after: u64,
        room: &RoomName,
    ) -> sqlx::Result<Option<RoomRow>> {
        if !self.reaches(application) {
            return Ok(None);
        }
        fetch_optional!(
            org self,
            RoomRow,
            select_room!("AND r.room = $4"),
            Text(application),
            signed(reported_after),
            Text(room),
        )
    }

    /// In the order in which they came.
    pub(crate) async fn live_peers(
        &mut self,
        application: ApplicationId,
        room: &RoomName,
    ) -> sqlx::Result<Vec<PeerRow>> {
        if !self.reaches(application) {
            return Ok(Vec::new());
        }
        fetch_all!(
            org self,
            PeerRow,
            "SELECT id, name, joined_at FROM live_peers
             WHERE org_id = $1 AND application_id = $2 AND room = $3 ORDER BY joined_at, id",
            Text(application),
            Text(room),
        )
    }
}
