//! Changes of storages. Each begins a validation: nothing is recorded for a storage that was not proven to work.

use super::{
    Storage, get,
    health::Standing,
    not_found,
    settings::{self, Options, StorageInput, StorageKind, Target},
    validation, version_of,
};
use crate::{
    access::{Access, Permission},
    applications, audit,
    error::{Error, Result},
    revision::Expected,
    secrets::SealedColumn,
    services::Services,
    store::{NewStorage, OrgTx},
};
use protocol::ids::{ApplicationId, StorageId};
use secrecy::{ExposeSecret, SecretString};

const STORAGES: usize = 20;
const SECRET_CHARS: usize = 256;
const EMBEDDED_NAME: &str = "Embedded store";

/// Adds a storage and begins its validation. The first one of an org becomes its primary.
pub async fn create(services: &Services, access: &Access, kind: StorageKind, input: &StorageInput) -> Result<Storage> {
    access.require(Permission::ConfigureStorage)?;
    if kind == StorageKind::Embedded {
        return create_embedded(services, access).await;
    }
    let (name, target) = (settings::name(input)?, settings::target(kind, input)?);
    let options = settings::options(kind, input)?;
    if let Some(endpoint) = &target.endpoint
        && !services.outbound().permits(endpoint)
    {
        return Err(Error::invalid(
            "endpoint_not_allowed",
            "The endpoint must be a public https address on port 443 or 8443, unless the operator allows it.",
        ));
    }
    let secret = secret(&input.secret_access_key)?;
    if options.access_key_id.is_some() && secret.is_none() {
        return Err(Error::invalid("secret_missing", "Enter the secret access key that belongs to the access key ID."));
    }
    insert(services, access, &New { kind, name: &name, target: &target, options: &options, secret }).await
}

/// Adds the store that runs inside Mixdown.
pub async fn create_embedded(services: &Services, access: &Access) -> Result<Storage> {
    access.require(Permission::ConfigureStorage)?;
    let (target, options) = (embedded_target(services)?, Options::default());
    let kind = StorageKind::Embedded;
    insert(services, access, &New { kind, name: EMBEDDED_NAME, target: &target, options: &options, secret: None }).await
}

/// Where the embedded store keeps recordings.
pub(crate) fn embedded_target(services: &Services) -> Result<Target> {
    let store = services.settings().embedded_store.as_ref().ok_or_else(|| {
        Error::conflict("embedded_store_off", "The embedded store is switched off on this installation.")
    })?;
    Ok(Target { region: store.region.clone(), bucket: store.bucket.clone(), endpoint: None })
}

/// The embedded store as the primary storage of a new org, after its bucket has passed every step.
pub(crate) async fn insert_proven_embedded(services: &Services, org: &mut OrgTx<'_>, id: StorageId) -> Result<()> {
    let row = NewStorage {
        id,
        name: EMBEDDED_NAME,
        kind: StorageKind::Embedded,
        standing: Standing::Primary,
        target: &embedded_target(services)?,
        options: &Options::default(),
        secret: None,
        now: services.now(),
    };
    org.insert_storage(&row).await?;
    Ok(org.set_storage_works(id, 1, services.now()).await.map(drop)?)
}

struct New<'a> {
    kind: StorageKind,
    name: &'a str,
    target: &'a Target,
    options: &'a Options,
    secret: Option<&'a SecretString>,
}

async fn insert(services: &Services, access: &Access, new: &New<'_>) -> Result<Storage> {
    let id = services.new_id(StorageId::from_parts)?;
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    let storages = org.storages().await?;
    if storages.len() >= STORAGES {
        return Err(Error::conflict("too_many_storages", format!("An organization has at most {STORAGES} storages.")));
    }
    let standing = if storages.is_empty() { Standing::Primary } else { Standing::Spare };
    let sealed = new.secret.map(|secret| seal(services, &org, id, secret)).transpose()?;
    let row = NewStorage {
        id,
        name: new.name,
        kind: new.kind,
        standing,
        target: new.target,
        options: new.options,
        secret: sealed.as_deref(),
        now: services.now(),
    };
    org.insert_storage(&row).await?;
    audit::record_for(services, &mut org, access, "storage.created", &id).await?;
    tx.commit().await?;
    validation::validate(services, access, id).await?;
    get(services, access, id).await
}

/// Changes how a storage is reached and what its objects are like; where it is never changes. Begins a validation.
pub async fn update(services: &Services, access: &Access, id: StorageId, input: &StorageInput) -> Result<Storage> {
    access.require(Permission::ConfigureStorage)?;
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    org.lock_storage(id).await?;
    let row = org.storage_of(id).await?.filter(|row| row.removed_at.is_none()).ok_or_else(not_found)?;
    input.expected.check(&version_of(&row))?;
    let name = settings::name(input)?;
    let options = settings::options(row.kind(), input)?;
    let secret = secret(&input.secret_access_key)?;
    if secret.is_none() && options.access_key_id != row.options().access_key_id {
        return Err(Error::invalid("secret_missing", "Another access key has another secret: enter it as well."));
    }
    let sealed = secret
        .filter(|_| options.access_key_id.is_some())
        .map(|secret| seal(services, &org, id, secret))
        .transpose()?;
    if !org.change_storage(id, &name, &options, sealed.as_deref(), row.revision).await? {
        return Err(Error::conflict(
            "storage_changed",
            "Somebody else changed the storage meanwhile; look at it again.",
        ));
    }
    // What it would say is about the settings of before.
    org.supersede_validation(id, services.now()).await?;
    audit::record_for(services, &mut org, access, "storage.changed", &id).await?;
    tx.commit().await?;
    services.sessions().forget(id);
    validation::validate(services, access, id).await?;
    get(services, access, id).await
}

/// Decides what a storage is for. Only one that was proven to work takes the place of another.
pub async fn use_as(
    services: &Services,
    access: &Access,
    id: StorageId,
    expected: &Expected,
    standing: Standing,
) -> Result<()> {
    access.require(Permission::ConfigureStorage)?;
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    let row = org.storage_of(id).await?.filter(|row| row.removed_at.is_none()).ok_or_else(not_found)?;
    expected.check(&version_of(&row))?;
    if row.standing() == standing {
        return Ok(());
    }
    if row.standing() == Standing::Primary {
        return Err(Error::conflict(
            "storage_is_primary",
            "Recordings need a primary storage: make another one the primary instead.",
        ));
    }
    if standing != Standing::Spare && row.validated_at.is_none() {
        return Err(Error::conflict("storage_not_validated", "Only a storage that was validated can be used."));
    }
    org.clear_standing(standing).await?;
    org.set_standing(id, standing).await?;
    let action = match standing {
        Standing::Primary => "storage.made_primary",
        Standing::Second => "storage.made_second",
        Standing::Spare => "storage.made_spare",
    };
    audit::record_for(services, &mut org, access, action, &id).await?;
    Ok(tx.commit().await?)
}

/// Removes a storage that nothing uses and forgets its secret. What lies in the bucket stays there and can no longer
/// be played or deleted from here.
pub async fn remove(services: &Services, access: &Access, id: StorageId) -> Result<()> {
    access.require(Permission::ConfigureStorage)?;
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    let row = org.storage_of(id).await?.filter(|row| row.removed_at.is_none()).ok_or_else(not_found)?;
    if row.standing() == Standing::Second {
        org.set_standing(id, Standing::Spare).await?;
    }
    if !org.remove_storage(id, services.now()).await? {
        return Err(Error::conflict(
            "storage_in_use",
            "The storage is the primary one, is named by an application, or waits for a recording.",
        ));
    }
    audit::record_for(services, &mut org, access, "storage.removed", &id).await?;
    tx.commit().await?;
    services.sessions().forget(id);
    Ok(())
}

/// Sends the recordings of an application to a storage of its own, or to the primary one again.
pub async fn use_for(
    services: &Services,
    access: &Access,
    application: ApplicationId,
    storage: Option<StorageId>,
) -> Result<()> {
    access.require(Permission::ConfigureApplications)?;
    let mut tx = services.begin().await?;
    assign(services, &mut tx.reach(access), access, application, storage).await?;
    Ok(tx.commit().await?)
}

/// The same within a transaction, for a caller who may.
pub(crate) async fn assign(
    services: &Services,
    org: &mut OrgTx<'_>,
    access: &Access,
    application: ApplicationId,
    storage: Option<StorageId>,
) -> Result<()> {
    if let Some(id) = storage {
        let row = org.storage_of(id).await?.filter(|row| row.removed_at.is_none()).ok_or_else(not_found)?;
        if row.validated_at.is_none() {
            return Err(Error::conflict("storage_not_validated", "Only a storage that was validated can be used."));
        }
    }
    if !org.set_application_storage(application, storage).await? {
        return Err(applications::not_found());
    }
    audit::record_for(services, org, access, "application.storage_set", &application).await
}

/// The secret as entered; `None` when the field was left empty.
fn secret(secret: &SecretString) -> Result<Option<&SecretString>> {
    match secret.expose_secret() {
        "" => Ok(None),
        text if text.len() > SECRET_CHARS || !text.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Err(Error::invalid("secret_invalid", "The secret access key has characters or a length no secret has."))
        }
        _ => Ok(Some(secret)),
    }
}

fn seal(services: &Services, org: &OrgTx<'_>, id: StorageId, secret: &SecretString) -> Result<String> {
    services.envelope().seal(SealedColumn::StorageSecret.of(org.id()), id, secret.expose_secret().as_bytes())
}
