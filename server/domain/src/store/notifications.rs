//! The outbox of mails.

use super::{OrgTx, Text, execute, fetch_all, on, signed};
use protocol::ids::MailId;

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
