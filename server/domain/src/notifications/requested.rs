//! Endpoints that requests of StreamRec clients named. All of an application sign with one key of Ed25519, which follows
//! from a key of the installation, so its public half is known before the first message.

use super::signing::FreshKey;
use crate::{
    error::{Error, Result},
    secrets::{InstallationKey, SealedColumn},
    services::Services,
    store::{EndpointRow, NewEndpointRow, OrgTx, Tx},
};
use aws_lc_rs::hmac;
use protocol::{
    ids::{ApplicationId, EndpointId},
    webhook::{BodyFormat, EndpointState, Signing},
};

/// The endpoint of this address, made now unless there is one. A suspended one gets another chance: its client has just
/// named it again.
pub(super) async fn endpoint(
    services: &Services,
    org: &mut OrgTx<'_>,
    application: ApplicationId,
    url: &str,
) -> Result<EndpointRow> {
    if let Some(known) = org.requested_endpoint(application, url).await? {
        if known.state() == EndpointState::Suspended {
            org.set_endpoint_state(known.id(), EndpointState::Active, None).await?;
        }
        return Ok(known);
    }
    let id = services.new_id(EndpointId::from_parts)?;
    let key = key_of_requests(services, org.system(), application).await?;
    let secret = services.envelope().seal(SealedColumn::WebhookSecret.of(org.id()), id, key.secret.as_slice())?;
    let new = NewEndpointRow {
        id,
        application,
        url,
        events: &[],
        body_format: BodyFormat::Standard,
        signing: Signing::Ed25519,
        secret: &secret,
        public_key: key.public_key.as_deref(),
        state: EndpointState::Active,
        requested: true,
        now: services.now(),
    };
    org.insert_endpoint(&new).await?;
    // Somebody else may have been first; theirs is the one that counts.
    org.requested_endpoint(application, url).await?.ok_or_else(super::endpoints::not_found)
}

/// What signs the messages to all such endpoints of an application.
pub(crate) async fn key_of_requests(services: &Services, tx: &mut Tx, application: ApplicationId) -> Result<FreshKey> {
    derive(&InstallationKey::StreamrecWebhooks.get_or_draw(services, tx).await?, application)
}

/// The same, if it can be had without writing.
pub(crate) async fn known_key_of_requests(
    services: &Services,
    tx: &mut Tx,
    application: ApplicationId,
) -> Result<Option<FreshKey>> {
    let root = InstallationKey::StreamrecWebhooks.get(services, tx).await?;
    root.map(|root| derive(&root, application)).transpose()
}

fn derive(root: &[u8], application: ApplicationId) -> Result<FreshKey> {
    let seed = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, root), application.to_string().as_bytes());
    let seed = <[u8; 32]>::try_from(seed.as_ref()).map_err(Error::internal)?;
    FreshKey::of(seed, Signing::Ed25519).map_err(Error::internal)
}
