//! Mails: rendered from templates into the outbox.

mod messages;

pub(crate) use messages::{EndpointTrouble, queue_endpoint_failing, queue_recording_ended, queue_storage_changed};

use crate::{
    access::{Access, Permission},
    clock::to_date,
    error::Result,
    services::Services,
    store::{MailRow, unsigned},
};
use chrono::{DateTime, Utc};
use protocol::ids::MailId;

const PAGE: i64 = 100;

/// A mail in the outbox.
#[derive(Debug, Clone)]
pub struct Mail {
    pub id: MailId,
    pub recipient: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub created_at: DateTime<Utc>,
    /// When it was handed over; kept in the outbox while no mail server is configured.
    pub sent_at: Option<DateTime<Utc>>,
}

/// Latest mails of the org, newest first, at most 100.
pub async fn list(services: &Services, access: &Access) -> Result<Vec<Mail>> {
    access.require(Permission::ViewMails)?;
    let rows = services.read().await?.reach(access).mails(PAGE).await?;
    Ok(rows.into_iter().map(view).collect())
}

fn view(row: MailRow) -> Mail {
    Mail {
        id: row.id(),
        recipient: row.recipient,
        subject: row.subject,
        text: row.text_body,
        html: row.html_body,
        created_at: to_date(unsigned(row.created_at)),
        sent_at: row.sent_at.map(unsigned).map(to_date),
    }
}
