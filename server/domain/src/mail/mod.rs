//! Mails: rendered from templates into the outbox, and handed from there to the mail server, if there is one.

mod addresses;
mod compose;
mod letter;
mod mailer;
mod operations;
mod people;
mod plain;
mod recordings;
mod smtp;
mod unsubscribe;
mod valid;

pub use addresses::{MailAddress, add_address, addresses, remove_address};
pub(crate) use addresses::{insert_owners, replace_addresses};
pub(crate) use mailer::Mailer;
pub use mailer::MailerError;
pub(crate) use operations::{EndpointTrouble, queue_endpoint_failing, queue_storage_changed};
pub(crate) use people::{SecretLink, queue_invitation, queue_password_changed, queue_reset, queue_verification};
pub(crate) use recordings::queue_recording_ended;
pub use unsubscribe::{Subscription, subscription, unsubscribe};
pub(crate) use valid::Email;

use crate::{
    access::{Access, Permission, Role},
    audit,
    clock::to_date,
    error::{Error, Result},
    jobs::{self, Work},
    services::Services,
    store::{MailRow, unsigned},
};
use chrono::{DateTime, Utc};
use letter::bodies_of;
use protocol::ids::{MailId, OrgId};
use std::time::Duration;

const PAGE: i64 = 100;

/// A mail in the outbox.
#[derive(Debug, Clone)]
pub struct Mail {
    pub id: MailId,
    pub recipient: String,
    pub subject: String,
    /// Empty when [`Mail::withheld`].
    pub text: String,
    pub html: String,
    /// It has a link that the caller must not see, or that has done its work.
    pub withheld: bool,
    pub created_at: DateTime<Utc>,
    /// When it was handed over; kept in the outbox while no mail server is configured.
    pub sent_at: Option<DateTime<Utc>>,
    /// When it was given up.
    pub failed_at: Option<DateTime<Utc>>,
    /// Why it was not handed over, with what the mail server said.
    pub problem: Option<String>,
    /// When it is tried again.
    pub next_at: Option<DateTime<Utc>>,
}

/// Where mails go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// Nowhere: they are read in the outbox.
    Outbox,
    /// To a mail server.
    MailServer {
        /// Why it takes no mails at present, as far as this process knows.
        trouble: Option<String>,
    },
}

/// Where mails go, and whether that works.
#[must_use]
pub fn route(services: &Services) -> Route {
    match services.mailer() {
        Mailer::Outbox => Route::Outbox,
        Mailer::Smtp(postman) => Route::MailServer { trouble: postman.trouble() },
    }
}

/// Latest mails of the org, newest first, at most 100. Links that sign somebody in are shown to owners, and only while
/// there is no mail server that takes them to their readers.
pub async fn list(services: &Services, access: &Access) -> Result<Vec<Mail>> {
    access.require(Permission::ViewMails)?;
    let rows = services.read().await?.reach(access).mails(PAGE).await?;
    let may_see_secrets = access.role() == Some(Role::Owner) && route(services) == Route::Outbox;
    rows.into_iter().map(|row| view(services, access.org(), row, may_see_secrets)).collect()
}

/// Tries a mail again that was given up. Codes: `mail_not_found`, `mail_not_failed`.
pub async fn send_again(services: &Services, access: &Access, id: MailId) -> Result<()> {
    access.require(Permission::ConfigureApplications)?;
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    let mail = org.mail(id).await?;
    let mail = mail.ok_or_else(|| Error::not_found("mail_not_found", "There is no such mail."))?;
    if !org.revive_mail(id).await? {
        let said = "Only a mail that could not be sent, and whose link has not ended, is sent again.";
        return Err(Error::conflict("mail_not_failed", said));
    }
    let work = Work::SendMail { org: org.id(), mail: id };
    jobs::push(services, org.system(), &work).await?;
    audit::record(services, &mut org, access.actor(), "mail.sent_again", &id, &mail.recipient).await?;
    Ok(tx.commit().await?)
}

fn view(services: &Services, org: OrgId, row: MailRow, may_see_secrets: bool) -> Result<Mail> {
    let readable = may_see_secrets || row.expires_at.is_none();
    let bodies = if readable { bodies_of(services, org, &row)? } else { None };
    let withheld = bodies.is_none();
    let bodies = bodies.unwrap_or_default();
    Ok(Mail {
        id: row.id(),
        recipient: row.recipient,
        subject: row.subject,
        text: bodies.text,
        html: bodies.html,
        withheld,
        created_at: to_date(unsigned(row.created_at)),
        sent_at: row.sent_at.map(unsigned).map(to_date),
        failed_at: row.failed_at.map(unsigned).map(to_date),
        problem: row.problem,
        next_at: row.next_at.map(unsigned).map(to_date),
    })
}

/// What became of an attempt to send a mail.
pub(crate) enum Sending {
    /// There is no mail server: it is read in the outbox.
    Kept,
    Sent,
    /// It never will be, in a sentence.
    Refused(String),
    /// It may be later, after the pause if there is one.
    NotYet {
        problem: String,
        pause: Option<Duration>,
    },
}

/// Tries to hand a mail over.
pub(crate) async fn send(services: &Services, org: OrgId, mail: &MailRow) -> Result<Sending> {
    let Mailer::Smtp(postman) = services.mailer() else { return Ok(Sending::Kept) };
    let now = services.now();
    let live = mail.expires_at.is_none_or(|end| unsigned(end) > now);
    let Some(bodies) = bodies_of(services, org, mail)?.filter(|_| live) else {
        return Ok(Sending::Refused("The link in it ended before it could be sent.".to_owned()));
    };
    Ok(postman.send(mail, &bodies, now).await)
}
