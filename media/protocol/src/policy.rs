//! What an application allows. It travels inside the signed join token, is pushed to the nodes on change, and is
//! enforced where the media is.

use serde::{Deserialize, Serialize};

/// Settings of one application as a node enforces them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppPolicy {
    /// Counts up with every change, so a token issued earlier cannot undo a later setting.
    pub revision: u64,
    /// Media goes through the node. When off, peers connect to each other and the node relays signaling only.
    pub relay: bool,
    /// Peers may start recordings. Never true while `relay` is off.
    pub recording: bool,
    /// A recording is stopped after this many seconds.
    pub max_duration_seconds: u32,
    /// A recording in an empty room is stopped after this many seconds.
    pub idle_timeout_seconds: u32,
    /// Web origins that may join; empty allows every origin.
    pub allowed_origins: Vec<String>,
}

impl AppPolicy {
    /// Whether a page of this origin may join. Requests without an `Origin` come from programs, not pages.
    #[must_use]
    pub fn allows_origin(&self, origin: Option<&str>) -> bool {
        match origin {
            None => true,
            Some(origin) => self.allowed_origins.is_empty() || self.allowed_origins.iter().any(|o| o == origin),
        }
    }
}
