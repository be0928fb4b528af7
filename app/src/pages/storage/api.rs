use super::StorageView;
use crate::error::ConsoleError;
use leptos::prelude::*;
use protocol::ids::StorageId;

/// The org's storage with the outcome of the latest validation.
#[server(prefix = "/api/console", endpoint = "storage")]
pub async fn load_storage() -> Result<Option<StorageView>, ConsoleError> {
    let (services, access) = crate::server::access().await?;
    let overview = domain::storage::overview(&services, &access).await.map_err(crate::server::failure)?;
    Ok(overview.storages.into_iter().next().map(Into::into))
}

/// Tries everything a recording needs.
#[server(prefix = "/api/console", endpoint = "validate-storage")]
pub async fn validate_storage(storage: StorageId) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let (services, access) = server::access().await?;
    let steps = domain::storage::validate(&services, &access, storage).await;
    server::answer(Form::Storage, "", steps.map(drop).map_err(server::failure))
}

/// Puts the org on the store that runs inside Mixdown.
#[server(prefix = "/api/console", endpoint = "use-embedded-storage")]
pub async fn use_embedded_storage() -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let (services, access) = server::access().await?;
    let storage = domain::storage::create_embedded(&services, &access).await;
    server::answer(Form::Storage, "", storage.map(drop).map_err(server::failure))
}
