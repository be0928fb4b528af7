//! Letting an end user into a room.

use crate::{Error, Result, Services};
use protocol::{
    ids::{AppKeyId, PeerId},
    names::{DisplayName, RoomName},
};

/// What a page asks with.
#[derive(Debug, Clone)]
pub struct JoinRequest {
    pub app_key: AppKeyId,
    pub room: RoomName,
    pub name: Option<DisplayName>,
    /// The `Origin` header, if any.
    pub origin: Option<String>,
}

/// What the page opens the signaling socket with.
#[derive(Debug, Clone)]
pub struct JoinGrant {
    pub token: String,
    pub signaling_url: String,
    pub relay: bool,
    pub peer: PeerId,
}

/// Codes: `unknown_app_key` (not found), `origin_not_allowed` (forbidden), `no_media_node` (unavailable).
pub async fn issue(_services: &Services, _request: JoinRequest) -> Result<JoinGrant> {
    Err(Error::internal("pending"))
}
