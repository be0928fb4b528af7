//! Keys of the REST API: made and revoked by people, used by programs.

mod network;
mod scope;
mod token;

pub use network::AllowedNetworks;
pub use scope::{Scope, Scopes, UnknownScope};

use crate::{
    access::{Access, Permission},
    applications, audit,
    clock::to_date,
    error::{Error, Kind, Result},
    services::Services,
    store::{ApiKeyRow, NewApiKeyRow, unsigned},
    streamrec,
};
use chrono::{DateTime, Utc};
use protocol::{
    ids::{ApiKeyId, ApplicationId},
    names::DisplayName,
};
use secrecy::SecretString;
use std::net::IpAddr;
use token::Token;

/// Live keys of an org.
const MAX_KEYS: usize = 50;
/// Uses of one key are noted no more often.
const NOTE_EVERY_MS: u64 = 60_000;

/// A key, without its secret.
#[derive(Debug, Clone)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub name: DisplayName,
    /// The last characters of the secret.
    pub ending: String,
    pub scopes: Scopes,
    /// The only application it reaches.
    pub application: Option<ApplicationId>,
    pub allowed_networks: AllowedNetworks,
    pub created_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    /// To the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    pub last_used_from: Option<String>,
    pub revoked_at: Option<DateTime<Utc>>,
}

/// A key to be made.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    pub name: DisplayName,
    pub scopes: Scopes,
    pub application: Option<ApplicationId>,
    pub allowed_networks: AllowedNetworks,
    pub expires_at: Option<DateTime<Utc>>,
}

/// A key that was just made, with its secret, which is shown this once.
#[derive(Debug)]
pub struct CreatedApiKey {
    pub key: ApiKey,
    pub token: SecretString,
}

/// All keys of the org, newest first, revoked ones included.
pub async fn list(services: &Services, access: &Access) -> Result<Vec<ApiKey>> {
    access.require(Permission::ViewApiKeys)?;
    let rows = services.read().await?.reach(access).api_keys().await?;
    Ok(rows.into_iter().map(view).collect())
}

/// One key of the org, also a revoked one.
pub async fn get(services: &Services, access: &Access, id: ApiKeyId) -> Result<ApiKey> {
    access.require(Permission::ViewApiKeys)?;
    let row = services.read().await?.reach(access).api_key(id).await?;
    row.map(view).ok_or_else(not_found)
}

/// Makes a key. One that is bound to an application reaches nothing else of the org. A key makes no key that may more,
/// or longer, or from elsewhere, than itself.
pub async fn create(services: &Services, access: &Access, new: NewApiKey) -> Result<CreatedApiKey> {
    access.require(Permission::ManageApiKeys)?;
    check(services, &new)?;
    let token = Token::draw(services.random()).map_err(Error::internal)?;
    let (id, now) = (services.new_id(ApiKeyId::from_parts)?, services.now());
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    if let Some(application) = new.application {
        applications::existing(&mut org, application).await?;
    }
    if let Some(id) = access.api_key() {
        let maker = org.api_key(id).await?.ok_or_else(not_found)?;
        check_grant(&maker, &new)?;
    }
    // Written first: the audit log makes writers of one org queue, so none is counted twice.
    audit::record(services, &mut org, access.actor(), "api_key.created", &id, new.name.as_str()).await?;
    let live = org.api_keys().await?.iter().filter(|row| row.is_live(now)).count();
    if live >= MAX_KEYS {
        return Err(Error::conflict("too_many_api_keys", format!("An organization has at most {MAX_KEYS} API keys.")));
    }
    org.insert_api_key(&NewApiKeyRow {
        id,
        name: &new.name,
        hash: &token.hash(),
        ending: token.ending(),
        scopes: &new.scopes,
        application: new.application,
        allowed_networks: &new.allowed_networks,
        expires_at: new.expires_at.map(|at| unsigned(at.timestamp_millis())),
        now,
    })
    .await?;
    let row = org.api_key(id).await?.ok_or_else(not_found)?;
    tx.commit().await?;
    Ok(CreatedApiKey { key: view(row), token: token.into_secret() })
}

fn check(services: &Services, new: &NewApiKey) -> Result<()> {
    if new.scopes.is_empty() {
        return Err(Error::invalid("scope_required", "Choose at least one scope."));
    }
    if new.application.is_some() && !new.scopes.iter().all(Scope::fits_one_application) {
        return Err(Error::invalid(
            "scope_too_wide",
            "A key for one application can have scopes of applications, recordings, webhooks, rooms, usage and streamrec only.",
        ));
    }
    if new.expires_at.is_some_and(|at| unsigned(at.timestamp_millis()) <= services.now()) {
        return Err(Error::invalid("expiry_invalid", "The key's end must be in the future."));
    }
    Ok(())
}

/// What a key may give to another.
fn check_grant(maker: &ApiKeyRow, new: &NewApiKey) -> Result<()> {
    let refuse = |said: &'static str| Err(Error::new(Kind::Forbidden, "grant_too_wide", said));
    if !new.scopes.iter().all(|scope| maker.scopes().contains(scope)) {
        return refuse("A key cannot give scopes that it does not have.");
    }
    let end = maker.expires_at.map(unsigned);
    if end.is_some_and(|end| new.expires_at.is_none_or(|at| unsigned(at.timestamp_millis()) > end)) {
        return refuse("A key cannot make one that lasts longer than itself.");
    }
    if !new.allowed_networks.are_within(maker.allowed_networks()) {
        return refuse("A key cannot make one that works from more networks than itself.");
    }
    Ok(())
}

/// Takes effect at once; harmless when repeated.
pub async fn revoke(services: &Services, access: &Access, id: ApiKeyId) -> Result<ApiKey> {
    access.require(Permission::ManageApiKeys)?;
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    if org.revoke_api_key(id, services.now()).await? {
        audit::record_for(services, &mut org, access, "api_key.revoked", &id).await?;
        streamrec::sessions::end_of_key(services, &mut org, id).await?;
    }
    let row = org.api_key(id).await?.ok_or_else(not_found)?;
    tx.commit().await?;
    Ok(view(row))
}

/// What the holder of a key may do. Unknown, revoked and expired keys are the same: `api_key_invalid`.
pub async fn authenticate(services: &Services, token: &str, address: IpAddr) -> Result<Access> {
    let invalid =
        || Error::new(Kind::Unauthenticated, "api_key_invalid", "The API key is unknown, revoked or expired.");
    let token = Token::parse(token).ok_or_else(invalid)?;
    let now = services.now();
    let found = services.read().await?.api_key_by_hash(&token.hash()).await?;
    let row = found.filter(|row| row.is_live(now)).ok_or_else(invalid)?;
    if !row.allowed_networks().allow(address) {
        tracing::warn!(key = %row.id(), %address, "an API key was used from a network it is not for");
        return Err(Error::new(
            Kind::Forbidden,
            "address_not_allowed",
            "This API key may not be used from your address.",
        ));
    }
    if row.last_used_at.is_none_or(|at| unsigned(at) + NOTE_EVERY_MS <= now) {
        let mut tx = services.begin().await?;
        tx.org(row.org()).note_api_key_use(row.id(), &address.to_canonical().to_string(), now).await?;
        tx.commit().await?;
    }
    let org = (row.org(), row.org_name.clone());
    Ok(Access::of_api_key(row.id(), row.name().to_string(), org, row.scopes().clone(), row.application()))
}

fn view(row: ApiKeyRow) -> ApiKey {
    let date = |column: Option<i64>| column.map(unsigned).map(to_date);
    ApiKey {
        id: row.id(),
        name: row.name().clone(),
        scopes: row.scopes().clone(),
        application: row.application(),
        allowed_networks: row.allowed_networks().clone(),
        created_at: to_date(unsigned(row.created_at)),
        expires_at: date(row.expires_at),
        last_used_at: date(row.last_used_at),
        revoked_at: date(row.revoked_at),
        last_used_from: row.last_used_from,
        ending: row.ending,
    }
}

fn not_found() -> Error {
    Error::not_found("api_key_not_found", "There is no such API key.")
}
