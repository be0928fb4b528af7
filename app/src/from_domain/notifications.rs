//! Notifications: what the pages show, and what their forms ask for.

use crate::{
    error::ConsoleError,
    pages::notifications::view::{
        AttemptView, DeliveryDetail, DeliveryList, DeliveryView, EndpointDetail, EndpointView, EndpointsView, EventView,
    },
    server::{self, unix_ms},
};
use domain::{
    Access, Services,
    access::Permission,
    notifications::{
        self,
        deliveries::{self, Delivery, DeliveryAttempt, DeliveryFilter},
        endpoints::{self, Endpoint, EndpointUpdate, NewEndpoint},
    },
};
use protocol::{
    ids::{ApplicationId, DeliveryId},
    webhook::EventType,
};
use std::str::FromStr;

impl From<Endpoint> for EndpointView {
    fn from(endpoint: Endpoint) -> Self {
        Self {
            id: endpoint.id,
            url: endpoint.url.to_string(),
            events: endpoint.events,
            format: endpoint.format,
            signing: endpoint.signing,
            public_keys: endpoint.public_keys,
            previous_until_ms: endpoint.previous_secret_until.map(|at| unix_ms(at.timestamp_millis())),
            state: endpoint.state,
            suspension: endpoint.suspension_cause,
            failing_ms: endpoint.failing_since.map(|at| unix_ms(at.timestamp_millis())),
            created_ms: unix_ms(endpoint.created_at.timestamp_millis()),
        }
    }
}

impl EndpointDetail {
    pub fn of(endpoint: Endpoint, access: &Access) -> Self {
        Self {
            application: endpoint.application,
            endpoint: endpoint.into(),
            events: events(),
            may_change: access.may(Permission::ConfigureWebhooks),
        }
    }
}

fn events() -> Vec<EventView> {
    let view = |&event: &EventType| EventView { event, summary: notifications::summary(event).to_owned() };
    EventType::ALL.iter().filter(|event| event.is_offered()).map(view).collect()
}

/// The endpoints of an application.
pub async fn endpoints(
    services: &Services,
    access: &Access,
    application: ApplicationId,
) -> Result<EndpointsView, ConsoleError> {
    let found = domain::applications::get(services, access, application).await.map_err(server::failure)?;
    let endpoints = endpoints::list(services, access, application).await.map_err(server::failure)?;
    Ok(EndpointsView {
        application,
        name: found.name.to_string(),
        endpoints: endpoints.into_iter().map(Into::into).collect(),
        events: events(),
        may_change: access.may(Permission::ConfigureWebhooks),
    })
}

/// What the form for a new endpoint asks for.
pub fn new_endpoint(url: &str, events: &[String], format: &str, signing: &str) -> Result<NewEndpoint, ConsoleError> {
    Ok(NewEndpoint {
        events: known_events(events)?,
        format: format.parse().map_err(|_| unknown_word())?,
        signing: signing.parse().map_err(|_| unknown_word())?,
        ..NewEndpoint::at(complete(url)?)
    })
}

/// What the form for the settings of an endpoint asks for.
pub fn endpoint_update(url: &str, events: &[String]) -> Result<EndpointUpdate, ConsoleError> {
    Ok(EndpointUpdate { url: Some(complete(url)?), events: Some(known_events(events)?), ..EndpointUpdate::default() })
}

fn complete<T: FromStr>(url: &str) -> Result<T, ConsoleError> {
    url.trim()
        .parse()
        .map_err(|_| server::refusal("invalid_url", "This is not a complete address. Begin with https://."))
}

fn known_events(words: &[String]) -> Result<Vec<EventType>, ConsoleError> {
    words.iter().map(|word| word.parse().map_err(|_| unknown_word())).collect()
}

fn unknown_word() -> ConsoleError {
    server::refusal("unknown_word", "The form is out of date. Load the page again.")
}

/// What of the log the address asks for; empty texts filter nothing.
#[derive(Debug, Clone, Copy)]
pub struct DeliveryQuery<'a> {
    pub endpoint: &'a str,
    pub event: &'a str,
    pub state: &'a str,
    pub after: &'a str,
}

/// A page of the log of an application.
pub async fn deliveries(
    services: &Services,
    access: &Access,
    application: ApplicationId,
    query: &DeliveryQuery<'_>,
) -> Result<DeliveryList, ConsoleError> {
    let filter = DeliveryFilter {
        endpoint: chosen(query.endpoint)?,
        event: chosen(query.event)?,
        state: chosen(query.state)?,
        ..DeliveryFilter::default()
    };
    let after: Option<DeliveryId> = chosen(query.after)?;
    let found = domain::applications::get(services, access, application).await.map_err(server::failure)?;
    let mut endpoints = endpoints::list(services, access, application).await.map_err(server::failure)?;
    if let Some(only) = filter.endpoint
        && endpoints.iter().all(|endpoint| endpoint.id != only)
    {
        endpoints.push(endpoints::get(services, access, only).await.map_err(server::failure)?);
    }
    let page = deliveries::list(services, access, application, filter, after).await.map_err(server::failure)?;
    let items = page.items.into_iter().map(|delivery| {
        let to = endpoints.iter().find(|endpoint| endpoint.id == delivery.endpoint);
        DeliveryView::of(delivery, to)
    });
    Ok(DeliveryList {
        name: found.name.to_string(),
        items: items.collect(),
        next: page.next,
        may_change: access.may(Permission::ConfigureWebhooks),
        endpoints: endpoints.iter().map(|endpoint| (endpoint.id, endpoint.url.to_string())).collect(),
    })
}

/// Nothing for an empty text; what means nothing is an address that does not exist.
fn chosen<T: FromStr>(text: &str) -> Result<Option<T>, ConsoleError> {
    Some(text).filter(|text| !text.is_empty()).map(server::parse_id).transpose()
}

/// One delivery with what was sent and answered.
pub async fn delivery(services: &Services, access: &Access, id: DeliveryId) -> Result<DeliveryDetail, ConsoleError> {
    let found = deliveries::get(services, access, id).await.map_err(server::failure)?;
    let endpoint = endpoints::get(services, access, found.delivery.endpoint).await.map_err(server::failure)?;
    Ok(DeliveryDetail {
        message: found.delivery.message.to_string(),
        delivery: DeliveryView::of(found.delivery, Some(&endpoint)),
        body: found.body,
        attempts: found.attempts.into_iter().map(Into::into).collect(),
        may_change: access.may(Permission::ConfigureWebhooks),
    })
}

impl DeliveryView {
    fn of(delivery: Delivery, endpoint: Option<&Endpoint>) -> Self {
        Self {
            id: delivery.id,
            event: delivery.event,
            host: endpoint.and_then(|endpoint| endpoint.url.host_str()).unwrap_or_default().to_owned(),
            state: delivery.state,
            attempts: delivery.attempts,
            created_ms: unix_ms(delivery.created_at.timestamp_millis()),
            status: delivery.last_status,
            problem: delivery.last_problem,
            next_ms: delivery.next_attempt_at.map(|at| unix_ms(at.timestamp_millis())),
        }
    }
}

impl From<DeliveryAttempt> for AttemptView {
    fn from(attempt: DeliveryAttempt) -> Self {
        Self {
            number: attempt.number,
            at_ms: unix_ms(attempt.at.timestamp_millis()),
            latency_ms: attempt.latency_ms,
            status: attempt.status,
            problem: attempt.problem,
            headers: attempt.headers.into_iter().collect(),
            body: attempt.body,
            next_ms: attempt.next_at.map(|at| unix_ms(at.timestamp_millis())),
        }
    }
}
