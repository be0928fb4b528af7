//! Recording notifications as backends made for Temasys set them, for a whole account. What they set becomes ordinary
//! webhook endpoints, addresses and a storage, which the console shows and may change.

mod bucket;
mod notices;

pub(crate) use bucket::proven;
pub(crate) use notices::adopt;

use crate::{
    access::{Access, Permission},
    applications, audit,
    error::{Error, Kind, Result},
    services::Services,
    store::{NewTemasys, TemasysRow},
};
use notices::Notices;
use secrecy::SecretString;
use url::Url;

/// What is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub notify: bool,
    pub url: Option<String>,
    pub emails: Vec<String>,
    pub s3: Option<S3>,
}

/// The bucket of an account, without the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3 {
    pub arn: String,
    pub access_key_id: String,
}

/// What is to be set; what is `None` stays.
#[derive(Debug, Default)]
pub struct Change {
    pub notify: Option<bool>,
    /// Empty for none.
    pub url: Option<String>,
    pub emails: Option<Vec<String>>,
    pub s3: Option<NewS3>,
}

/// A bucket with the key that opens it.
#[derive(Debug)]
pub struct NewS3 {
    pub arn: String,
    pub access_key_id: String,
    pub secret_access_key: SecretString,
}

/// What the account has set. Code: `notifications_not_set`.
pub async fn get(services: &Services, access: &Access) -> Result<Settings> {
    require(access, Permission::ViewWebhooks)?;
    let row = services.read().await?.reach(access).temasys_settings().await?.ok_or_else(not_set)?;
    view(services, access, &row).await
}

/// Sets them for the first time. Code: `notifications_set_already`.
pub async fn create(services: &Services, access: &Access, change: Change) -> Result<Settings> {
    require(access, Permission::ConfigureWebhooks)?;
    if services.read().await?.reach(access).temasys_settings().await?.is_some() {
        return Err(Error::conflict(
            "notifications_set_already",
            "Notifications are set already: update them with PUT.",
        ));
    }
    set(services, access, None, change).await
}

/// Changes them. Code: `notifications_not_set`.
pub async fn update(services: &Services, access: &Access, change: Change) -> Result<Settings> {
    require(access, Permission::ConfigureWebhooks)?;
    let row = services.read().await?.reach(access).temasys_settings().await?.ok_or_else(not_set)?;
    set(services, access, Some(row), change).await
}

async fn set(services: &Services, access: &Access, row: Option<TemasysRow>, change: Change) -> Result<Settings> {
    let row = row.as_ref();
    let before = row.map(Notices::of).transpose()?.unwrap_or_default();
    let after = before.changed(&change)?;
    // The bucket first: it is refused most easily, and nothing else is changed then.
    let (storage, pending) = match change.s3 {
        Some(s3) => {
            let id = bucket::set(services, access, row, &s3).await?;
            (Some((s3.arn, id)), true)
        }
        None => (row.and_then(|row| row.s3_arn.clone().zip(row.storage())), false),
    };
    for application in applications::list(services, access).await? {
        notices::replace(services, access, application.id, &before, &after).await?;
    }
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    let emails: Vec<_> = after.emails.iter().map(|email| email.as_str().to_owned()).collect();
    let new = NewTemasys {
        notify: after.notify,
        url: after.url.as_ref().map(Url::as_str),
        emails: &emails,
        storage: storage.as_ref().map(|(arn, id)| (arn.as_str(), *id)),
        pending,
    };
    org.set_temasys_settings(&new).await?;
    audit::record(services, &mut org, access.actor(), "temasys_notifications.set", &access.org(), "").await?;
    if let Some((_, storage)) = storage.filter(|_| pending) {
        // Its validation may have been faster.
        if org.storage_of(storage).await?.is_some_and(|row| row.validated_at.is_some()) {
            proven(services, &mut org, storage).await?;
        }
    }
    tx.commit().await?;
    get(services, access).await
}

async fn view(services: &Services, access: &Access, row: &TemasysRow) -> Result<Settings> {
    let s3 = match row.s3_arn.clone().zip(row.storage()) {
        Some((arn, id)) => {
            let stored = services.read().await?.reach(access).storage_of(id).await?;
            let access_key_id = stored.and_then(|row| row.options().access_key_id.clone()).unwrap_or_default();
            Some(S3 { arn, access_key_id })
        }
        None => None,
    };
    Ok(Settings { notify: row.notify, url: row.url.clone(), emails: row.emails().to_vec(), s3 })
}

/// They are the account's, so no key of one application sets them.
fn require(access: &Access, permission: Permission) -> Result<()> {
    access.require(permission)?;
    if access.only_application().is_some() {
        return Err(Error::new(Kind::Forbidden, "key_is_bound", "This API key is for one application only."));
    }
    Ok(())
}

fn not_set() -> Error {
    Error::not_found("notifications_not_set", "Notifications are not set yet: create them with POST.")
}
