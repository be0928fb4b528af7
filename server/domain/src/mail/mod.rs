//! Mails: rendered from templates into the outbox.

use crate::{Access, Error, Result, Services};
use chrono::{DateTime, Utc};
use protocol::ids::MailId;

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
pub async fn list(_services: &Services, _access: &Access) -> Result<Vec<Mail>> {
    Err(Error::internal("pending"))
}
