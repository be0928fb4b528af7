//! Whom a Temasys backend wants told: an endpoint and addresses of every application, also of those made later.

use super::Change;
use crate::{
    access::Access,
    audit::Actor,
    error::{Error, Result},
    mail::{self, Email},
    notifications::endpoints::{self, EndpointUpdate, NewEndpoint},
    revision::Expected,
    services::Services,
    store::{OrgTx, TemasysRow},
};
use protocol::{
    ids::ApplicationId,
    webhook::{BodyFormat, EventType},
};
use url::Url;

/// Addresses that may be set.
const MAX_EMAILS: usize = 20;

/// What is set of it; nothing at first.
#[derive(Debug, Default)]
pub(super) struct Notices {
    pub notify: bool,
    pub url: Option<Url>,
    pub emails: Vec<Email>,
}

impl Notices {
    pub(super) fn of(row: &TemasysRow) -> Result<Self> {
        Ok(Self {
            notify: row.notify,
            url: row.url.as_deref().map(Url::parse).transpose().map_err(Error::internal)?,
            emails: row.emails().iter().map(|email| Email::parse(email)).collect::<Result<_>>()?,
        })
    }

    /// After the change, when it can be made.
    pub(super) fn changed(&self, change: &Change) -> Result<Self> {
        let url = match change.url.as_deref() {
            None => self.url.clone(),
            Some("") => None,
            Some(text) => Some(parse_url(text)?),
        };
        let emails = match &change.emails {
            None => self.emails.clone(),
            Some(emails) => distinct(emails)?,
        };
        Ok(Self { notify: change.notify.unwrap_or(self.notify), url, emails })
    }

    /// Who gets mails: nobody while notifications are off.
    fn readers(&self) -> &[Email] {
        if self.notify { &self.emails } else { &[] }
    }

    /// The endpoint that takes what Temasys would send.
    fn endpoint(&self) -> Option<NewEndpoint> {
        let url = self.url.clone()?;
        Some(NewEndpoint {
            events: vec![EventType::RecordingReady],
            format: BodyFormat::Temasys,
            enabled: self.notify,
            ..NewEndpoint::at(url)
        })
    }
}

/// Gives a new application what all have.
pub(crate) async fn adopt(
    services: &Services,
    org: &mut OrgTx<'_>,
    actor: Actor,
    application: ApplicationId,
) -> Result<()> {
    let Some(row) = org.temasys_settings().await? else { return Ok(()) };
    let notices = Notices::of(&row)?;
    if let Some(endpoint) = notices.endpoint() {
        endpoints::insert(services, org, actor, application, endpoint).await?;
    }
    mail::replace_addresses(services, org, actor, application, [&[], notices.readers()]).await
}

/// Changes what was set here before. The endpoint that was made here is known by its address.
pub(super) async fn replace(
    services: &Services,
    access: &Access,
    application: ApplicationId,
    before: &Notices,
    after: &Notices,
) -> Result<()> {
    let mut tx = services.begin().await?;
    let lists = [before.readers(), after.readers()];
    mail::replace_addresses(services, &mut tx.reach(access), access.actor(), application, lists).await?;
    tx.commit().await?;
    let found = endpoints::list(services, access, application).await?.into_iter().find(|endpoint| {
        endpoint.format == BodyFormat::Temasys && before.url.as_ref().is_some_and(|known| *known == endpoint.url)
    });
    match (found, after.endpoint()) {
        (Some(endpoint), Some(NewEndpoint { url, enabled, .. })) => {
            let update = EndpointUpdate { url: Some(url), enabled: Some(enabled), ..EndpointUpdate::default() };
            endpoints::update(services, access, endpoint.id, update).await.map(drop)
        }
        (Some(endpoint), None) => endpoints::remove(services, access, endpoint.id, Expected::Any).await,
        (None, Some(new)) => endpoints::create(services, access, application, new).await.map(drop),
        (None, None) => Ok(()),
    }
}

fn distinct(texts: &[String]) -> Result<Vec<Email>> {
    if texts.len() > MAX_EMAILS {
        return Err(Error::invalid("too_many_addresses", format!("At most {MAX_EMAILS} addresses.")));
    }
    let mut emails = Vec::new();
    for text in texts {
        let email = Email::parse(text)?;
        if !emails.contains(&email) {
            emails.push(email);
        }
    }
    Ok(emails)
}

fn parse_url(text: &str) -> Result<Url> {
    text.parse()
        .map_err(|_| Error::invalid("url_invalid", "The url is none: it looks like https://backend.example/hook."))
}
