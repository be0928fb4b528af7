//! Media nodes: who they are, what they are told, where rooms live.

mod answer;

pub use answer::answer;

use crate::{
    error::{Error, Result},
    rooms,
    secrets::SealedColumn,
    services::Services,
    store::{NewNode, NodeRow, unsigned},
    streamrec,
};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use protocol::{
    ids::{ApplicationId, BootId, NodeId, OrgId, RecordingId},
    limits::LEASE_SECONDS,
    link::Command,
    names::RoomName,
};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

const SIGNALING_URL_BYTES: usize = 512;
/// Recordings taken from one report; a node has far fewer.
const REPORTED_RECORDINGS: usize = 1000;
/// How exactly the use of a room is noted.
const PLACEMENT_TOUCH_MS: u64 = 3600 * 1000;

/// What a node learns when it opens the link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Welcome {
    /// Highest event applied.
    pub last_event: u64,
    /// Verifies join tokens for this node: 32 bytes, hexadecimal.
    pub token_key: String,
}

/// What a node says about itself every few seconds.
#[derive(Debug, Clone, Default)]
pub struct Report {
    pub rooms: u32,
    pub peers: u32,
    pub recordings: Vec<RecordingId>,
    /// It is stopping: no new rooms, as if its link were closed.
    pub leaving: bool,
}

/// Where a room lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodePlacement {
    pub node: NodeId,
    pub signaling_url: String,
}

/// Whether this is the secret that nodes share with the control plane; takes the same time for every guess.
#[must_use]
pub fn verify_secret(services: &Services, secret: &str) -> bool {
    let expected = services.settings().node_secret.expose_secret();
    let (given, expected) = (Sha256::digest(secret.as_bytes()), Sha256::digest(expected.as_bytes()));
    verify_slices_are_equal(&given, &expected).is_ok()
}

/// A node opened the link.
pub async fn register(
    services: &Services,
    node: NodeId,
    boot: BootId,
    signaling_url: &str,
    last_command: u64,
) -> Result<Welcome> {
    let usable = signaling_url.len() <= SIGNALING_URL_BYTES
        && signaling_url.parse::<url::Url>().is_ok_and(|url| matches!(url.scheme(), "ws" | "wss"));
    if !usable {
        return Err(Error::invalid("signaling_url_invalid", "The signaling address must begin with ws:// or wss://."));
    }
    let fresh = Zeroizing::new(services.random().bytes::<32>().map_err(Error::internal)?);
    let mut tx = services.begin().await?;
    let token_key = services.envelope().seal(SealedColumn::NodeTokenKey.of_installation(), node, fresh.as_slice())?;
    let new = NewNode { id: node, boot, signaling_url, last_command, token_key: &token_key };
    rooms::node_started(services, &mut tx, node, boot).await?;
    streamrec::lifecycle::node_started(services, &mut tx, node, boot).await?;
    let registered = tx.upsert_node(&new, services.now()).await?;
    tx.delete_commands(node, last_command).await?;
    tx.commit().await?;
    let token_key = hex::encode(token_key_of(services, node, &registered.token_key)?.as_slice());
    Ok(Welcome { last_event: unsigned(registered.last_event), token_key })
}

/// What signs the join tokens for a node: random, made when the node was first seen.
pub(crate) fn token_key_of(services: &Services, node: NodeId, sealed: &str) -> Result<Zeroizing<Vec<u8>>> {
    services.envelope().open(SealedColumn::NodeTokenKey.of_installation(), node, sealed).map_err(Error::internal)
}

/// The link of this boot closed: no new rooms until it is back.
pub async fn disconnected(services: &Services, node: NodeId, boot: BootId) -> Result<()> {
    let mut tx = services.begin().await?;
    tx.unlink_node(node, boot).await?;
    Ok(tx.commit().await?)
}

/// Stored commands after `sequence`, oldest first, at most 100 at a time.
pub async fn commands_after(services: &Services, node: NodeId, sequence: u64) -> Result<Vec<(u64, Command)>> {
    Ok(services.read().await?.commands_after(node, sequence).await?)
}

/// Every command up to and including `sequence` was applied; they are forgotten.
pub async fn acknowledge(services: &Services, node: NodeId, sequence: u64) -> Result<()> {
    let mut tx = services.begin().await?;
    tx.delete_commands(node, sequence).await?;
    Ok(tx.commit().await?)
}

/// Keeps the node and its leases on these recordings alive.
pub async fn report(services: &Services, node: NodeId, report: Report) -> Result<()> {
    let now = services.now();
    let mut tx = services.begin().await?;
    tx.report_node(node, (report.rooms, report.peers), !report.leaving, now).await?;
    for recording in report.recordings.iter().take(REPORTED_RECORDINGS) {
        tx.see_recording(node, *recording, now).await?;
    }
    Ok(tx.commit().await?)
}

/// How many nodes are linked now.
pub async fn linked(services: &Services) -> Result<u64> {
    Ok(services.read().await?.count_linked_nodes(alive_since(services)).await?)
}

/// The node of a room: the one it already lives on while that is linked, else the emptiest. `None` when none is linked.
pub async fn pick(services: &Services, application: ApplicationId, room: &RoomName) -> Result<Option<NodePlacement>> {
    let owner = services.read().await?.application_owner(application).await?;
    match owner {
        Some(org) => Ok(place(services, org, application, room).await?.map(placement)),
        None => Ok(None),
    }
}

/// As [`pick`], with what is needed to sign for the node.
pub(crate) async fn place(
    services: &Services,
    org: OrgId,
    application: ApplicationId,
    room: &RoomName,
) -> Result<Option<NodeRow>> {
    let (now, alive) = (services.now(), alive_since(services));
    let noted_since = now.saturating_sub(PLACEMENT_TOUCH_MS);
    // Nearly everybody joins a room that is in use, which needs nothing to be written.
    if let Some(node) = services.read().await?.org(org).placement(application, room, alive, noted_since).await? {
        return Ok(Some(node));
    }
    let mut tx = services.begin().await?;
    if let Some(node) = tx.org(org).placement(application, room, alive, 0).await? {
        tx.org(org).touch_placement(application, room, noted_since, now).await?;
        tx.commit().await?;
        return Ok(Some(node));
    }
    let Some(emptiest) = tx.emptiest_node(alive).await? else { return Ok(None) };
    tx.org(org).place(application, room, emptiest.id(), alive, now).await?;
    // Somebody else may have placed the room first; where it lives now is what counts.
    let node = tx.org(org).placement(application, room, alive, 0).await?;
    tx.commit().await?;
    Ok(node)
}

/// Nodes that reported after this are alive.
pub(crate) fn alive_since(services: &Services) -> u64 {
    services.now().saturating_sub(LEASE_SECONDS * 1000)
}

fn placement(node: NodeRow) -> NodePlacement {
    NodePlacement { node: node.id(), signaling_url: node.signaling_url }
}
