//! Tokens of clients, supervisors and programs that read statistics: JWT (RFC 7519, HS256) under a key of the
//! installation. They end with their time, with the master key they came from, and when they are revoked.

use super::forbidden;
use crate::{
    access::{Access, Permission},
    clock::millis,
    error::{Error, Kind, Result},
    secrets::InstallationKey,
    services::Services,
    store::{Tx, unsigned},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use protocol::{
    ids::{ApiKeyId, ApplicationId, OrgId},
    names::ClientName,
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::time::Duration;

const AUDIENCE: &str = "streamrec";
const ISSUER: &str = "mixdown";
/// Longer texts are no tokens of ours.
const TOKEN_BYTES: usize = 2048;
pub const DEFAULT_LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// What is asked for beyond these is cut to them.
const SHORTEST_LIFETIME: Duration = Duration::from_secs(60);
const LONGEST_LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);
const RANDOM_BYTES: usize = 16;

/// What a token lets its bearer do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "perm", rename_all = "snake_case")]
pub enum Grant {
    /// Publish as this client.
    Client {
        #[serde(rename = "sub")]
        client: ClientName,
    },
    /// Watch one client as this supervisor.
    Supervisor {
        #[serde(rename = "sub")]
        supervisor: ClientName,
        #[serde(rename = "mon")]
        client: ClientName,
    },
    /// Read statistics.
    Stats,
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    #[serde(flatten)]
    grant: Grant,
    api_id: ApplicationId,
    key: ApiKeyId,
    iat: u64,
    exp: u64,
    /// `iat` in milliseconds: a token may be made in the second in which those before it were ended.
    at: u64,
    jti: String,
}

/// Whoever has a valid token.
#[derive(Debug, Clone)]
pub(crate) struct Bearer {
    pub org: OrgId,
    pub application: ApplicationId,
    pub key: ApiKeyId,
    pub grant: Grant,
    name: String,
    expires_at: u64,
}

/// A token for whoever has the master key. Codes: `scope_missing`, `master_key_unbound`.
pub async fn mint(
    services: &Services,
    access: &Access,
    grant: Grant,
    lifetime: Option<Duration>,
) -> Result<SecretString> {
    let (key, application) = master_key(access)?;
    let at = services.now();
    let (now, random) = (at / 1000, services.random().bytes::<RANDOM_BYTES>().map_err(Error::internal)?);
    let lifetime = lifetime.unwrap_or(DEFAULT_LIFETIME).clamp(SHORTEST_LIFETIME, LONGEST_LIFETIME);
    let claims = Claims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        grant,
        api_id: application,
        key,
        iat: now,
        exp: now + lifetime.as_secs(),
        at,
        jti: hex::encode(random),
    };
    let mut tx = services.begin().await?;
    let secret = InstallationKey::StreamrecTokens.get_or_draw(services, &mut tx).await?;
    tx.commit().await?;
    let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(&secret));
    token.map(SecretString::from).map_err(Error::internal)
}

/// The key, and its only application.
fn master_key(access: &Access) -> Result<(ApiKeyId, ApplicationId)> {
    access.require(Permission::MintTokens)?;
    let unbound = || {
        let said = "This API key is for all applications. A StreamRec master key is made for one application.";
        forbidden("master_key_unbound", said)
    };
    access.api_key().zip(access.only_application()).ok_or_else(unbound)
}

/// Ends all tokens of a client that were made until now.
pub async fn revoke_client(services: &Services, access: &Access, client: &ClientName) -> Result<()> {
    let (_, application) = master_key(access)?;
    let mut tx = services.begin().await?;
    let owner = tx.application_owner(application).await?.ok_or_else(invalid)?;
    let until = services.now() + millis(LONGEST_LIFETIME);
    tx.org(owner).revoke_tokens(application, &client_subject(client), services.now(), until).await?;
    Ok(tx.commit().await?)
}

/// Ends this token.
pub async fn revoke(services: &Services, token: &str) -> Result<()> {
    let bearer = verify(services, token).await?;
    let mut tx = services.begin().await?;
    let subject = name_subject(&bearer.name);
    tx.org(bearer.org).revoke_tokens(bearer.application, &subject, services.now(), bearer.expires_at * 1000).await?;
    Ok(tx.commit().await?)
}

/// What a token says, if it is ours and nothing has ended it.
pub(crate) async fn verify(services: &Services, token: &str) -> Result<Bearer> {
    verify_as_of(services, token, services.now()).await
}

/// The same of one that was good at that time (Unix milliseconds) and may have expired since.
pub(crate) async fn verify_as_of(services: &Services, token: &str, at: u64) -> Result<Bearer> {
    let mut tx = services.read().await?;
    let claims = decode(services, &mut tx, token, at).await?;
    let owner = tx.application_owner(claims.api_id).await?.ok_or_else(invalid)?;
    let mut org = tx.org(owner);
    let key = org.api_key(claims.key).await?.filter(|key| key.is_live(services.now()));
    key.ok_or_else(invalid)?;
    let subject = match &claims.grant {
        Grant::Client { client } => client_subject(client),
        Grant::Supervisor { .. } | Grant::Stats => String::new(),
    };
    let revoked_at = org.tokens_revoked_at(claims.api_id, [&subject, &name_subject(&claims.jti)]).await?;
    if revoked_at.is_some_and(|at| claims.at <= unsigned(at)) {
        return Err(invalid());
    }
    let Claims { grant, api_id, key, exp, jti, .. } = claims;
    Ok(Bearer { org: owner, application: api_id, key, grant, name: jti, expires_at: exp })
}

async fn decode(services: &Services, tx: &mut Tx, token: &str, at: u64) -> Result<Claims> {
    if token.len() > TOKEN_BYTES {
        return Err(invalid());
    }
    let Some(secret) = InstallationKey::StreamrecTokens.get(services, tx).await? else { return Err(invalid()) };
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[ISSUER]);
    // Expiry is checked against the services' clock below.
    validation.validate_exp = false;
    let claims = jsonwebtoken::decode::<Claims>(token, &DecodingKey::from_secret(&secret), &validation);
    let claims = claims.map_err(|_| invalid())?.claims;
    if claims.exp <= at / 1000 {
        return Err(Error::new(Kind::Unauthenticated, "token_expired", "The token has expired; get a new one."));
    }
    Ok(claims)
}

fn client_subject(client: &ClientName) -> String {
    format!("client:{client}")
}

fn name_subject(name: &str) -> String {
    format!("token:{name}")
}

fn invalid() -> Error {
    Error::new(Kind::Unauthenticated, "token_invalid", "The token is not valid, or was revoked.")
}
