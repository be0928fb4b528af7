//! The one webhook that the application's page knows: the oldest endpoint.

use crate::{error::ConsoleError, server};
use domain::{
    Access, Services,
    notifications::endpoints::{self, EndpointUpdate, NewEndpoint},
    revision::Expected,
};
use protocol::{ids::ApplicationId, webhook::EventType};
use secrecy::SecretString;

/// What somebody wants to hear who enters nothing but an address.
const EVENTS: [EventType; 5] = [
    EventType::RecordingReady,
    EventType::RecordingFailed,
    EventType::RecordingDeleted,
    EventType::StorageDegraded,
    EventType::StorageRecovered,
];

/// Its address.
pub async fn webhook(
    services: &Services,
    access: &Access,
    application: ApplicationId,
) -> domain::Result<Option<String>> {
    Ok(endpoints::list(services, access, application).await?.first().map(|endpoint| endpoint.url.to_string()))
}

/// Sets it, or removes it when the address is empty. Setting it, also to the same address, makes another secret.
pub async fn set_webhook(
    services: &Services,
    access: &Access,
    application: ApplicationId,
    url: &str,
) -> Result<Option<SecretString>, ConsoleError> {
    let present = endpoints::list(services, access, application).await.map_err(server::failure)?;
    let present = present.first().map(|endpoint| endpoint.id);
    if url.is_empty() {
        if let Some(id) = present {
            endpoints::remove(services, access, id, Expected::Any).await.map_err(server::failure)?;
        }
        return Ok(None);
    }
    let url = url
        .parse()
        .map_err(|_| server::refusal("invalid_url", "This is not a complete address. Begin with https://."))?;
    let set = match present {
        None => {
            let new = NewEndpoint { events: EVENTS.to_vec(), ..NewEndpoint::at(url) };
            endpoints::create(services, access, application, new).await
        }
        Some(id) => {
            let update = EndpointUpdate { url: Some(url), ..EndpointUpdate::default() };
            endpoints::update(services, access, id, update).await.map_err(server::failure)?;
            endpoints::rotate_secret(services, access, id, endpoints::DEFAULT_OVERLAP).await
        }
    };
    set.map(|set| set.secret).map_err(server::failure)
}
