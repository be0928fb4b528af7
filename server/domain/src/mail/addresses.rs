//! Whom mails about an application's recordings go to. The list begins with the owners of the org.

use super::{unsubscribe, valid::Email};
use crate::{
    access::{Access, Permission},
    applications,
    audit::{self, Actor},
    clock::to_date,
    error::{Error, Result},
    services::Services,
    store::{MailAddressRow, OrgTx, unsigned, violates},
};
use chrono::{DateTime, Utc};
use protocol::ids::{ApplicationId, MailAddressId};

/// More people than that have a list of their own at their mail server.
const MAX_ADDRESSES: usize = 50;

/// One address of an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailAddress {
    pub id: MailAddressId,
    pub email: String,
    pub created_at: DateTime<Utc>,
    /// Its reader wants no more of these mails.
    pub unsubscribed_at: Option<DateTime<Utc>>,
}

/// Somebody who wants to be told, and how to put an end to it.
pub(super) struct Reader {
    pub email: String,
    pub unsubscribe: String,
}

/// The addresses of an application, in the order of the alphabet.
pub async fn addresses(services: &Services, access: &Access, application: ApplicationId) -> Result<Vec<MailAddress>> {
    access.require(Permission::ViewApplications)?;
    let mut tx = services.read().await?;
    let mut org = tx.reach(access);
    applications::existing(&mut org, application).await?;
    Ok(org.mail_addresses(application).await?.into_iter().map(view).collect())
}

/// Adds an address. Who has unsubscribed has to be removed first, so that nobody overlooks it.
pub async fn add_address(
    services: &Services,
    access: &Access,
    application: ApplicationId,
    email: &str,
) -> Result<MailAddress> {
    access.require(Permission::ConfigureApplications)?;
    let email = Email::parse(email)?;
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    applications::existing(&mut org, application).await?;
    let id = put(services, &mut org, access.actor(), application, &email).await?;
    let added = org.mail_address(id).await?.map(view);
    tx.commit().await?;
    added.ok_or_else(not_found)
}

/// Removes an address.
pub async fn remove_address(
    services: &Services,
    access: &Access,
    application: ApplicationId,
    id: MailAddressId,
) -> Result<()> {
    access.require(Permission::ConfigureApplications)?;
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    applications::existing(&mut org, application).await?;
    let row = org.mail_address(id).await?.filter(|row| row.application() == application).ok_or_else(not_found)?;
    org.delete_mail_address(id).await?;
    audit::record(services, &mut org, access.actor(), "mail_address.removed", &application, &row.email).await?;
    Ok(tx.commit().await?)
}

/// Whom a new application tells first.
pub(crate) async fn insert_owners(services: &Services, org: &mut OrgTx<'_>, application: ApplicationId) -> Result<()> {
    for email in org.owner_emails().await? {
        let id = services.new_id(MailAddressId::from_parts)?;
        insert(services, org, application, id, &email).await?;
    }
    Ok(())
}

/// Takes those of the first list off that are not in the second, and puts those of the second on that are missing.
pub(crate) async fn replace_addresses(
    services: &Services,
    org: &mut OrgTx<'_>,
    actor: Actor,
    application: ApplicationId,
    [before, after]: [&[Email]; 2],
) -> Result<()> {
    let rows = org.mail_addresses(application).await?;
    for row in &rows {
        let is = |email: &Email| email.as_str() == row.email;
        if before.iter().any(is) && !after.iter().any(is) {
            org.delete_mail_address(row.id()).await?;
            audit::record(services, org, actor, "mail_address.removed", &application, &row.email).await?;
        }
    }
    for email in after {
        if !rows.iter().any(|row| row.email == email.as_str()) {
            put(services, org, actor, application, email).await?;
        }
    }
    Ok(())
}

/// Puts an address on the list.
async fn put(
    services: &Services,
    org: &mut OrgTx<'_>,
    actor: Actor,
    application: ApplicationId,
    email: &Email,
) -> Result<MailAddressId> {
    // Written first: the audit log makes writers of one org queue, so none is counted twice.
    audit::record(services, org, actor, "mail_address.added", &application, email.as_str()).await?;
    if org.mail_addresses(application).await?.len() >= MAX_ADDRESSES {
        let said = format!("An application has at most {MAX_ADDRESSES} addresses.");
        return Err(Error::conflict("too_many_addresses", said));
    }
    let id = services.new_id(MailAddressId::from_parts)?;
    insert(services, org, application, id, email.as_str()).await?;
    Ok(id)
}

async fn insert(
    services: &Services,
    org: &mut OrgTx<'_>,
    application: ApplicationId,
    id: MailAddressId,
    email: &str,
) -> Result<()> {
    org.insert_mail_address(id, application, email, services.now()).await.map_err(|error| {
        if violates(&error, "mail_addresses_email_key", "mail_addresses.email") {
            Error::conflict("address_known", "This address is on the list.").with_source(error)
        } else {
            error.into()
        }
    })
}

/// Who is to be told now.
pub(super) async fn readers(
    services: &Services,
    org: &mut OrgTx<'_>,
    application: ApplicationId,
) -> Result<Vec<Reader>> {
    let mut readers = Vec::new();
    for row in org.mail_addresses(application).await? {
        if row.unsubscribed_at.is_none() {
            let unsubscribe = unsubscribe::link(services, org.system(), row.id()).await?;
            readers.push(Reader { email: row.email, unsubscribe });
        }
    }
    Ok(readers)
}

fn view(row: MailAddressRow) -> MailAddress {
    MailAddress {
        id: row.id(),
        created_at: to_date(unsigned(row.created_at)),
        unsubscribed_at: row.unsubscribed_at.map(unsigned).map(to_date),
        email: row.email,
    }
}

fn not_found() -> Error {
    Error::not_found("mail_address_not_found", "There is no such address.")
}
