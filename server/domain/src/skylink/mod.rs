//! Letting a Skylink client into a room: what its room server decides.

mod credentials;

pub use credentials::Credentials;

use crate::{
    error::{Error, Kind},
    join::{self, Place},
    secrets::SealedColumn,
    services::Services,
};
use credentials::Verdict;
use protocol::{
    ids::{AppKeyId, ApplicationId, OrgId, PeerId},
    names::RoomName,
    skylink::{Generation, KeySettings, SKYLINK_TOKEN_SECONDS, SkylinkClaims, SkylinkStay},
};
use sha2::{Digest, Sha256};

/// How long a stay without credentials is said to last, in hours. It is not ended.
const USUAL_HOURS: f64 = 24.0;

/// What a client asks with.
#[derive(Debug, Clone)]
pub struct RoomRequest {
    pub app_key: AppKeyId,
    pub room: RoomName,
    pub credentials: Option<Credentials>,
    /// The `Origin` header, if any.
    pub origin: Option<String>,
    /// The version it states of itself.
    pub sdk_version: Option<String>,
}

/// What a client opens its socket with.
#[derive(Debug, Clone)]
pub struct RoomGrant {
    pub token: String,
    pub application: ApplicationId,
    pub peer: PeerId,
    pub room_key: String,
    pub relay: bool,
    pub generation: Generation,
    pub key: KeySettings,
    /// Of the node, for example `ws://localhost:3001`.
    pub signaling_url: String,
    /// As the client gave it, or now.
    pub start: String,
    pub hours: f64,
    /// Unix milliseconds.
    pub issued: u64,
}

/// Why a client gets no place.
#[derive(Debug, thiserror::Error)]
pub enum RoomRefusal {
    #[error("There is no such app key.")]
    UnknownKey,
    #[error("Pages of this origin may not use this app key.")]
    OriginNotAllowed,
    #[error("The credentials are not complete: start, duration and cred belong together.")]
    CredentialsMalformed,
    #[error("The credentials do not match the app key, or this is not their time.")]
    CredentialsNotMatching,
    #[error("No media node is running; try again.")]
    NoMediaNode,
    #[error("Something went wrong on our side.")]
    Failed(#[source] Error),
}

impl From<Error> for RoomRefusal {
    fn from(error: Error) -> Self {
        match (error.kind(), error.code()) {
            (Kind::NotFound, _) => Self::UnknownKey,
            (Kind::Forbidden, _) => Self::OriginNotAllowed,
            (Kind::Unavailable, "no_media_node") => Self::NoMediaNode,
            _ => Self::Failed(error),
        }
    }
}

/// Finds the node of a room and a place in it.
pub async fn open_room(services: &Services, request: RoomRequest) -> Result<RoomGrant, RoomRefusal> {
    let owner = join::owner(services, request.app_key).await?;
    owner.allow(request.origin.as_deref())?;
    let ends = match &request.credentials {
        Some(credentials) => Some(check(services, owner.org, &request, credentials).await?),
        None => None,
    };
    let key = settings(services, owner.org, owner.application, request.app_key).await?;
    let Place { claims, node } =
        join::place(services, owner, request.app_key, request.room, SKYLINK_TOKEN_SECONDS).await?;
    let generation = Generation::of(request.sdk_version.as_deref());
    let room_key = room_key(claims.application, &claims.room);
    let stay = SkylinkStay { generation, room_key: room_key.clone(), ends, key };
    let claims = SkylinkClaims { join: claims, skylink: stay };
    let token = join::sign(services, &node, &claims)?;
    let issued = services.now();
    let (start, hours) = match request.credentials {
        Some(credentials) => (credentials.start, credentials.duration.parse().unwrap_or(USUAL_HOURS)),
        None => (crate::clock::to_date(issued).to_rfc3339(), USUAL_HOURS),
    };
    let SkylinkClaims { join: claims, .. } = claims;
    Ok(RoomGrant {
        token,
        application: claims.application,
        peer: claims.sub,
        room_key,
        relay: claims.policy.relay,
        generation,
        key,
        signaling_url: node.signaling_url,
        start,
        hours,
        issued,
    })
}

async fn settings(
    services: &Services,
    org: OrgId,
    application: ApplicationId,
    app_key: AppKeyId,
) -> Result<KeySettings, RoomRefusal> {
    let mut tx = services.read().await?;
    let keys = tx.org(org).keys(Some(application)).await.map_err(Error::from)?;
    let key = keys.iter().find(|key| key.id() == app_key).ok_or(RoomRefusal::UnknownKey)?;
    Ok(key.settings())
}

/// Unix seconds at which the credentials end.
async fn check(
    services: &Services,
    org: OrgId,
    request: &RoomRequest,
    credentials: &Credentials,
) -> Result<u64, RoomRefusal> {
    let mut tx = services.read().await?;
    let sealed = tx.org(org).key_secret(request.app_key).await.map_err(Error::from)?.ok_or(RoomRefusal::UnknownKey)?;
    drop(tx);
    let place = SealedColumn::AppKeySecret.of(org);
    let secret = services.envelope().open(place, request.app_key, &sealed).map_err(Error::internal)?;
    match credentials.verify(&secret, &request.room, services.now() / 1000) {
        Verdict::ValidUntil(ends) => Ok(ends),
        Verdict::Malformed => Err(RoomRefusal::CredentialsMalformed),
        Verdict::NotMatching => Err(RoomRefusal::CredentialsNotMatching),
    }
}

/// The same for everybody in a room, and for nobody else.
fn room_key(application: ApplicationId, room: &RoomName) -> String {
    hex::encode(&Sha256::digest(format!("{application}/{room}"))[..16])
}
