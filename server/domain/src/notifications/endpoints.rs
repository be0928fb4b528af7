//! Where messages of an application go: several addresses, each with events, secret and state of its own.

use super::signing::FreshKey;
use crate::{
    access::{Access, Permission},
    applications,
    audit::{self, Actor},
    clock::{millis, to_date},
    error::{Error, Result},
    revision::Expected,
    secrets::SealedColumn,
    services::Services,
    store::{EndpointRow, NewEndpointRow, NewSecret, OrgTx, Tx, unsigned},
};
use chrono::{DateTime, Utc};
use protocol::{
    ids::{ApplicationId, EndpointId},
    webhook::{BodyFormat, EndpointState, EventType, Signing, SuspensionCause},
};
use secrecy::SecretString;
use std::time::Duration;
use url::Url;

/// Endpoints of one application.
const MAX_ENDPOINTS: usize = 10;
/// Endpoints of requests that are listed.
const REQUESTED_SHOWN: i64 = 20;
/// How long the secret of before signs beside the new one, unless somebody says otherwise.
pub const DEFAULT_OVERLAP: Duration = Duration::from_secs(24 * 3600);
/// Longest time two secrets sign.
pub const LONGEST_OVERLAP: Duration = Duration::from_secs(7 * 24 * 3600);

/// An address that messages go to.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub id: EndpointId,
    pub application: ApplicationId,
    pub url: Url,
    /// What it is told; empty for every event.
    pub events: Vec<EventType>,
    pub format: BodyFormat,
    pub signing: Signing,
    /// With Ed25519: what verifies the signatures, `whpk_…`; the present key first.
    pub public_keys: Vec<String>,
    /// Until then the secret of before signs too.
    pub previous_secret_until: Option<DateTime<Utc>>,
    pub state: EndpointState,
    /// Why Mixdown suspended it.
    pub suspension_cause: Option<SuspensionCause>,
    /// When attempts began to fail, while none succeeds.
    pub failing_since: Option<DateTime<Utc>>,
    revision: u64,
    pub created_at: DateTime<Utc>,
}

impl Endpoint {
    /// Another one after every change; what a change may be conditional on.
    #[must_use]
    pub fn version(&self) -> String {
        version_of(self.revision)
    }
}

fn version_of(revision: u64) -> String {
    revision.to_string()
}

/// An endpoint to be made.
#[derive(Debug, Clone)]
pub struct NewEndpoint {
    pub url: Url,
    /// Empty for every event.
    pub events: Vec<EventType>,
    pub format: BodyFormat,
    pub signing: Signing,
    pub enabled: bool,
}

impl NewEndpoint {
    /// An enabled one for every event, signed with a shared secret.
    #[must_use]
    pub fn at(url: Url) -> Self {
        Self { url, events: Vec::new(), format: BodyFormat::Standard, signing: Signing::Hmac, enabled: true }
    }
}

/// Settings to be changed; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct EndpointUpdate {
    pub url: Option<Url>,
    pub events: Option<Vec<EventType>>,
    /// Enabling a suspended endpoint gives it another chance.
    pub enabled: Option<bool>,
    pub expected: Expected,
}

/// An endpoint that was just made, or got another secret. The secret, `whsec_…`, is shown this once; with Ed25519 there
/// is none to show.
#[derive(Debug)]
pub struct EndpointSecret {
    pub endpoint: Endpoint,
    pub secret: Option<SecretString>,
}

/// Endpoints of an application, oldest first.
pub async fn list(services: &Services, access: &Access, application: ApplicationId) -> Result<Vec<Endpoint>> {
    access.require(Permission::ViewWebhooks)?;
    let mut tx = services.read().await?;
    let mut org = tx.reach(access);
    applications::existing(&mut org, application).await?;
    let now = services.now();
    org.endpoints(application).await?.iter().map(|row| view(row, now)).collect()
}

/// Endpoints that requests of StreamRec clients named, the latest 20 first. They have a log like others, and no settings.
pub async fn requested(services: &Services, access: &Access, application: ApplicationId) -> Result<Vec<Endpoint>> {
    access.require(Permission::ViewWebhooks)?;
    let mut tx = services.read().await?;
    let mut org = tx.reach(access);
    applications::existing(&mut org, application).await?;
    let now = services.now();
    org.requested_endpoints(application, REQUESTED_SHOWN).await?.iter().map(|row| view(row, now)).collect()
}

/// One endpoint.
pub async fn get(services: &Services, access: &Access, id: EndpointId) -> Result<Endpoint> {
    access.require(Permission::ViewWebhooks)?;
    load(&mut services.read().await?.reach(access), id, services.now()).await
}

/// Adds an endpoint with a secret of its own.
pub async fn create(
    services: &Services,
    access: &Access,
    application: ApplicationId,
    new: NewEndpoint,
) -> Result<EndpointSecret> {
    access.require(Permission::ConfigureWebhooks)?;
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    applications::existing(&mut org, application).await?;
    let (id, secret) = insert(services, &mut org, access.actor(), application, new).await?;
    let endpoint = load(&mut org, id, services.now()).await?;
    tx.commit().await?;
    Ok(EndpointSecret { endpoint, secret })
}

/// The same in the transaction of who makes it.
pub(crate) async fn insert(
    services: &Services,
    org: &mut OrgTx<'_>,
    actor: Actor,
    application: ApplicationId,
    new: NewEndpoint,
) -> Result<(EndpointId, Option<SecretString>)> {
    permitted(services, &new.url)?;
    let id = services.new_id(EndpointId::from_parts)?;
    let key = FreshKey::draw(services.random(), new.signing).map_err(Error::internal)?;
    let place = SealedColumn::WebhookSecret.of(org.id());
    let sealed = services.envelope().seal(place, id, key.secret.as_slice())?;
    // Written first: the audit log makes writers of one org queue, so none is counted twice.
    audit::record(services, org, actor, "webhook_endpoint.created", &id, &origin(&new.url)).await?;
    if org.endpoints(application).await?.len() >= MAX_ENDPOINTS {
        let said = format!("An application has at most {MAX_ENDPOINTS} webhook endpoints.");
        return Err(Error::conflict("too_many_endpoints", said));
    }
    org.insert_endpoint(&NewEndpointRow {
        id,
        application,
        url: new.url.as_str(),
        events: &distinct(&new.events),
        body_format: new.format,
        signing: new.signing,
        secret: &sealed,
        public_key: key.public_key.as_deref(),
        state: if new.enabled { EndpointState::Active } else { EndpointState::Disabled },
        requested: false,
        now: services.now(),
    })
    .await?;
    Ok((id, key.shown()))
}

/// Changes an endpoint: all of it or, with an error, nothing.
pub async fn update(services: &Services, access: &Access, id: EndpointId, update: EndpointUpdate) -> Result<Endpoint> {
    access.require(Permission::ConfigureWebhooks)?;
    if let Some(url) = &update.url {
        permitted(services, url)?;
    }
    let (mut tx, row) = begin_change(services, access, id, &update.expected).await?;
    let mut org = tx.reach(access);
    if update.url.is_some() || update.events.is_some() {
        let url = update.url.as_ref().map_or(row.url.as_str(), Url::as_str);
        let events = update.events.as_deref().map_or_else(|| row.events().to_vec(), distinct);
        org.change_endpoint(id, url, &events).await?;
        let detail = update.url.as_ref().map(origin).unwrap_or_default();
        audit::record(services, &mut org, access.actor(), "webhook_endpoint.changed", &id, &detail).await?;
    }
    match update.enabled {
        Some(true) if row.state() != EndpointState::Active => {
            org.set_endpoint_state(id, EndpointState::Active, None).await?;
            audit::record_for(services, &mut org, access, "webhook_endpoint.enabled", &id).await?;
            org.hasten_queue(id, services.now()).await?;
        }
        Some(false) if row.state() != EndpointState::Disabled => {
            org.set_endpoint_state(id, EndpointState::Disabled, None).await?;
            audit::record_for(services, &mut org, access, "webhook_endpoint.disabled", &id).await?;
            org.drop_queue(id).await?;
        }
        _ => {}
    }
    let endpoint = load(&mut org, id, services.now()).await?;
    tx.commit().await?;
    Ok(endpoint)
}

/// Makes another secret. The one of before signs beside it for `overlap`; with none it ends at once.
pub async fn rotate_secret(
    services: &Services,
    access: &Access,
    id: EndpointId,
    overlap: Duration,
) -> Result<EndpointSecret> {
    access.require(Permission::ConfigureWebhooks)?;
    if overlap > LONGEST_OVERLAP {
        return Err(Error::invalid("overlap_too_long", "Two secrets can sign for at most seven days."));
    }
    let (mut tx, row) = begin_change(services, access, id, &Expected::Any).await?;
    let mut org = tx.reach(access);
    let key = FreshKey::draw(services.random(), row.signing()).map_err(Error::internal)?;
    let (envelope, now) = (services.envelope(), services.now());
    let place = SealedColumn::WebhookSecret.of(access.org());
    let sealed = envelope.seal(place, id, key.secret.as_slice())?;
    let previous = if overlap.is_zero() {
        None
    } else {
        let secret = envelope.open(place, id, row.secret()).map_err(Error::internal)?;
        let place = SealedColumn::WebhookPreviousSecret.of(access.org());
        let until = now + millis(overlap);
        Some((envelope.seal(place, id, &secret)?, until))
    };
    let previous = previous.as_ref().map(|(sealed, until)| (sealed.as_str(), *until));
    let new = NewSecret { secret: &sealed, public_key: key.public_key.as_deref(), previous };
    org.replace_endpoint_secret(id, &new).await?;
    audit::record_for(services, &mut org, access, "webhook_endpoint.secret_rotated", &id).await?;
    let endpoint = load(&mut org, id, now).await?;
    tx.commit().await?;
    Ok(EndpointSecret { endpoint, secret: key.shown() })
}

/// Removes an endpoint with all that is known of its deliveries; what waits is not sent.
pub async fn remove(services: &Services, access: &Access, id: EndpointId, expected: Expected) -> Result<()> {
    access.require(Permission::ConfigureWebhooks)?;
    let (mut tx, _) = begin_change(services, access, id, &expected).await?;
    let mut org = tx.reach(access);
    org.remove_endpoint(id, services.now()).await?;
    audit::record_for(services, &mut org, access, "webhook_endpoint.removed", &id).await?;
    org.drop_queue(id).await?;
    Ok(tx.commit().await?)
}

/// Takes the lock of the endpoint; what it was before.
async fn begin_change(
    services: &Services,
    access: &Access,
    id: EndpointId,
    expected: &Expected,
) -> Result<(Tx, EndpointRow)> {
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    // Asked before anything is written, because a key may not reach it.
    org.endpoint(id).await?.ok_or_else(not_found)?;
    if !org.revise_endpoint(id).await? {
        return Err(not_found());
    }
    let row = org.endpoint(id).await?.ok_or_else(not_found)?;
    // The lock was taken by counting the revision up.
    expected.check(&version_of(unsigned(row.revision).saturating_sub(1)))?;
    Ok((tx, row))
}

fn permitted(services: &Services, url: &Url) -> Result<()> {
    if services.outbound().permits(url) {
        return Ok(());
    }
    Err(Error::invalid("webhook_url_not_allowed", "The webhook must be a public https address on port 443 or 8443."))
}

/// What the audit log says of an address: the rest of it may be known to its owner only.
fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// In the order in which they are declared, none twice.
fn distinct(events: &[EventType]) -> Vec<EventType> {
    EventType::ALL.iter().copied().filter(|event| events.contains(event)).collect()
}

async fn load(org: &mut OrgTx<'_>, id: EndpointId, now: u64) -> Result<Endpoint> {
    view(&org.endpoint(id).await?.ok_or_else(not_found)?, now)
}

fn view(row: &EndpointRow, now: u64) -> Result<Endpoint> {
    let previous_until = row.previous_until.map(unsigned).filter(|until| *until > now);
    let previous_key = row.previous_public_key.as_ref().filter(|_| previous_until.is_some());
    Ok(Endpoint {
        id: row.id(),
        application: row.application(),
        url: row.url.parse().map_err(Error::internal)?,
        events: row.events().to_vec(),
        format: row.body_format(),
        signing: row.signing(),
        public_keys: row.public_key.iter().chain(previous_key).cloned().collect(),
        previous_secret_until: previous_until.map(to_date),
        state: row.state(),
        suspension_cause: row.suspension_cause(),
        failing_since: row.failing_since.map(unsigned).map(to_date),
        revision: unsigned(row.revision),
        created_at: to_date(unsigned(row.created_at)),
    })
}

pub(super) fn not_found() -> Error {
    Error::not_found("endpoint_not_found", "There is no such webhook endpoint.")
}
