//! Media nodes: who they are, what they are told, where rooms live.

use crate::{Error, Result, Services};
use protocol::{
    ids::{ApplicationId, BootId, NodeId, RecordingId},
    link::{Answer, Command, Query},
    names::RoomName,
};

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
}

/// Where a room lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodePlacement {
    pub node: NodeId,
    pub signaling_url: String,
}

/// Whether this is the secret that nodes share with the control plane; takes the same time for every guess.
#[must_use]
pub fn verify_secret(_services: &Services, _secret: &str) -> bool {
    false
}

/// A node opened the link.
pub async fn register(_services: &Services, _node: NodeId, _boot: BootId, _signaling_url: &str, _last_command: u64) -> Result<Welcome> {
    Err(Error::internal("pending"))
}

/// The link of this boot closed: no new rooms until it is back.
pub async fn disconnected(_services: &Services, _node: NodeId, _boot: BootId) -> Result<()> {
    Err(Error::internal("pending"))
}

/// Stored commands after `sequence`, oldest first, at most 100 at a time.
pub async fn commands_after(_services: &Services, _node: NodeId, _sequence: u64) -> Result<Vec<(u64, Command)>> {
    Err(Error::internal("pending"))
}

/// Every command up to and including `sequence` was applied; they are forgotten.
pub async fn acknowledge(_services: &Services, _node: NodeId, _sequence: u64) -> Result<()> {
    Err(Error::internal("pending"))
}

/// Keeps the node and its leases on these recordings alive.
pub async fn report(_services: &Services, _node: NodeId, _report: Report) -> Result<()> {
    Err(Error::internal("pending"))
}

/// Answers any query of a node; what fails inside is logged and answered with `Unavailable`.
pub async fn answer(_services: &Services, _node: NodeId, _query: Query) -> Answer {
    Answer::Unavailable
}

/// How many nodes are linked now.
pub async fn linked(_services: &Services) -> Result<u64> {
    Err(Error::internal("pending"))
}

/// The node of a room: the one it already lives on while that is linked, else the emptiest. `None` when none is linked.
pub async fn pick(_services: &Services, _application: ApplicationId, _room: &RoomName) -> Result<Option<NodePlacement>> {
    Err(Error::internal("pending"))
}
