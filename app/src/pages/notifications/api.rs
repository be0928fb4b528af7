use super::view::{DeliveryDetail, DeliveryList, EndpointDetail, EndpointsView};
use crate::error::ConsoleError;
use leptos::prelude::*;
use protocol::ids::{ApplicationId, DeliveryId, EndpointId};

/// The endpoints of an application. The identifier is text from the address.
#[server(prefix = "/api/console", endpoint = "endpoints")]
pub async fn load_endpoints(application: String) -> Result<EndpointsView, ConsoleError> {
    use crate::server;
    let (services, access) = server::access().await?;
    crate::from_domain::endpoints(&services, &access, server::parse_id(&application)?).await
}

/// One endpoint.
#[server(prefix = "/api/console", endpoint = "endpoint")]
pub async fn load_endpoint(id: String) -> Result<EndpointDetail, ConsoleError> {
    use crate::server;
    let (services, access) = server::access().await?;
    let found = domain::notifications::endpoints::get(&services, &access, server::parse_id(&id)?).await;
    Ok(EndpointDetail::of(found.map_err(server::failure)?, &access))
}

/// Adds an endpoint; the page shows its secret once.
#[server(prefix = "/api/console", endpoint = "create-endpoint")]
pub async fn create_endpoint(
    application: ApplicationId,
    url: String,
    #[server(default)] events: Vec<String>,
    format: String,
    signing: String,
) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let (services, access) = server::access().await?;
    let created = match crate::from_domain::new_endpoint(&url, &events, &format, &signing) {
        Ok(new) => domain::notifications::endpoints::create(&services, &access, application, new)
            .await
            .map_err(server::failure),
        Err(error) => Err(error),
    };
    server::answer_with_secret(Form::CreateEndpoint, &url, created.map(|created| server::reveal(created.secret)))
}

/// Changes where an endpoint is and what it is told.
#[server(prefix = "/api/console", endpoint = "update-endpoint")]
pub async fn update_endpoint(
    endpoint: EndpointId,
    url: String,
    #[server(default)] events: Vec<String>,
) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let (services, access) = server::access().await?;
    let updated = match crate::from_domain::endpoint_update(&url, &events) {
        Ok(update) => domain::notifications::endpoints::update(&services, &access, endpoint, update)
            .await
            .map_err(server::failure),
        Err(error) => Err(error),
    };
    server::answer(Form::Endpoint, &url, updated.map(drop))
}

/// Lets an endpoint get messages, or not.
#[server(prefix = "/api/console", endpoint = "enable-endpoint")]
pub async fn enable_endpoint(endpoint: EndpointId, on: bool) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    use domain::notifications::endpoints::{self, EndpointUpdate};
    let (services, access) = server::access().await?;
    let update = EndpointUpdate { enabled: Some(on), ..EndpointUpdate::default() };
    let updated = endpoints::update(&services, &access, endpoint, update).await;
    server::answer(Form::EnableEndpoint, "", updated.map(drop).map_err(server::failure))
}

/// Makes another secret; the one of before signs beside it for so many hours.
#[server(prefix = "/api/console", endpoint = "rotate-endpoint-secret")]
pub async fn rotate_secret(endpoint: EndpointId, hours: u32) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    use std::time::Duration;
    let (services, access) = server::access().await?;
    let overlap = Duration::from_secs(u64::from(hours) * 3600);
    let rotated = domain::notifications::endpoints::rotate_secret(&services, &access, endpoint, overlap).await;
    let secret = rotated.map(|rotated| server::reveal(rotated.secret)).map_err(server::failure);
    server::answer_with_secret(Form::RotateSecret, "", secret)
}

/// Removes an endpoint and its log.
#[server(prefix = "/api/console", endpoint = "remove-endpoint")]
pub async fn remove_endpoint(application: ApplicationId, endpoint: EndpointId) -> Result<(), ConsoleError> {
    use crate::{note::Form, paths, server};
    let (services, access) = server::access().await?;
    match domain::notifications::endpoints::remove(&services, &access, endpoint, domain::revision::Expected::Any).await
    {
        Ok(()) => {
            server::redirect(&paths::notifications(application));
            Ok(())
        }
        Err(error) => server::answer(Form::RemoveEndpoint, "", Err(server::failure(error))),
    }
}

/// Sends a message that says nothing, and shows what becomes of it.
#[server(prefix = "/api/console", endpoint = "test-endpoint")]
pub async fn test_endpoint(application: ApplicationId, endpoint: EndpointId) -> Result<(), ConsoleError> {
    use crate::{note::Form, paths, server};
    let (services, access) = server::access().await?;
    match domain::notifications::deliveries::send_test(&services, &access, endpoint).await {
        Ok(delivery) => {
            server::redirect(&paths::delivery(application, delivery.id));
            Ok(())
        }
        Err(error) => server::answer(Form::TestEndpoint, "", Err(server::failure(error))),
    }
}

/// Deliveries of an application, newest first; empty texts filter nothing.
#[server(prefix = "/api/console", endpoint = "deliveries")]
pub async fn list_deliveries(
    application: String,
    endpoint: String,
    event: String,
    state: String,
    after: String,
) -> Result<DeliveryList, ConsoleError> {
    use crate::{from_domain::DeliveryQuery, server};
    let (services, access) = server::access().await?;
    let query = DeliveryQuery { endpoint: &endpoint, event: &event, state: &state, after: &after };
    crate::from_domain::deliveries(&services, &access, server::parse_id(&application)?, &query).await
}

/// One delivery with what was sent and answered.
#[server(prefix = "/api/console", endpoint = "delivery")]
pub async fn load_delivery(id: String) -> Result<DeliveryDetail, ConsoleError> {
    use crate::server;
    let (services, access) = server::access().await?;
    crate::from_domain::delivery(&services, &access, server::parse_id(&id)?).await
}

/// Sends a message again.
#[server(prefix = "/api/console", endpoint = "replay-delivery")]
pub async fn replay_delivery(delivery: DeliveryId) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let (services, access) = server::access().await?;
    let replayed = domain::notifications::deliveries::replay(&services, &access, delivery).await;
    server::answer(Form::ReplayDelivery, "", replayed.map(drop).map_err(server::failure))
}

/// Sends again what an endpoint did not get within the last hours.
#[server(prefix = "/api/console", endpoint = "replay-failed")]
pub async fn replay_failed(endpoint: EndpointId, hours: u32) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    use std::time::Duration;
    let (services, access) = server::access().await?;
    let from = services.clock().now() - Duration::from_secs(u64::from(hours) * 3600);
    let replayed = domain::notifications::deliveries::replay_failed(&services, &access, endpoint, from, None).await;
    server::answer(Form::ReplayFailed, "", replayed.map(drop).map_err(server::failure))
}
