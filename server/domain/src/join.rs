//! Letting an end user into a room.

use crate::{
    applications::policy_of,
    error::{Error, Kind, Result},
    nodes,
    services::Services,
    store::NodeRow,
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use protocol::{
    ids::{AppKeyId, ApplicationId, OrgId, PeerId},
    limits::JOIN_TOKEN_SECONDS,
    names::{DisplayName, RoomName},
    policy::AppPolicy,
    streamrec::is_session_room,
    token::JoinClaims,
};
use serde::Serialize;

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
    /// Of the node, for example `ws://localhost:3001`; the path of the protocol follows.
    pub signaling_url: String,
    pub relay: bool,
    pub peer: PeerId,
}

/// Codes: `unknown_app_key` (not found), `origin_not_allowed` (forbidden), `no_media_node` (unavailable).
pub async fn issue(services: &Services, request: JoinRequest) -> Result<JoinGrant> {
    let owner = owner(services, request.app_key).await?;
    owner.allow(request.origin.as_deref())?;
    let place = place(services, owner, request.app_key, request.room, JOIN_TOKEN_SECONDS).await?;
    let Place { mut claims, node } = place;
    claims.name = request.name;
    let token = sign(services, &node, &claims)?;
    Ok(JoinGrant { token, signaling_url: node.signaling_url, relay: claims.policy.relay, peer: claims.sub })
}

/// Whose a key is, and what that allows.
pub(crate) struct KeyOwner {
    pub org: OrgId,
    pub application: ApplicationId,
    pub policy: AppPolicy,
}

impl KeyOwner {
    /// Refuses pages that may not join.
    pub(crate) fn allow(&self, origin: Option<&str>) -> Result<()> {
        if self.policy.allows_origin(origin) {
            return Ok(());
        }
        Err(Error::new(Kind::Forbidden, "origin_not_allowed", "This page's origin may not join."))
    }
}

/// A peer's place on the node of its room.
pub(crate) struct Place {
    pub claims: JoinClaims,
    pub node: NodeRow,
}

pub(crate) async fn owner(services: &Services, app_key: AppKeyId) -> Result<KeyOwner> {
    let unknown = || Error::not_found("unknown_app_key", "There is no such app key.");
    let mut tx = services.read().await?;
    let (org, application) = tx.active_key_owner(app_key).await?.ok_or_else(unknown)?;
    let policy = policy_of(&tx.org(org).application(application).await?.ok_or_else(unknown)?);
    Ok(KeyOwner { org, application, policy })
}

/// Finds the node of the room and makes a peer of whoever asks.
pub(crate) async fn place(
    services: &Services,
    owner: KeyOwner,
    app_key: AppKeyId,
    room: RoomName,
    seconds: u64,
) -> Result<Place> {
    let KeyOwner { org, application, policy } = owner;
    if is_session_room(&room) {
        return Err(Error::new(
            Kind::Forbidden,
            "room_reserved",
            "Rooms of StreamRec sessions are entered by their clients only.",
        ));
    }
    let node = nodes::place(services, org, application, &room)
        .await?
        .ok_or_else(|| Error::unavailable("no_media_node", "No media node is running; try again."))?;
    let (sub, iat) = (services.new_id(PeerId::from_parts)?, services.now() / 1000);
    let exp = iat + seconds;
    let claims = JoinClaims { aud: node.id(), sub, iat, exp, org, application, app_key, room, name: None, policy };
    Ok(Place { claims, node })
}

/// Signs claims for the node that is to believe them.
pub(crate) fn sign(services: &Services, node: &NodeRow, claims: &impl Serialize) -> Result<String> {
    let key = nodes::token_key_of(services, node.id(), &node.token_key)?;
    let key = EncodingKey::from_secret(key.as_slice());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).map_err(Error::internal)
}

/// What the demo page of an application needs; everybody with the page's address may see it.
#[derive(Debug, Clone)]
pub struct Invitation {
    pub application_name: DisplayName,
    pub app_key: AppKeyId,
}

/// The newest key of an application that was not revoked. Code: `unknown_application` (not found).
pub async fn invitation(services: &Services, application: ApplicationId) -> Result<Invitation> {
    let unknown = || Error::not_found("unknown_application", "There is no such application, or it has no key.");
    let mut tx = services.read().await?;
    let org = tx.application_owner(application).await?.ok_or_else(unknown)?;
    let mut tx = tx.org(org);
    let application_name = tx.application(application).await?.ok_or_else(unknown)?.name().clone();
    let keys = tx.keys(Some(application)).await?;
    let app_key = keys.iter().find(|key| key.revoked_at.is_none()).ok_or_else(unknown)?.id();
    Ok(Invitation { application_name, app_key })
}
