//! What a join token says. The control plane signs it for one node (HS256, key known to the two of them); the node
//! trusts nothing else a client claims about itself.

use crate::{
    ids::{AppKeyId, ApplicationId, NodeId, OrgId, PeerId},
    names::{DisplayName, RoomName},
    policy::AppPolicy,
};
use serde::{Deserialize, Serialize};

/// Claims of a join token (RFC 7519 §4.1 for the short names).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinClaims {
    /// The node the token is for.
    pub aud: NodeId,
    /// The peer it makes of its bearer. A token is good for one connected peer at a time.
    pub sub: PeerId,
    /// Unix seconds.
    pub iat: u64,
    /// Unix seconds; the signaling socket must be opened before.
    pub exp: u64,
    pub org: OrgId,
    pub application: ApplicationId,
    pub app_key: AppKeyId,
    pub room: RoomName,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<DisplayName>,
    pub policy: AppPolicy,
}

impl AsRef<JoinClaims> for JoinClaims {
    fn as_ref(&self) -> &JoinClaims {
        self
    }
}
