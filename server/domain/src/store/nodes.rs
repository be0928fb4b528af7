//! Media nodes, the two ends of their streams, and where rooms live.

use super::{JsonText, OrgTx, Text, Tx, execute, fetch_all, fetch_one, fetch_optional, on, signed, unsigned};
use protocol::{
    ids::{ApplicationId, BootId, NodeId},
    link::Command,
    names::RoomName,
};

/// A node that may take rooms.
#[derive(sqlx::FromRow)]
pub(crate) struct NodeRow {
    id: Text<NodeId>,
    pub signaling_url: String,
    /// Sealed.
    pub token_key: String,
}

impl NodeRow {
    pub(crate) fn id(&self) -> NodeId {
        self.id.0
    }
}

/// A node that opened the link.
pub(crate) struct NewNode<'a> {
    pub id: NodeId,
    pub boot: BootId,
    pub signaling_url: &'a str,
    pub last_command: u64,
    /// Sealed; a node that is known already keeps the one it has.
    pub token_key: &'a str,
}

/// What is known of a node that opened the link.
#[derive(sqlx::FromRow)]
pub(crate) struct RegisteredNode {
    pub last_event: i64,
    pub token_key: String,
}

#[derive(sqlx::FromRow)]
struct CommandRow {
    sequence: i64,
    command: JsonText<Command>,
}

#[derive(sqlx::FromRow)]
struct Number {
    number: i64,
}

#[derive(sqlx::FromRow)]
struct NodeRef {
    id: Text<NodeId>,
}

impl Tx {
    /// Makes or updates the node. One that applied commands we no longer know of (its row was forgotten) goes on
    /// counting where it is.
    pub(crate) async fn upsert_node(&mut self, node: &NewNode<'_>, now: u64) -> sqlx::Result<RegisteredNode> {
        fetch_one!(
            self,
            RegisteredNode,
            "INSERT INTO nodes AS n (id, boot_id, signaling_url, linked, linked_at, reported_at, rooms, peers, last_event,
                 last_command, token_key, created_at)
             VALUES ($1, $2, $3, TRUE, $4, $4, 0, 0, 0, $5, $6, $4)
             ON CONFLICT (id) DO UPDATE SET boot_id = excluded.boot_id, signaling_url = excluded.signaling_url,
                 linked = TRUE, linked_at = excluded.linked_at, reported_at = excluded.reported_at,
                 last_command = CASE WHEN n.last_command < excluded.last_command
                     THEN excluded.last_command ELSE n.last_command END
             RETURNING last_event, token_key",
            Text(node.id),
            Text(node.boot),
            node.signaling_url,
            signed(now),
            signed(node.last_command),
            node.token_key,
        )
    }

    pub(crate) async fn unlink_node(&mut self, node: NodeId, boot: BootId) -> sqlx::Result<()> {
        execute!(self, "UPDATE nodes SET linked = FALSE WHERE id = $1 AND boot_id = $2", Text(node), Text(boot),)
            .map(drop)
    }

    pub(crate) async fn report_node(
        &mut self,
        node: NodeId,
        (rooms, peers): (u32, u32),
        linked: bool,
        now: u64,
    ) -> sqlx::Result<()> {
        execute!(
            self,
            "UPDATE nodes SET reported_at = $2, rooms = $3, peers = $4, linked = $5 WHERE id = $1",
            Text(node),
            signed(now),
            i64::from(rooms),
            i64::from(peers),
            linked,
        )
        .map(drop)
    }

    pub(crate) async fn count_linked_nodes(&mut self, reported_after: u64) -> sqlx::Result<u64> {
        let row = fetch_one!(
            self,
            Number,
            "SELECT count(*) AS number FROM nodes WHERE linked AND reported_at > $1",
            signed(reported_after),
        )?;
        Ok(unsigned(row.number))
    }

    pub(crate) async fn emptiest_node(&mut self, reported_after: u64) -> sqlx::Result<Option<NodeRow>> {
        fetch_optional!(
            self,
            NodeRow,
            "SELECT id, signaling_url, token_key FROM nodes WHERE linked AND reported_at > $1 ORDER BY peers, rooms, id LIMIT 1",
            signed(reported_after),
        )
    }

    /// A node as it was seen last.
    pub(crate) async fn node(&mut self, node: NodeId) -> sqlx::Result<Option<NodeRow>> {
        fetch_optional!(self, NodeRow, "SELECT id, signaling_url, token_key FROM nodes WHERE id = $1", Text(node))
    }

    /// Whether a node has been heard of since.
    pub(crate) async fn has_reported(&mut self, node: NodeId, since: u64) -> sqlx::Result<bool> {
        let row = fetch_optional!(
            self,
            Number,
            "SELECT reported_at AS number FROM nodes WHERE id = $1 AND reported_at >= $2",
            Text(node),
            signed(since),
        )?;
        Ok(row.is_some())
    }

    /// Takes the node's next event number. False when `sequence` is not the next, or the node is unknown. The
    /// first event ever may carry any number: the node's row was forgotten in between.
    pub(crate) async fn advance_events(&mut self, node: NodeId, sequence: u64) -> sqlx::Result<bool> {
        let rows = execute!(
            self,
            "UPDATE nodes SET last_event = $2 WHERE id = $1 AND (last_event = $2 - 1 OR last_event = 0)",
            Text(node),
            signed(sequence),
        )?;
        Ok(rows == 1)
    }

    pub(crate) async fn last_event(&mut self, node: NodeId) -> sqlx::Result<Option<u64>> {
        let row = fetch_optional!(self, Number, "SELECT last_event AS number FROM nodes WHERE id = $1", Text(node))?;
        Ok(row.map(|row| unsigned(row.number)))
    }

    /// Stores a command for one node; nothing when the node was forgotten.
    pub(crate) async fn push_command(&mut self, node: NodeId, command: &Command, now: u64) -> sqlx::Result<()> {
        let row = fetch_optional!(
            self,
            Number,
            "UPDATE nodes SET last_command = last_command + 1 WHERE id = $1 RETURNING last_command AS number",
            Text(node),
        )?;
        let Some(row) = row else { return Ok(()) };
        execute!(
            self,
            "INSERT INTO node_commands (node_id, sequence, command, created_at) VALUES ($1, $2, $3, $4)",
            Text(node),
            row.number,
            JsonText(command),
            signed(now),
        )?;
        self.will_wake_nodes();
        Ok(())
    }

    /// Stores a command for every known node, in the order of their ids so that two writers cannot lock each other.
    pub(crate) async fn push_command_to_all(&mut self, command: &Command, now: u64) -> sqlx::Result<()> {
        for node in fetch_all!(self, NodeRef, "SELECT id FROM nodes ORDER BY id")? {
            self.push_command(node.id.0, command, now).await?;
        }
        Ok(())
    }

    pub(crate) async fn commands_after(&mut self, node: NodeId, sequence: u64) -> sqlx::Result<Vec<(u64, Command)>> {
        let rows = fetch_all!(
            self,
            CommandRow,
            "SELECT sequence, command FROM node_commands WHERE node_id = $1 AND sequence > $2 ORDER BY sequence LIMIT 100",
            Text(node),
            signed(sequence),
        )?;
        Ok(rows.into_iter().map(|row| (unsigned(row.sequence), row.command.0)).collect())
    }

    pub(crate) async fn delete_commands(&mut self, node: NodeId, up_to: u64) -> sqlx::Result<()> {
        execute!(self, "DELETE FROM node_commands WHERE node_id = $1 AND sequence <= $2", Text(node), signed(up_to),)
            .map(drop)
    }

    pub(crate) async fn delete_silent_nodes(&mut self, reported_before: u64) -> sqlx::Result<u64> {
        execute!(
            self,
            "DELETE FROM nodes WHERE reported_at < $1 AND NOT EXISTS (
                 SELECT 1 FROM recordings r WHERE r.node_id = nodes.id AND r.state NOT IN ('ready', 'failed'))",
            signed(reported_before),
        )
    }

    pub(crate) async fn delete_unused_placements(&mut self, used_before: u64) -> sqlx::Result<u64> {
        execute!(self, "DELETE FROM room_placements WHERE used_at < $1", signed(used_before))
    }
}

impl OrgTx<'_> {
    /// The node a room lives on, while that is linked and the room was noted to be in use.
    pub(crate) async fn placement(
        &mut self,
        application: ApplicationId,
        room: &RoomName,
        reported_after: u64,
        used_since: u64,
    ) -> sqlx::Result<Option<NodeRow>> {
        fetch_optional!(
            org self,
            NodeRow,
            "SELECT n.id, n.signaling_url, n.token_key FROM room_placements p JOIN nodes n ON n.id = p.node_id
             WHERE p.org_id = $1 AND p.application_id = $2 AND p.room = $3 AND n.linked AND n.reported_at > $4
                 AND p.used_at >= $5",
            Text(application),
            Text(room),
            signed(reported_after),
            signed(used_since),
        )
    }

    /// Puts a room on a node, unless it lives on a linked one meanwhile.
    pub(crate) async fn place(
        &mut self,
        application: ApplicationId,
        room: &RoomName,
        node: NodeId,
        reported_after: u64,
        now: u64,
    ) -> sqlx::Result<()> {
        execute!(
            org self,
            "INSERT INTO room_placements AS p (org_id, application_id, room, node_id, used_at)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (org_id, application_id, room)
             DO UPDATE SET node_id = excluded.node_id, used_at = excluded.used_at
             WHERE NOT EXISTS (SELECT 1 FROM nodes n WHERE n.id = p.node_id AND n.linked AND n.reported_at > $6)",
            Text(application),
            Text(room),
            Text(node),
            signed(now),
            signed(reported_after),
        )
        .map(drop)
    }

    /// Notes that a room is in use, at most once per `older_than`.
    pub(crate) async fn touch_placement(
        &mut self,
        application: ApplicationId,
        room: &RoomName,
        older_than: u64,
        now: u64,
    ) -> sqlx::Result<()> {
        execute!(
            org self,
            "UPDATE room_placements SET used_at = $5
             WHERE org_id = $1 AND application_id = $2 AND room = $3 AND used_at < $4",
            Text(application),
            Text(room),
            signed(older_than),
            signed(now),
        )
        .map(drop)
    }
}
