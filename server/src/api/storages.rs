//! Storages: where recordings go.

use super::{
    authentication::Caller,
    fields::lines,
    request::{Body, Id},
    revision::{IfMatch, etag},
    storage_views::{NewStorage, Storage, StorageChange, Storages},
};
use crate::http::{Problem, Web};
use axum::{Json, extract::State, response::IntoResponse};
use domain::{
    revision::Expected,
    storage::{self, StorageInput},
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use protocol::ids::StorageId;
use std::fmt::Display;

/// Where something that was made can be read.
pub(super) fn location(resource: &str, id: impl Display) -> Result<[(HeaderName, HeaderValue); 1], Problem> {
    let path = format!("{}/{resource}/{id}", super::BASE);
    Ok([(header::LOCATION, HeaderValue::from_str(&path).map_err(|_| Problem::internal())?)])
}

/// With the tag of its version.
fn tagged(storage: storage::Storage) -> Result<impl IntoResponse, Problem> {
    let tag = etag(&storage.version())?;
    Ok((tag, Json(Storage::from(storage))))
}

/// List storages
#[utoipa::path(
    get,
    path = "/storages",
    operation_id = "listStorages",
    tag = "Storage",
    security(("apiKey" = ["storage:read"])),
    responses((status = 200, description = "The storages, and what they need to know of Mixdown.", body = Storages)),
)]
pub async fn list(State(web): State<Web>, Caller(access): Caller) -> Result<Json<Storages>, Problem> {
    Ok(Json(storage::overview(&web.services, &access).await?.into()))
}

/// Add a storage
///
/// Its validation begins at once; recordings go there only after it has passed. The first one becomes the primary.
#[utoipa::path(
    post,
    path = "/storages",
    operation_id = "createStorage",
    tag = "Storage",
    request_body = NewStorage,
    security(("apiKey" = ["storage:write"])),
    responses(
        (status = 201, description = "The storage.", body = Storage),
        (status = 409, description = "`too_many_storages` or `embedded_store_off`.", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    ),
)]
pub async fn create(
    State(web): State<Web>,
    Caller(access): Caller,
    Body(new): Body<NewStorage>,
) -> Result<impl IntoResponse, Problem> {
    let input = StorageInput {
        expected: Expected::Any,
        name: new.name,
        region: new.region,
        bucket: new.bucket,
        endpoint: new.endpoint,
        path_style: new.path_style,
        ca_certificate: new.ca_certificate,
        access_key_id: new.access_key_id,
        secret_access_key: new.secret_access_key,
        role_arn: new.role_arn,
        account: new.account,
        prefix: new.prefix,
        key_template: new.key_template,
        encryption: new.encryption.into(),
        storage_class: new.storage_class,
        metadata: lines("metadata", &new.metadata)?,
        tags: lines("tags", &new.tags)?,
    };
    let storage = storage::create(&web.services, &access, new.kind.into(), &input).await?;
    let location = location("storages", storage.id)?;
    Ok((StatusCode::CREATED, location, tagged(storage)?))
}

/// Read a storage
#[utoipa::path(
    get,
    path = "/storages/{storage}",
    operation_id = "getStorage",
    tag = "Storage",
    params(("storage" = String, Path)),
    security(("apiKey" = ["storage:read"])),
    responses((status = 200, description = "The storage, without its secret.", body = Storage)),
)]
pub async fn get(
    State(web): State<Web>,
    Caller(access): Caller,
    Id(id): Id<StorageId>,
) -> Result<impl IntoResponse, Problem> {
    tagged(storage::get(&web.services, &access, id).await?)
}

/// Change a storage
///
/// Where it is never changes: add another storage instead. A change of anything but `standing` begins a validation.
#[utoipa::path(
    patch,
    path = "/storages/{storage}",
    operation_id = "changeStorage",
    tag = "Storage",
    params(("storage" = String, Path), ("If-Match" = String, Header)),
    request_body = StorageChange,
    security(("apiKey" = ["storage:write"])),
    responses(
        (status = 200, description = "The storage as it is now.", body = Storage),
        (status = 409, description = "`storage_is_primary` or `storage_not_validated`.", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    ),
)]
pub async fn change(
    State(web): State<Web>,
    Caller(access): Caller,
    Id(id): Id<StorageId>,
    IfMatch(mut expected): IfMatch,
    Body(change): Body<StorageChange>,
) -> Result<impl IntoResponse, Problem> {
    let standing = change.standing;
    if standing.is_none() || !change.is_standing_only() {
        let before = storage::get(&web.services, &access, id).await?;
        let meant_for = expected.only(&before.version());
        let input = changed(before.into(), change, meant_for)?;
        expected = Expected::OneOf(vec![storage::update(&web.services, &access, id, &input).await?.version()]);
    }
    if let Some(standing) = standing {
        storage::use_as(&web.services, &access, id, &expected, standing.into()).await?;
    }
    tagged(storage::get(&web.services, &access, id).await?)
}

/// What a storage is to be: `before` with the changes.
fn changed(before: Storage, change: StorageChange, expected: Expected) -> Result<StorageInput, Problem> {
    Ok(StorageInput {
        expected,
        name: change.name.unwrap_or(before.name),
        region: before.region,
        bucket: before.bucket,
        endpoint: before.endpoint,
        path_style: change.path_style.unwrap_or(before.path_style),
        ca_certificate: change.ca_certificate.or(before.ca_certificate).unwrap_or_default(),
        access_key_id: change.access_key_id.or(before.access_key_id).unwrap_or_default(),
        secret_access_key: change.secret_access_key.unwrap_or_default(),
        role_arn: change.role_arn.or(before.role_arn).unwrap_or_default(),
        account: change.account.or(before.account).unwrap_or_default(),
        prefix: change.prefix.unwrap_or(before.prefix),
        key_template: change.key_template.unwrap_or(before.key_template),
        encryption: change.encryption.unwrap_or(before.encryption).into(),
        storage_class: change.storage_class.or(before.storage_class).unwrap_or_default(),
        metadata: lines("metadata", &change.metadata.unwrap_or(before.metadata))?,
        tags: lines("tags", &change.tags.unwrap_or(before.tags))?,
    })
}

/// Remove a storage
///
/// Only one that nothing uses. What lies in the bucket stays there and can no longer be played or deleted from here.
#[utoipa::path(
    delete,
    path = "/storages/{storage}",
    operation_id = "removeStorage",
    tag = "Storage",
    params(("storage" = String, Path)),
    security(("apiKey" = ["storage:write"])),
    responses(
        (status = 204, description = "It is gone."),
        (status = 409, description = "`storage_in_use`.", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    ),
)]
pub async fn remove(
    State(web): State<Web>,
    Caller(access): Caller,
    Id(id): Id<StorageId>,
) -> Result<StatusCode, Problem> {
    storage::remove(&web.services, &access, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
