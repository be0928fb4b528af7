//! Messages to webhooks, attempts to deliver them, and the outbox of mails.

use super::{OrgTx, Text, execute, fetch_all, fetch_optional, on, signed};
use protocol::ids::{ApplicationId, MailId, MessageId};

/// A message with where it goes now.
#[derive(sqlx::FromRow)]
pub(crate) struct MessageRow {
    application_id: Text<ApplicationId>,
    pub body: String,
    pub delivered_at: Option<i64>,
    pub webhook_url: Option<String>,
    pub webhook_secret: Option<String>,
}

impl MessageRow {
    pub(crate) fn application(&self) -> ApplicationId {
        self.application_id.0
    }
}

/// One attempt to deliver.
#[derive(sqlx::FromRow)]
pub(crate) struct DeliveryRow {
    message_id: Text<MessageId>,
    pub event: String,
    pub attempt: i64,
    pub at: i64,
    pub delivered: bool,
    pub status: Option<i64>,
    pub latency_ms: i64,
    pub answer: String,
    pub next_at: Option<i64>,
}

impl DeliveryRow {
    pub(crate) fn message(&self) -> MessageId {
        self.message_id.0
    }
}

/// An attempt to be logged.
pub(crate) struct NewDelivery<'a> {
    pub message: MessageId,
    pub attempt: i64,
    pub at: u64,
    pub delivered: bool,
    pub status: Option<u16>,
    pub latency_ms: u64,
    pub answer: &'a str,
    pub next_at: Option<u64>,
}

/// A mail in the outbox.
#[derive(sqlx::FromRow)]
pub(crate) struct MailRow {
    id: Text<MailId>,
    pub recipient: String,
    pub subject: String,
    pub text_body: String,
    pub html_body: String,
    pub created_at: i64,
    pub sent_at: Option<i64>,
}

impl MailRow {
    pub(crate) fn id(&self) -> MailId {
        self.id.0
    }
}

/// A mail to be put into the outbox.
pub(crate) struct NewMail<'a> {
    pub id: MailId,
    pub recipient: &'a str,
    pub subject: &'a str,
    pub text: &'a str,
    pub html: &'a str,
    pub now: u64,
}

#[derive(sqlx::FromRow)]
struct Email {
    email: String,
}

impl OrgTx<'_> {
    pub(crate) async fn insert_message(
        &mut self,
        id: MessageId,
        application: ApplicationId,
        event: &str,
        body: &str,
        now: u64,
    ) -> sqlx::Result<()> {
        execute!(
            org self,
            "INSERT INTO messages (org_id, id, application_id, event, body, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
            Text(id),
            Text(application),
            event,
            body,
            signed(now),
        )
        .map(drop)
    }

    pub(crate) async fn message(&mut self, id: MessageId) -> sqlx::Result<Option<MessageRow>> {
        fetch_optional!(
            org self,
            MessageRow,
            "SELECT m.application_id, m.body, m.delivered_at, a.webhook_url, a.webhook_secret
             FROM messages m JOIN applications a ON a.org_id = m.org_id AND a.id = m.application_id
             WHERE m.org_id = $1 AND m.id = $2",
            Text(id),
        )
    }

    pub(crate) async fn set_message_delivered(&mut self, id: MessageId, now: u64) -> sqlx::Result<()> {
        execute!(
            org self,
            "UPDATE messages SET delivered_at = $3 WHERE org_id = $1 AND id = $2",
            Text(id),
            signed(now),
        )
        .map(drop)
    }

    /// A worker whose lease ran out may log the same attempt again; the later word stays.
    pub(crate) async fn log_delivery(&mut self, delivery: &NewDelivery<'_>) -> sqlx::Result<()> {
        execute!(
            org self,
            "INSERT INTO deliveries (org_id, message_id, attempt, at, delivered, status, latency_ms, answer, next_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (org_id, message_id, attempt) DO UPDATE SET at = excluded.at, delivered = excluded.delivered,
                 status = excluded.status, latency_ms = excluded.latency_ms, answer = excluded.answer,
                 next_at = excluded.next_at",
            Text(delivery.message),
            delivery.attempt,
            signed(delivery.at),
            delivery.delivered,
            delivery.status.map(i64::from),
            signed(delivery.latency_ms),
            delivery.answer,
            delivery.next_at.map(signed),
        )
        .map(drop)
    }

    pub(crate) async fn deliveries(
        &mut self,
        application: ApplicationId,
        limit: i64,
    ) -> sqlx::Result<Vec<DeliveryRow>> {
        fetch_all!(
            org self,
            DeliveryRow,
            "SELECT d.message_id, m.event, d.attempt, d.at, d.delivered, d.status, d.latency_ms, d.answer, d.next_at
             FROM deliveries d JOIN messages m ON m.org_id = d.org_id AND m.id = d.message_id
             WHERE d.org_id = $1 AND m.application_id = $2 ORDER BY d.at DESC, d.attempt DESC LIMIT $3",
            Text(application),
            limit,
        )
    }

    pub(crate) async fn insert_mail(&mut self, mail: &NewMail<'_>) -> sqlx::Result<()> {
        execute!(
            org self,
            "INSERT INTO mails (org_id, id, recipient, subject, text_body, html_body, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            Text(mail.id),
            mail.recipient,
            mail.subject,
            mail.text,
            mail.html,
            signed(mail.now),
        )
        .map(drop)
    }

    pub(crate) async fn set_mail_sent(&mut self, id: MailId, now: u64) -> sqlx::Result<()> {
        execute!(
            org self,
            "UPDATE mails SET sent_at = COALESCE(sent_at, $3) WHERE org_id = $1 AND id = $2",
            Text(id),
            signed(now),
        )
        .map(drop)
    }

    pub(crate) async fn mails(&mut self, limit: i64) -> sqlx::Result<Vec<MailRow>> {
        fetch_all!(
            org self,
            MailRow,
            "SELECT id, recipient, subject, text_body, html_body, created_at, sent_at FROM mails
             WHERE org_id = $1 ORDER BY id DESC LIMIT $2",
            limit,
        )
    }

    /// Whom mails about the org go to.
    pub(crate) async fn owner_emails(&mut self) -> sqlx::Result<Vec<String>> {
        let rows = fetch_all!(
            org self,
            Email,
            "SELECT u.email FROM members m JOIN users u ON u.id = m.user_id
             WHERE m.org_id = $1 AND m.role = 'owner' ORDER BY u.email",
        )?;
        Ok(rows.into_iter().map(|row| row.email).collect())
    }
}
