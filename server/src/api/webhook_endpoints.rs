//! Webhook endpoints: where messages of an application go.

use super::{
    authentication::Caller,
    deliveries::Delivery,
    request::{Body, Id},
    revision::{IfMatch, etag},
    storages::location,
};
use crate::http::{Problem, Web};
use axum::{Json, extract::State, response::IntoResponse};
use chrono::{DateTime, Utc};
use domain::{
    notifications::{
        deliveries,
        endpoints::{self, DEFAULT_OVERLAP, EndpointSecret, EndpointUpdate, NewEndpoint},
    },
    revision::Expected,
};
use http::StatusCode;
use protocol::{
    ids::{ApplicationId, EndpointId},
    webhook::{BodyFormat, EndpointState, EventType, Signing, SuspensionCause},
};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use url::Url;
use utoipa::ToSchema;

/// An address that messages go to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookEndpoint {
    #[schema(value_type = String, example = "ep_019aa2c1000070008000000000000000")]
    id: EndpointId,
    #[schema(value_type = String, example = "app_019aa2c1000070008000000000000000")]
    application_id: ApplicationId,
    #[schema(value_type = String, example = "https://hooks.example.com/mixdown")]
    url: Url,
    /// What it is told; empty for every event.
    #[schema(value_type = Vec<String>)]
    events: Vec<EventType>,
    /// `standard`, or `temasys`: what backends made for Temasys expect when a recording is ready.
    #[schema(value_type = String, example = "standard")]
    format: BodyFormat,
    /// `hmac` or `ed25519`.
    #[schema(value_type = String, example = "hmac")]
    signing: Signing,
    /// With `ed25519`: what verifies the signatures, the present key first.
    #[schema(example = json!([]))]
    public_keys: Vec<String>,
    /// Until then the secret of before signs too.
    previous_secret_until: Option<DateTime<Utc>>,
    /// `active`, `disabled`, or `suspended` by Mixdown because it does not take messages any more.
    #[schema(value_type = String, example = "active")]
    state: EndpointState,
    /// `gone` (it answered 410) or `failing` (nothing arrived for five days).
    #[schema(value_type = Option<String>)]
    suspension_cause: Option<SuspensionCause>,
    /// When attempts began to fail, while none succeeds.
    failing_since: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

/// An endpoint with its secret, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookEndpointSecret {
    #[serde(flatten)]
    endpoint: WebhookEndpoint,
    /// `whsec_…`; `null` with `ed25519`.
    secret: Option<String>,
}

/// The endpoints of an application.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookEndpoints {
    /// Oldest first, at most ten.
    items: Vec<WebhookEndpoint>,
}

/// An endpoint to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "url": "https://hooks.example.com/mixdown", "events": ["recording.ready"] }))]
pub struct NewWebhookEndpoint {
    /// A public https address on port 443 or 8443, unless the operator allows others.
    #[schema(value_type = String, max_length = 2048)]
    url: Url,
    /// Without any, it is told of every event.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    events: Vec<EventType>,
    #[serde(default = "standard")]
    #[schema(value_type = String, default = "standard")]
    format: BodyFormat,
    #[serde(default = "hmac")]
    #[schema(value_type = String, default = "hmac")]
    signing: Signing,
    #[serde(default = "yes")]
    #[schema(default = true)]
    enabled: bool,
}

fn standard() -> BodyFormat {
    BodyFormat::Standard
}

fn hmac() -> Signing {
    Signing::Hmac
}

fn yes() -> bool {
    true
}

/// Settings to be changed; what is missing stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "events": ["recording.ready", "recording.failed"], "enabled": true }))]
pub struct WebhookEndpointChange {
    #[schema(value_type = Option<String>, max_length = 2048)]
    url: Option<Url>,
    #[schema(value_type = Option<Vec<String>>)]
    events: Option<Vec<EventType>>,
    /// What has waited while it was off is sent when it is on again.
    enabled: Option<bool>,
}

/// How a secret is replaced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "overlapSeconds": 86_400 }))]
pub struct SecretRotation {
    /// How long the secret of before signs beside the new one; with 0 it ends at once.
    #[schema(minimum = 0, maximum = 604_800, default = 86_400)]
    overlap_seconds: Option<u64>,
}

impl From<endpoints::Endpoint> for WebhookEndpoint {
    fn from(endpoint: endpoints::Endpoint) -> Self {
        Self {
            id: endpoint.id,
            application_id: endpoint.application,
            url: endpoint.url,
            events: endpoint.events,
            format: endpoint.format,
            signing: endpoint.signing,
            public_keys: endpoint.public_keys,
            previous_secret_until: endpoint.previous_secret_until,
            state: endpoint.state,
            suspension_cause: endpoint.suspension_cause,
            failing_since: endpoint.failing_since,
            created_at: endpoint.created_at,
        }
    }
}

impl From<EndpointSecret> for WebhookEndpointSecret {
    fn from(made: EndpointSecret) -> Self {
        let secret = made.secret.map(|secret| secret.expose_secret().to_owned());
        Self { endpoint: made.endpoint.into(), secret }
    }
}

/// With the tag of its version.
fn tagged(endpoint: endpoints::Endpoint) -> Result<impl IntoResponse, Problem> {
    let tag = etag(&endpoint.version())?;
    Ok((tag, Json(WebhookEndpoint::from(endpoint))))
}

/// List the webhook endpoints of an application
#[utoipa::path(
    get,
    path = "/applications/{application}/webhook-endpoints",
    operation_id = "listWebhookEndpoints",
    tag = "Webhooks",
    params(("application" = String, Path)),
    security(("apiKey" = ["webhooks:read"])),
    responses((status = 200, description = "The endpoints.", body = WebhookEndpoints)),
)]
pub async fn list(
    State(web): State<Web>,
    Caller(access): Caller,
    Id(application): Id<ApplicationId>,
) -> Result<Json<WebhookEndpoints>, Problem> {
    let endpoints = endpoints::list(&web.services, &access, application).await?;
    Ok(Json(WebhookEndpoints { items: endpoints.into_iter().map(Into::into).collect() }))
}

/// Add a webhook endpoint
///
/// Messages are signed as Standard Webhooks 1.0 says, with a secret of the endpoint's own that is returned this once. Each is tried ten times over 75 hours, always under the same `webhook-id`; the order is not promised.
#[utoipa::path(
    post,
    path = "/applications/{application}/webhook-endpoints",
    operation_id = "createWebhookEndpoint",
    tag = "Webhooks",
    params(("application" = String, Path)),
    request_body = NewWebhookEndpoint,
    security(("apiKey" = ["webhooks:write"])),
    responses(
        (status = 201, description = "The endpoint with its secret.", body = WebhookEndpointSecret),
        (status = 409, description = "`too_many_endpoints`.", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    ),
)]
pub async fn create(
    State(web): State<Web>,
    Caller(access): Caller,
    Id(application): Id<ApplicationId>,
    Body(new): Body<NewWebhookEndpoint>,
) -> Result<impl IntoResponse, Problem> {
    let NewWebhookEndpoint { url, events, format, signing, enabled } = new;
    let new = NewEndpoint { url, events, format, signing, enabled };
    let made = endpoints::create(&web.services, &access, application, new).await?;
    let (location, tag) = (location("webhook-endpoints", made.endpoint.id)?, etag(&made.endpoint.version())?);
    Ok((StatusCode::CREATED, location, tag, Json(WebhookEndpointSecret::from(made))))
}

/// Read a webhook endpoint
#[utoipa::path(
    get,
    path = "/webhook-endpoints/{endpoint}",
    operation_id = "getWebhookEndpoint",
    tag = "Webhooks",
    params(("endpoint" = String, Path)),
    security(("apiKey" = ["webhooks:read"])),
    responses((status = 200, description = "The endpoint.", body = WebhookEndpoint)),
)]
pub async fn get(
    State(web): State<Web>,
    Caller(access): Caller,
    Id(id): Id<EndpointId>,
) -> Result<impl IntoResponse, Problem> {
    tagged(endpoints::get(&web.services, &access, id).await?)
}

/// Change a webhook endpoint
///
/// All of it or, with an error, nothing. Enabling a suspended endpoint gives it another chance.
#[utoipa::path(
    patch,
    path = "/webhook-endpoints/{endpoint}",
    operation_id = "changeWebhookEndpoint",
    tag = "Webhooks",
    params(("endpoint" = String, Path), ("If-Match" = String, Header)),
    request_body = WebhookEndpointChange,
    security(("apiKey" = ["webhooks:write"])),
    responses((status = 200, description = "The endpoint as it is now.", body = WebhookEndpoint)),
)]
pub async fn change(
    State(web): State<Web>,
    Caller(access): Caller,
    Id(id): Id<EndpointId>,
    IfMatch(expected): IfMatch,
    Body(change): Body<WebhookEndpointChange>,
) -> Result<impl IntoResponse, Problem> {
    let WebhookEndpointChange { url, events, enabled } = change;
    let update = EndpointUpdate { expected, url, events, enabled };
    tagged(endpoints::update(&web.services, &access, id, update).await?)
}

/// Remove a webhook endpoint
///
/// With the log of its deliveries. What waits for it is not sent.
#[utoipa::path(
    delete,
    path = "/webhook-endpoints/{endpoint}",
    operation_id = "removeWebhookEndpoint",
    tag = "Webhooks",
    params(("endpoint" = String, Path)),
    security(("apiKey" = ["webhooks:write"])),
    responses((status = 204, description = "It is gone.")),
)]
pub async fn remove(
    State(web): State<Web>,
    Caller(access): Caller,
    Id(id): Id<EndpointId>,
) -> Result<StatusCode, Problem> {
    endpoints::remove(&web.services, &access, id, Expected::Any).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Replace the secret of a webhook endpoint
///
/// The secret of before signs beside the new one for a while, so that no message is lost meanwhile.
#[utoipa::path(
    post,
    path = "/webhook-endpoints/{endpoint}/secret",
    operation_id = "rotateWebhookSecret",
    tag = "Webhooks",
    params(("endpoint" = String, Path)),
    request_body = SecretRotation,
    security(("apiKey" = ["webhooks:write"])),
    responses((status = 200, description = "The endpoint with its new secret.", body = WebhookEndpointSecret)),
)]
pub async fn rotate_secret(
    State(web): State<Web>,
    Caller(access): Caller,
    Id(id): Id<EndpointId>,
    Body(rotation): Body<SecretRotation>,
) -> Result<impl IntoResponse, Problem> {
    let overlap = rotation.overlap_seconds.map_or(DEFAULT_OVERLAP, Duration::from_secs);
    let made = endpoints::rotate_secret(&web.services, &access, id, overlap).await?;
    let tag = etag(&made.endpoint.version())?;
    Ok((tag, Json(WebhookEndpointSecret::from(made))))
}

/// Send a test message
///
/// To this endpoint, whatever it wants to be told. The delivery says how it went.
#[utoipa::path(
    post,
    path = "/webhook-endpoints/{endpoint}/test",
    operation_id = "testWebhookEndpoint",
    tag = "Webhooks",
    params(("endpoint" = String, Path)),
    security(("apiKey" = ["webhooks:write"])),
    responses(
        (status = 202, description = "It is on its way.", body = Delivery),
        (status = 409, description = "`endpoint_not_active`.", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    ),
)]
pub async fn test(
    State(web): State<Web>,
    Caller(access): Caller,
    Id(id): Id<EndpointId>,
) -> Result<impl IntoResponse, Problem> {
    let delivery = deliveries::send_test(&web.services, &access, id).await?;
    let location = location("deliveries", delivery.id)?;
    Ok((StatusCode::ACCEPTED, location, Json(Delivery::from(delivery))))
}
