//! Letting an end user into a room.

use crate::{
    applications::policy_of,
    error::{Error, Kind, Result},
    nodes,
    services::Services,
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use protocol::{
    ids::{AppKeyId, ApplicationId, PeerId},
    limits::JOIN_TOKEN_SECONDS,
    names::{DisplayName, RoomName},
    token::JoinClaims,
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
    /// Of the node, for example `ws://localhost:3001`; the path of the protocol follows.
    pub signaling_url: String,
    pub relay: bool,
    pub peer: PeerId,
}

/// Codes: `unknown_app_key` (not found), `origin_not_allowed` (forbidden), `no_media_node` (unavailable).
pub async fn issue(services: &Services, request: JoinRequest) -> Result<JoinGrant> {
    let unknown = || Error::not_found("unknown_app_key", "There is no such app key.");
    let mut tx = services.read().await?;
    let (org, application) = tx.active_key_owner(request.app_key).await?.ok_or_else(unknown)?;
    let policy = policy_of(&tx.org(org).application(application).await?.ok_or_else(unknown)?);
    drop(tx);
    if !policy.allows_origin(request.origin.as_deref()) {
        return Err(Error::new(Kind::Forbidden, "origin_not_allowed", "This page's origin may not join."));
    }
    let node = nodes::place(services, org, application, &request.room)
        .await?
        .ok_or_else(|| Error::unavailable("no_media_node", "No media node is running; try again."))?;

    let (peer, relay) = (services.new_id(PeerId::from_parts)?, policy.relay);
    let issued = services.now() / 1000;
    let claims = JoinClaims {
        aud: node.id(),
        sub: peer,
        iat: issued,
        exp: issued + JOIN_TOKEN_SECONDS,
        org,
        application,
        app_key: request.app_key,
        room: request.room,
        name: request.name,
        policy,
    };
    let key = nodes::token_key_of(services, node.id(), &node.token_key)?;
    let key = EncodingKey::from_secret(key.as_slice());
    let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).map_err(Error::internal)?;
    Ok(JoinGrant { token, signaling_url: node.signaling_url, relay, peer })
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
