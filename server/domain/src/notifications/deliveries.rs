//! The log of deliveries, and replaying what is in it.

use super::{endpoints, events::TestData, raise};
use crate::{
    access::{Access, Permission},
    applications, audit,
    clock::to_date,
    error::{Error, Kind, Result},
    services::Services,
    store::{AttemptRow, DeliveryRow, DeliverySelection, EndpointRow, OrgTx, unsigned},
};
use chrono::{DateTime, Utc};
use protocol::{
    ids::{ApplicationId, DeliveryId, EndpointId, MessageId},
    webhook::{AttemptProblem, DeliveryState, EndpointState, EventType},
};
use std::{cmp::Reverse, collections::BTreeMap};

/// Deliveries on one page.
const PAGE: usize = 50;
/// Attempts shown of one delivery, the latest ones.
const ATTEMPTS: i64 = 100;
/// Deliveries replayed at a time.
const REPLAYED: u32 = 1000;

/// One message on its way to one endpoint.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub id: DeliveryId,
    /// The `webhook-id` of every attempt.
    pub message: MessageId,
    pub endpoint: EndpointId,
    pub event: EventType,
    pub state: DeliveryState,
    pub attempts: u64,
    pub created_at: DateTime<Utc>,
    pub last_attempt_at: Option<DateTime<Utc>>,
    /// HTTP status of the last attempt, when there was an answer.
    pub last_status: Option<u16>,
    /// Why the last attempt did not deliver.
    pub last_problem: Option<AttemptProblem>,
    /// While it waits: not before.
    pub next_attempt_at: Option<DateTime<Utc>>,
}

/// A delivery with all that is known of it.
#[derive(Debug, Clone)]
pub struct DeliveryDetail {
    pub delivery: Delivery,
    /// What is sent; `None` once it is kept no longer.
    pub body: Option<String>,
    /// Oldest first.
    pub attempts: Vec<DeliveryAttempt>,
}

/// One attempt.
#[derive(Debug, Clone)]
pub struct DeliveryAttempt {
    /// Counts from 1.
    pub number: u64,
    pub at: DateTime<Utc>,
    pub latency_ms: u64,
    pub status: Option<u16>,
    /// Nothing when it delivered.
    pub problem: Option<AttemptProblem>,
    /// Of the answer.
    pub headers: BTreeMap<String, String>,
    /// The beginning of the answer.
    pub body: String,
    pub next_at: Option<DateTime<Utc>>,
}

/// Which deliveries of an application.
#[derive(Debug, Clone, Copy, Default)]
pub struct DeliveryFilter {
    pub endpoint: Option<EndpointId>,
    pub event: Option<EventType>,
    pub state: Option<DeliveryState>,
    /// Created at that time or later.
    pub from: Option<DateTime<Utc>>,
    /// Created before.
    pub until: Option<DateTime<Utc>>,
}

/// Part of a list, newest first.
#[derive(Debug, Clone)]
pub struct DeliveryPage {
    pub items: Vec<Delivery>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<DeliveryId>,
}

/// How many deliveries were replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replayed {
    pub count: u64,
    /// There may be more: as many were replayed as are at a time.
    pub more: bool,
}

/// Deliveries of an application, newest first; those to endpoints that requests named when one is asked for.
pub async fn list(
    services: &Services,
    access: &Access,
    application: ApplicationId,
    filter: DeliveryFilter,
    after: Option<DeliveryId>,
) -> Result<DeliveryPage> {
    access.require(Permission::ViewWebhooks)?;
    let mut tx = services.read().await?;
    let mut org = tx.reach(access);
    applications::existing(&mut org, application).await?;
    let endpoints = match filter.endpoint {
        None => org.endpoints(application).await?,
        Some(only) => {
            let found = org.endpoint(only).await?.filter(|endpoint| endpoint.application() == application);
            vec![found.ok_or_else(endpoints::not_found)?]
        }
    };
    let until = filter.until.map(first_at);
    let selection = DeliverySelection {
        event: filter.event,
        state: filter.state,
        before: after.into_iter().chain(until).min(),
        from: filter.from.map(first_at),
        limit: i64::try_from(PAGE + 1).unwrap_or(i64::MAX),
    };
    // Each endpoint has few enough of them on a page to look at all and take the newest.
    let mut rows = Vec::new();
    for endpoint in endpoints {
        rows.extend(org.deliveries(endpoint.id(), &selection).await?);
    }
    rows.sort_by_key(|row| Reverse(row.id()));
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let next = rows.last().filter(|_| more).map(DeliveryRow::id);
    Ok(DeliveryPage { items: rows.iter().map(view).collect(), next })
}

/// The identifier before which everything is older.
fn first_at(at: DateTime<Utc>) -> DeliveryId {
    DeliveryId::from_parts(unsigned(at.timestamp_millis()), [0; 10])
}

/// One delivery with its body and attempts.
pub async fn get(services: &Services, access: &Access, id: DeliveryId) -> Result<DeliveryDetail> {
    access.require(Permission::ViewWebhooks)?;
    let mut tx = services.read().await?;
    let mut org = tx.reach(access);
    let (row, _) = load(&mut org, id).await?;
    let body = org.message_body(row.message()).await?;
    let attempts = org.attempts(id, ATTEMPTS).await?.iter().map(attempt).collect();
    Ok(DeliveryDetail { delivery: view(&row), body, attempts })
}

/// Sends a message to its endpoint again, at once and then by the whole schedule, under the same identifier.
pub async fn replay(services: &Services, access: &Access, id: DeliveryId) -> Result<Delivery> {
    access.require(Permission::ConfigureWebhooks)?;
    let now = services.now();
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    let (row, endpoint) = load(&mut org, id).await?;
    require_active(&endpoint)?;
    if org.message_body(row.message()).await?.is_none() {
        return Err(Error::new(Kind::Gone, "message_expired", "What was sent is not kept any more."));
    }
    audit::record_for(services, &mut org, access, "delivery.replayed", &id).await?;
    org.hasten_queue(endpoint.id(), now).await?;
    org.replay_delivery(id, now).await?;
    let (row, _) = load(&mut org, id).await?;
    tx.commit().await?;
    Ok(view(&row))
}

/// Sends what an endpoint did not get in a stretch of time again, oldest first and at most 1000 at a time.
pub async fn replay_failed(
    services: &Services,
    access: &Access,
    id: EndpointId,
    from: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
) -> Result<Replayed> {
    access.require(Permission::ConfigureWebhooks)?;
    let now = services.now();
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    let endpoint = org.endpoint(id).await?.ok_or_else(endpoints::not_found)?;
    require_active(&endpoint)?;
    let detail = format!("since {}", from.format("%Y-%m-%dT%H:%M:%SZ"));
    audit::record(services, &mut org, access.actor(), "webhook_endpoint.replayed", &id, &detail).await?;
    org.hasten_queue(id, now).await?;
    let range = (first_at(from), first_at(until.unwrap_or_else(|| to_date(now + 1))));
    let count = org.replay_failed(id, range, REPLAYED.into(), now).await?;
    tx.commit().await?;
    Ok(Replayed { count, more: count >= REPLAYED.into() })
}

/// Sends a message that says nothing, whatever the endpoint wants to hear.
pub async fn send_test(services: &Services, access: &Access, id: EndpointId) -> Result<Delivery> {
    access.require(Permission::ConfigureWebhooks)?;
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    let endpoint = org.endpoint(id).await?.ok_or_else(endpoints::not_found)?;
    require_active(&endpoint)?;
    let data = TestData { application: endpoint.application(), endpoint: id };
    let delivery = raise::to_one(services, &mut org, endpoint, EventType::Test, &data).await?;
    let (row, _) = load(&mut org, delivery).await?;
    tx.commit().await?;
    Ok(view(&row))
}

fn require_active(endpoint: &EndpointRow) -> Result<()> {
    if endpoint.state() == EndpointState::Active {
        return Ok(());
    }
    Err(Error::conflict("endpoint_not_active", "Enable the endpoint first; nothing is sent to it at present."))
}

/// A delivery of an endpoint that the caller reaches.
async fn load(org: &mut OrgTx<'_>, id: DeliveryId) -> Result<(DeliveryRow, EndpointRow)> {
    let not_found = || Error::not_found("delivery_not_found", "There is no such delivery.");
    let row = org.delivery(id).await?.ok_or_else(not_found)?;
    let endpoint = org.endpoint(row.endpoint()).await?.ok_or_else(not_found)?;
    Ok((row, endpoint))
}

fn view(row: &DeliveryRow) -> Delivery {
    let date = |column: Option<i64>| column.map(unsigned).map(to_date);
    Delivery {
        id: row.id(),
        message: row.message(),
        endpoint: row.endpoint(),
        event: row.event(),
        state: row.state(),
        attempts: unsigned(row.attempts),
        created_at: to_date(unsigned(row.created_at)),
        last_attempt_at: date(row.last_at),
        last_status: status(row.last_status),
        last_problem: row.last_problem(),
        next_attempt_at: date(row.due_at),
    }
}

fn attempt(row: &AttemptRow) -> DeliveryAttempt {
    DeliveryAttempt {
        number: unsigned(row.attempt),
        at: to_date(unsigned(row.at)),
        latency_ms: unsigned(row.latency_ms),
        status: status(row.status),
        problem: row.problem(),
        headers: row.headers().clone(),
        body: row.body.clone(),
        next_at: row.next_at.map(unsigned).map(to_date),
    }
}

fn status(column: Option<i64>) -> Option<u16> {
    column.and_then(|status| u16::try_from(status).ok())
}
