use super::view::{Beginning, Kind, OverviewView, Standing, StorageDetail, StorageForm, StorageState};
use crate::error::ConsoleError;
use leptos::prelude::*;
use protocol::ids::StorageId;

/// All storages of the org, and the recordings that wait for one.
#[server(prefix = "/api/console", endpoint = "storages")]
pub async fn load_overview() -> Result<OverviewView, ConsoleError> {
    use crate::server;
    let (services, access) = server::access().await?;
    let overview = domain::storage::overview(&services, &access).await.map_err(server::failure)?;
    Ok(OverviewView::of(overview, &access))
}

/// What to know before a storage of a kind is added to this bucket.
#[server(prefix = "/api/console", endpoint = "storage-beginning")]
pub async fn load_beginning(kind: Kind, place: StorageForm) -> Result<Beginning, ConsoleError> {
    use crate::{note::Form, server};
    let (services, access) = server::access().await?;
    let overview = domain::storage::overview(&services, &access).await.map_err(server::failure)?;
    let entered = server::take_entered(Form::AddStorage).await?;
    Ok(Beginning::of(&overview, &access, services.settings(), kind, &place, entered))
}

/// One storage with its latest validations. The identifier is text from the address.
#[server(prefix = "/api/console", endpoint = "storage")]
pub async fn load_storage(id: String) -> Result<StorageDetail, ConsoleError> {
    use crate::{note::Form, server};
    use domain::storage;
    let (services, access) = server::access().await?;
    let id = server::parse_id(&id)?;
    let found = storage::get(&services, &access, id).await.map_err(server::failure)?;
    let overview = storage::overview(&services, &access).await.map_err(server::failure)?;
    let validations = storage::validations(&services, &access, id).await.map_err(server::failure)?;
    let entered = server::take_entered(Form::Storage).await?;
    Ok(StorageDetail {
        entered,
        validations: validations.into_iter().map(Into::into).collect(),
        ..StorageDetail::of(found, &overview, &access, services.settings())
    })
}

/// The part of a storage that changes by itself.
#[server(prefix = "/api/console", endpoint = "storage-state")]
pub async fn load_storage_state(storage: StorageId) -> Result<StorageState, ConsoleError> {
    use crate::server;
    let (services, access) = server::access().await?;
    let found = domain::storage::get(&services, &access, storage).await.map_err(server::failure)?;
    let validations = domain::storage::validations(&services, &access, storage).await.map_err(server::failure)?;
    Ok(StorageState::of(&found, validations.into_iter().next()))
}

/// Adds a storage, begins to validate it and goes there.
#[server(prefix = "/api/console", endpoint = "create-storage")]
pub async fn create_storage(
    kind: Kind,
    form: StorageForm,
    #[server(default)] secret_access_key: String,
) -> Result<(), ConsoleError> {
    use crate::{note::Form, paths, server};
    let (services, access) = server::access().await?;
    let input = form.clone().into_input(secret_access_key.into());
    match domain::storage::create(&services, &access, kind.into(), &input).await.map_err(server::failure) {
        Ok(storage) => server::redirect(&paths::storage(storage.id)),
        Err(error) => server::answer_keeping(Form::AddStorage, &form, Err(error)).await?,
    }
    Ok(())
}

/// Puts the org on the store that runs inside Mixdown.
#[server(prefix = "/api/console", endpoint = "create-embedded-storage")]
pub async fn create_embedded_storage() -> Result<(), ConsoleError> {
    use crate::{note::Form, paths, server};
    let (services, access) = server::access().await?;
    match domain::storage::create_embedded(&services, &access).await.map_err(server::failure) {
        Ok(storage) => server::redirect(&paths::storage(storage.id)),
        Err(error) => server::answer(Form::AddStorage, "", Err(error))?,
    }
    Ok(())
}

/// Changes how recordings get there. An empty secret keeps the stored one.
#[server(prefix = "/api/console", endpoint = "update-storage")]
pub async fn update_storage(
    storage: StorageId,
    form: StorageForm,
    #[server(default)] secret_access_key: String,
) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let (services, access) = server::access().await?;
    let input = form.clone().into_input(secret_access_key.into());
    let changed = domain::storage::update(&services, &access, storage, &input).await;
    server::answer_keeping(Form::Storage, &form, changed.map(drop).map_err(server::failure)).await
}

/// Tries everything a recording needs.
#[server(prefix = "/api/console", endpoint = "validate-storage")]
pub async fn validate_storage(storage: StorageId) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let (services, access) = server::access().await?;
    let begun = domain::storage::validate(&services, &access, storage).await;
    server::answer(Form::Validation, "", begun.map(drop).map_err(server::failure))
}

/// Makes it the org's primary or second storage, or neither.
#[server(prefix = "/api/console", endpoint = "use-storage")]
pub async fn use_storage(storage: StorageId, standing: Standing) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let (services, access) = server::access().await?;
    let changed =
        domain::storage::use_as(&services, &access, storage, &domain::revision::Expected::Any, standing.into()).await;
    server::answer(Form::Standing, "", changed.map(drop).map_err(server::failure))
}

/// Forgets a storage. What lies in the bucket stays there.
#[server(prefix = "/api/console", endpoint = "remove-storage")]
pub async fn remove_storage(storage: StorageId) -> Result<(), ConsoleError> {
    use crate::{note::Form, paths, server};
    let (services, access) = server::access().await?;
    match domain::storage::remove(&services, &access, storage).await.map_err(server::failure) {
        Ok(()) => server::redirect(paths::RECORDINGS),
        Err(error) => server::answer(Form::RemoveStorage, "", Err(error))?,
    }
    Ok(())
}
