//! The log of what was sent to webhook endpoints, and sending it again.

use super::{
    authentication::Caller,
    request::{Body, Id, Query},
    storages::location,
};
use crate::http::{Problem, Web};
use axum::{Json, extract::State, response::IntoResponse};
use chrono::{DateTime, Utc};
use domain::{
    cursor::List,
    notifications::deliveries::{self, DeliveryAttempt, DeliveryDetail, DeliveryFilter},
};
use http::StatusCode;
use protocol::{
    ids::{ApplicationId, DeliveryId, EndpointId, MessageId},
    webhook::{AttemptProblem, DeliveryState, EventType},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// One message on its way to one endpoint.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    #[schema(value_type = String, example = "dlv_019aa2c1000070008000000000000000")]
    id: DeliveryId,
    /// The `webhook-id` of every attempt.
    #[schema(value_type = String, example = "msg_019aa2c1000070008000000000000000")]
    message_id: MessageId,
    #[schema(value_type = String, example = "ep_019aa2c1000070008000000000000000")]
    endpoint_id: EndpointId,
    #[schema(value_type = String, example = "recording.ready")]
    event: EventType,
    /// `waiting`, `delivered`, or `failed` when it was given up.
    #[schema(value_type = String, example = "delivered")]
    state: DeliveryState,
    /// How many were made.
    attempts: u64,
    created_at: DateTime<Utc>,
    last_attempt_at: Option<DateTime<Utc>>,
    /// HTTP status of the last attempt, when there was an answer.
    last_status: Option<u16>,
    /// Why the last attempt did not deliver: `unreachable`, `timed_out`, `redirected`, `refused` or `gone`.
    #[schema(value_type = Option<String>)]
    last_problem: Option<AttemptProblem>,
    /// While it waits: not before.
    next_attempt_at: Option<DateTime<Utc>>,
}

/// A delivery with what is sent and every attempt.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryWithAttempts {
    #[serde(flatten)]
    delivery: Delivery,
    /// What is sent, byte for byte; `null` after 14 days.
    body: Option<String>,
    /// Oldest first, the latest 100.
    attempt_log: Vec<Attempt>,
}

/// One attempt to deliver.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DeliveryAttempt)]
pub struct Attempt {
    /// Counts from 1.
    number: u64,
    at: DateTime<Utc>,
    latency_ms: u64,
    /// HTTP status, when there was an answer.
    status: Option<u16>,
    /// `null` when it delivered.
    #[schema(value_type = Option<String>)]
    problem: Option<AttemptProblem>,
    /// Of the answer.
    response_headers: BTreeMap<String, String>,
    /// The first 4000 characters of the answer.
    response_body: String,
    next_attempt_at: Option<DateTime<Utc>>,
}

/// A page of deliveries.
#[derive(Debug, Serialize, ToSchema)]
pub struct Deliveries {
    /// Newest first.
    items: Vec<Delivery>,
    /// Cursor of the next page; `null` at the end.
    next: Option<String>,
}

/// Which deliveries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveryQuery {
    /// `next` of the page before; the first page without it.
    cursor: Option<String>,
    /// Only of this endpoint.
    #[param(value_type = Option<String>)]
    endpoint: Option<EndpointId>,
    /// Only of this event.
    #[param(value_type = Option<String>)]
    event: Option<EventType>,
    /// Only `waiting`, `delivered` or `failed` ones.
    #[param(value_type = Option<String>)]
    state: Option<DeliveryState>,
    /// Only those made at that time or later.
    from: Option<DateTime<Utc>>,
    /// Only those made before.
    until: Option<DateTime<Utc>>,
}

/// A stretch of time.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "from": "2026-11-20T00:00:00Z" }))]
pub struct ReplayRange {
    from: DateTime<Utc>,
    /// Until now without it.
    until: Option<DateTime<Utc>>,
}

/// How many deliveries are sent again.
#[derive(Debug, Serialize, ToSchema)]
pub struct Replayed {
    count: u64,
    /// There may be more: ask again.
    more: bool,
}

impl From<deliveries::Delivery> for Delivery {
    fn from(delivery: deliveries::Delivery) -> Self {
        Self {
            id: delivery.id,
            message_id: delivery.message,
            endpoint_id: delivery.endpoint,
            event: delivery.event,
            state: delivery.state,
            attempts: delivery.attempts,
            created_at: delivery.created_at,
            last_attempt_at: delivery.last_attempt_at,
            last_status: delivery.last_status,
            last_problem: delivery.last_problem,
            next_attempt_at: delivery.next_attempt_at,
        }
    }
}

impl From<DeliveryAttempt> for Attempt {
    fn from(attempt: DeliveryAttempt) -> Self {
        Self {
            number: attempt.number,
            at: attempt.at,
            latency_ms: attempt.latency_ms,
            status: attempt.status,
            problem: attempt.problem,
            response_headers: attempt.headers,
            response_body: attempt.body,
            next_attempt_at: attempt.next_at,
        }
    }
}

impl From<DeliveryDetail> for DeliveryWithAttempts {
    fn from(detail: DeliveryDetail) -> Self {
        let attempt_log = detail.attempts.into_iter().map(Into::into).collect();
        Self { delivery: detail.delivery.into(), body: detail.body, attempt_log }
    }
}

/// List deliveries of an application
#[utoipa::path(
    get,
    path = "/applications/{application}/deliveries",
    operation_id = "listDeliveries",
    tag = "Webhooks",
    params(("application" = String, Path), DeliveryQuery),
    security(("apiKey" = ["webhooks:read"])),
    responses((status = 200, description = "A page of deliveries; they are kept for 60 days.", body = Deliveries)),
)]
pub async fn list(
    State(web): State<Web>,
    Caller(access): Caller,
    Id(application): Id<ApplicationId>,
    Query(query): Query<DeliveryQuery>,
) -> Result<Json<Deliveries>, Problem> {
    let DeliveryQuery { cursor, endpoint, event, state, from, until } = query;
    let filter = DeliveryFilter { endpoint, event, state, from, until };
    // A cursor is good for the filter that it was made with and no other.
    let list = List::new(&web.services, &access, "deliveries", &format!("{application} {filter:?}"));
    let after = match &cursor {
        Some(cursor) => Some(list.position::<DeliveryId>(cursor).await?),
        None => None,
    };
    let page = deliveries::list(&web.services, &access, application, filter, after).await?;
    let next = match page.next {
        Some(next) => Some(list.cursor(&next).await?),
        None => None,
    };
    Ok(Json(Deliveries { items: page.items.into_iter().map(Into::into).collect(), next }))
}

/// Read a delivery
#[utoipa::path(
    get,
    path = "/deliveries/{delivery}",
    operation_id = "getDelivery",
    tag = "Webhooks",
    params(("delivery" = String, Path)),
    security(("apiKey" = ["webhooks:read"])),
    responses((status = 200, description = "The delivery with its attempts.", body = DeliveryWithAttempts)),
)]
pub async fn get(
    State(web): State<Web>,
    Caller(access): Caller,
    Id(id): Id<DeliveryId>,
) -> Result<Json<DeliveryWithAttempts>, Problem> {
    Ok(Json(deliveries::get(&web.services, &access, id).await?.into()))
}

/// Send a message again
///
/// Under the same `webhook-id`, at once and then by the whole schedule.
#[utoipa::path(
    post,
    path = "/deliveries/{delivery}/replay",
    operation_id = "replayDelivery",
    tag = "Webhooks",
    params(("delivery" = String, Path)),
    security(("apiKey" = ["webhooks:write"])),
    responses(
        (status = 202, description = "It is on its way.", body = Delivery),
        (status = 409, description = "`endpoint_not_active`.", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 410, description = "`message_expired`.", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    ),
)]
pub async fn replay(
    State(web): State<Web>,
    Caller(access): Caller,
    Id(id): Id<DeliveryId>,
) -> Result<impl IntoResponse, Problem> {
    let delivery = deliveries::replay(&web.services, &access, id).await?;
    let location = location("deliveries", delivery.id)?;
    Ok((StatusCode::ACCEPTED, location, Json(Delivery::from(delivery))))
}

/// Send what failed again
///
/// All that the endpoint did not get in a stretch of time, oldest first and at most 1000 at a time.
#[utoipa::path(
    post,
    path = "/webhook-endpoints/{endpoint}/replay",
    operation_id = "replayFailedDeliveries",
    tag = "Webhooks",
    params(("endpoint" = String, Path)),
    request_body = ReplayRange,
    security(("apiKey" = ["webhooks:write"])),
    responses(
        (status = 202, description = "They are on their way.", body = Replayed),
        (status = 409, description = "`endpoint_not_active`.", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    ),
)]
pub async fn replay_failed(
    State(web): State<Web>,
    Caller(access): Caller,
    Id(endpoint): Id<EndpointId>,
    Body(range): Body<ReplayRange>,
) -> Result<impl IntoResponse, Problem> {
    let replayed = deliveries::replay_failed(&web.services, &access, endpoint, range.from, range.until).await?;
    Ok((StatusCode::ACCEPTED, Json(Replayed { count: replayed.count, more: replayed.more })))
}
