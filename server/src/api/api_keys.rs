//! Keys of this API.

use super::{
    authentication::Caller,
    request::{Body, Id},
    storages::location,
};
use crate::http::{Problem, Web};
use axum::{Json, extract::State, response::IntoResponse};
use chrono::{DateTime, Utc};
use domain::api_keys::{self, AllowedNetworks, NewApiKey, Scope, Scopes};
use http::StatusCode;
use protocol::{
    ids::{ApiKeyId, ApplicationId},
    names::DisplayName,
};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A key of this API, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    #[schema(value_type = String, example = "apikey_019aa2c1000070008000000000000000")]
    id: ApiKeyId,
    #[schema(value_type = String)]
    name: DisplayName,
    /// The last characters of the secret.
    ending: String,
    /// Writing includes reading.
    #[schema(value_type = Vec<String>, example = json!(["recordings:read"]))]
    scopes: Scopes,
    /// The only application that it reaches; `null` for all.
    #[schema(value_type = Option<String>)]
    application_id: Option<ApplicationId>,
    /// Networks that it works from; empty for all.
    allowed_networks: Vec<String>,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    /// To the minute.
    last_used_at: Option<DateTime<Utc>>,
    last_used_from: Option<String>,
    revoked_at: Option<DateTime<Utc>>,
}

/// The organization's keys.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiKeys {
    /// Newest first, revoked and expired ones included.
    items: Vec<ApiKey>,
}

/// A key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewApiKey, example = json!({ "name": "Backend", "scopes": ["recordings:read"] }))]
pub struct NewKey {
    #[schema(value_type = String)]
    name: DisplayName,
    /// At least one, and none that the calling key does not have.
    scopes: Vec<String>,
    /// The only application that it is to reach.
    #[schema(value_type = Option<String>)]
    application_id: Option<ApplicationId>,
    /// Such as `192.0.2.0/24` or `192.0.2.7`; empty for all that the calling key works from.
    #[serde(default)]
    allowed_networks: Vec<String>,
    /// Not after the end of the calling key.
    expires_at: Option<DateTime<Utc>>,
}

/// A key that was just made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatedApiKey {
    #[serde(flatten)]
    key: ApiKey,
    /// The whole key; it is shown this once.
    #[schema(example = "mdk_…")]
    token: String,
}

impl From<api_keys::ApiKey> for ApiKey {
    fn from(key: api_keys::ApiKey) -> Self {
        Self {
            id: key.id,
            name: key.name,
            ending: key.ending,
            scopes: key.scopes,
            application_id: key.application,
            allowed_networks: key.allowed_networks.iter().map(|network| network.to_string()).collect(),
            created_at: key.created_at,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
            last_used_from: key.last_used_from,
            revoked_at: key.revoked_at,
        }
    }
}

/// List API keys
#[utoipa::path(
    get,
    path = "/api-keys",
    operation_id = "listApiKeys",
    tag = "API keys",
    security(("apiKey" = ["api_keys:read"])),
    responses((status = 200, description = "The keys, without their secrets.", body = ApiKeys)),
)]
pub async fn list(State(web): State<Web>, Caller(access): Caller) -> Result<Json<ApiKeys>, Problem> {
    let keys = api_keys::list(&web.services, &access).await?;
    Ok(Json(ApiKeys { items: keys.into_iter().map(Into::into).collect() }))
}

/// Make an API key
///
/// To replace a key without a pause: make its successor, move programs over, revoke the old one. Both work meanwhile. A
/// key makes none that may more, lasts longer or works from elsewhere than itself.
#[utoipa::path(
    post,
    path = "/api-keys",
    operation_id = "createApiKey",
    tag = "API keys",
    request_body = NewKey,
    security(("apiKey" = ["api_keys:write"])),
    responses(
        (status = 201, description = "The key with its secret.", body = CreatedApiKey),
        (status = 409, description = "`too_many_api_keys`.", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    ),
)]
pub async fn create(
    State(web): State<Web>,
    Caller(access): Caller,
    Body(new): Body<NewKey>,
) -> Result<impl IntoResponse, Problem> {
    let scopes = new.scopes.iter().enumerate().map(|(index, word)| {
        word.parse::<Scope>()
            .map_err(|_| Problem::invalid_field(format!("/scopes/{index}"), "There is no such scope.".to_owned()))
    });
    let new = NewApiKey {
        name: new.name,
        scopes: scopes.collect::<Result<_, _>>()?,
        application: new.application_id,
        allowed_networks: AllowedNetworks::parse(new.allowed_networks.iter().map(String::as_str))?,
        expires_at: new.expires_at,
    };
    let created = api_keys::create(&web.services, &access, new).await?;
    let location = location("api-keys", created.key.id)?;
    let token = created.token.expose_secret().to_owned();
    Ok((StatusCode::CREATED, location, Json(CreatedApiKey { key: created.key.into(), token })))
}

/// Read an API key
#[utoipa::path(
    get,
    path = "/api-keys/{apiKey}",
    operation_id = "getApiKey",
    tag = "API keys",
    params(("apiKey" = String, Path)),
    security(("apiKey" = ["api_keys:read"])),
    responses((status = 200, description = "The key, without its secret.", body = ApiKey)),
)]
pub async fn get(
    State(web): State<Web>,
    Caller(access): Caller,
    Id(id): Id<ApiKeyId>,
) -> Result<Json<ApiKey>, Problem> {
    Ok(Json(api_keys::get(&web.services, &access, id).await?.into()))
}

/// Revoke an API key
///
/// It works no more from now on. Harmless when repeated.
#[utoipa::path(
    delete,
    path = "/api-keys/{apiKey}",
    operation_id = "revokeApiKey",
    tag = "API keys",
    params(("apiKey" = String, Path)),
    security(("apiKey" = ["api_keys:write"])),
    responses((status = 200, description = "The key is revoked.", body = ApiKey)),
)]
pub async fn revoke(
    State(web): State<Web>,
    Caller(access): Caller,
    Id(id): Id<ApiKeyId>,
) -> Result<Json<ApiKey>, Problem> {
    Ok(Json(api_keys::revoke(&web.services, &access, id).await?.into()))
}
