//! Recording notifications as backends made for Temasys set them, for a whole account. What they set becomes ordinary
//! webhook endpoints, addresses and a storage, which the console shows and may change.

use crate::{
    access::{Access, Permission},
    applications,
    audit::{self, Actor},
    error::{Error, Kind, Result},
    notifications::endpoints::{self, EndpointUpdate, NewEndpoint},
    revision::Expected,
    services::Services,
    storage::{self, Standing, StorageInput, StorageKind},
    store::{NewTemasys, OrgTx, TemasysRow},
};
use protocol::{
    ids::{ApplicationId, StorageId},
    webhook::{BodyFormat, EventType},
};
use secrecy::SecretString;
use url::Url;

/// Addresses that may be set.
const MAX_EMAILS: usize = 20;
const STORAGE_NAME: &str = "Temasys";

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

async fn set(services: &Services, access: &Access, before: Option<TemasysRow>, change: Change) -> Result<Settings> {
    let before = before.as_ref();
    let notify = change.notify.or(before.map(|row| row.notify)).unwrap_or(false);
    let url = change.url.or_else(|| before.and_then(|row| row.url.clone())).filter(|url| !url.is_empty());
    let emails = change.emails.or_else(|| before.map(|row| row.emails().to_vec())).unwrap_or_default();
    if emails.len() > MAX_EMAILS {
        return Err(Error::invalid("too_many_addresses", format!("At most {MAX_EMAILS} addresses.")));
    }
    let parsed = url.as_deref().map(parse_url).transpose()?;
    // The bucket first: it is refused most easily, and nothing else is changed then.
    let (storage, pending) = match change.s3 {
        Some(s3) => {
            let id = set_storage(services, access, before, &s3).await?;
            (Some((s3.arn, id)), true)
        }
        None => (before.and_then(|row| row.s3_arn.clone().zip(row.storage())), false),
    };
    for application in applications::list(services, access).await? {
        set_endpoint(services, access, application.id, before, notify, parsed.as_ref()).await?;
    }
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    let new = NewTemasys {
        notify,
        url: url.as_deref(),
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

/// One endpoint of each application takes what Temasys would send; it is the one that was made here, by its address.
async fn set_endpoint(
    services: &Services,
    access: &Access,
    application: ApplicationId,
    before: Option<&TemasysRow>,
    notify: bool,
    url: Option<&Url>,
) -> Result<()> {
    let known = before.and_then(|row| row.url.as_deref()).and_then(|url| Url::parse(url).ok());
    let found = endpoints::list(services, access, application).await?.into_iter().find(|endpoint| {
        endpoint.format == BodyFormat::Temasys && known.as_ref().is_some_and(|known| *known == endpoint.url)
    });
    match (found, url) {
        (Some(endpoint), Some(url)) => {
            let update = EndpointUpdate { url: Some(url.clone()), enabled: Some(notify), ..EndpointUpdate::default() };
            endpoints::update(services, access, endpoint.id, update).await.map(drop)
        }
        (Some(endpoint), None) => endpoints::remove(services, access, endpoint.id, Expected::Any).await,
        (None, Some(url)) => {
            let new = NewEndpoint {
                events: vec![EventType::RecordingReady],
                format: BodyFormat::Temasys,
                enabled: notify,
                ..NewEndpoint::at(url.clone())
            };
            endpoints::create(services, access, application, new).await.map(drop)
        }
        (None, None) => Ok(()),
    }
}

/// The storage of this bucket: the one that was made before with a fresh key, otherwise a new one. Its validation begins.
async fn set_storage(
    services: &Services,
    access: &Access,
    before: Option<&TemasysRow>,
    s3: &NewS3,
) -> Result<StorageId> {
    let (bucket, prefix) = parse_arn(&s3.arn)?;
    let known = before.filter(|row| row.s3_arn.as_deref() == Some(&s3.arn)).and_then(TemasysRow::storage);
    let input = StorageInput {
        name: STORAGE_NAME.to_owned(),
        bucket: bucket.to_owned(),
        prefix: prefix.to_owned(),
        access_key_id: s3.access_key_id.clone(),
        secret_access_key: s3.secret_access_key.clone(),
        ..StorageInput::default()
    };
    if let Some(id) = known {
        let region = storage::get(services, access, id).await?.region;
        return Ok(storage::update(services, access, id, &StorageInput { region, ..input }).await?.id);
    }
    let region = storage::region_of(services, bucket).await;
    Ok(storage::create(services, access, StorageKind::AwsKeys, &StorageInput { region, ..input }).await?.id)
}

/// A storage was proven to work: if it was set here, recordings go there from now on.
pub(crate) async fn proven(services: &Services, org: &mut OrgTx<'_>, id: StorageId) -> Result<()> {
    if !org.take_pending_storage(id).await? {
        return Ok(());
    }
    let Some(row) = org.storage_of(id).await? else { return Ok(()) };
    if row.standing() != Standing::Primary {
        org.clear_standing(Standing::Primary).await?;
        org.set_standing(id, Standing::Primary).await?;
        audit::record(services, org, Actor::System, "storage.made_primary", &id, "set by a Temasys backend").await?;
    }
    Ok(())
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

fn parse_url(text: &str) -> Result<Url> {
    text.parse()
        .map_err(|_| Error::invalid("url_invalid", "The url is none: it looks like https://backend.example/hook."))
}

/// `arn:aws:s3:::bucket`, perhaps with a prefix after it.
fn parse_arn(arn: &str) -> Result<(&str, &str)> {
    let name = arn.strip_prefix("arn:aws:s3:::").filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Error::invalid("s3_arn_invalid", "The s3Arn looks like arn:aws:s3:::bucket."))?;
    let (bucket, prefix) = name.split_once('/').unwrap_or((name, ""));
    Ok((bucket, prefix.trim_end_matches(['/', '*'])))
}

fn not_set() -> Error {
    Error::not_found("notifications_not_set", "Notifications are not set yet: create them with POST.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_name_a_bucket_and_perhaps_a_prefix() {
        assert_eq!(parse_arn("arn:aws:s3:::calls").unwrap(), ("calls", ""));
        assert_eq!(parse_arn("arn:aws:s3:::calls/of/us/*").unwrap(), ("calls", "of/us"));
        for wrong in ["", "calls", "arn:aws:s3:::", "arn:aws:iam::123456789012:role/x"] {
            assert!(parse_arn(wrong).is_err(), "{wrong}");
        }
    }
}
