//! The keys of an application, and what each lets its clients do.

use super::{Application, NewAppKey, existing, key_view, load, not_found};
use crate::{
    access::{Access, Permission},
    audit,
    error::{Error, Result},
    secrets::{SealedColumn, new_token},
    services::Services,
    store::OrgTx,
};
use protocol::{
    ids::{AppKeyId, ApplicationId},
    link::Command,
    skylink::KeySettings,
};
use secrecy::{ExposeSecret, SecretString};

const MAX_KEYS: usize = 20;

/// Settings of a key to be changed; what is missing stays.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeyChange {
    pub privileged: Option<bool>,
    pub auto_introduce: Option<bool>,
    pub link_messages: Option<bool>,
}

impl KeyChange {
    fn of(self, before: KeySettings) -> KeySettings {
        KeySettings {
            privileged: self.privileged.unwrap_or(before.privileged),
            auto_introduce: self.auto_introduce.unwrap_or(before.auto_introduce),
            link_messages: self.link_messages.unwrap_or(before.link_messages),
        }
    }
}

/// Another key, so that clients can move over before the old one is revoked.
pub async fn create_key(services: &Services, access: &Access, id: ApplicationId) -> Result<NewAppKey> {
    access.require(Permission::ConfigureApplications)?;
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    existing(&mut org, id).await?;
    let active = org.keys(Some(id)).await?.iter().filter(|key| key.revoked_at.is_none()).count();
    if active >= MAX_KEYS {
        return Err(Error::conflict("too_many_keys", format!("An application has at most {MAX_KEYS} keys.")));
    }
    let (key, secret) = insert_key(services, &mut org, id).await?;
    audit::record_for(services, &mut org, access, "app_key.created", &key).await?;
    let created = org.keys(Some(id)).await?.iter().find(|row| row.id() == key).map(key_view);
    tx.commit().await?;
    Ok(NewAppKey { key: created.ok_or_else(not_found)?, secret })
}

/// Every key has a secret half, whether or not anybody ever gets to see it.
pub(super) async fn insert_key(
    services: &Services,
    org: &mut OrgTx<'_>,
    application: ApplicationId,
) -> Result<(AppKeyId, SecretString)> {
    let key = services.new_id(AppKeyId::from_parts)?;
    let secret = SecretString::from(new_token(services.random()).map_err(Error::internal)?);
    let place = SealedColumn::AppKeySecret.of(org.id());
    let sealed = services.envelope().seal(place, key, secret.expose_secret().as_bytes())?;
    org.insert_key(key, application, &sealed, services.now()).await?;
    Ok((key, secret))
}

/// Takes effect on running rooms at once; harmless when repeated.
pub async fn revoke_key(services: &Services, access: &Access, id: ApplicationId, key: AppKeyId) -> Result<Application> {
    access.require(Permission::ConfigureApplications)?;
    let now = services.now();
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    let before = load(&mut org, id).await?;
    if !before.keys.iter().any(|known| known.id == key) {
        return Err(no_key());
    }
    if org.revoke_key(key, id, now).await? {
        org.system().push_command_to_all(&Command::RevokeAppKey { app_key: key }, now).await?;
        audit::record_for(services, &mut org, access, "app_key.revoked", &key).await?;
    }
    let application = load(&mut org, id).await?;
    tx.commit().await?;
    Ok(application)
}

/// For clients that join from now on. Code: `app_key_not_found`, also of a key that was revoked.
pub async fn change_key(
    services: &Services,
    access: &Access,
    id: ApplicationId,
    key: AppKeyId,
    change: KeyChange,
) -> Result<Application> {
    access.require(Permission::ConfigureApplications)?;
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    let before = load(&mut org, id).await?.keys.into_iter().find(|known| known.id == key).ok_or_else(no_key)?.settings;
    let settings = change.of(before);
    if !org.set_key(key, id, settings).await? {
        return Err(no_key());
    }
    if settings != before {
        audit::record(services, &mut org, access.actor(), "app_key.changed", &key, &described(settings)).await?;
    }
    let application = load(&mut org, id).await?;
    tx.commit().await?;
    Ok(application)
}

fn described(KeySettings { privileged, auto_introduce, link_messages }: KeySettings) -> String {
    let on = [(privileged, "privileged"), (auto_introduce, "auto introduce"), (link_messages, "link messages")];
    on.into_iter().filter_map(|(on, name)| on.then_some(name)).collect::<Vec<_>>().join(", ")
}

fn no_key() -> Error {
    Error::not_found("app_key_not_found", "There is no such key.")
}
