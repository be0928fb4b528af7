//! The outbox of mails.

use super::{OrgTx, Text, Tx, execute, fetch_all, fetch_optional, on, signed};
use protocol::ids::MailId;

/// A mail in the outbox.
#[derive(sqlx::FromRow)]
pub(crate) struct MailRow {
    id: Text<MailId>,
    pub recipient: String,
    pub subject: String,
    pub text_body: String,
    pub html_body: String,
    pub sealed_body: Option<String>,
    pub unsubscribe_url: Option<String>,
    pub created_at: i64,
    pub expires_at: Option<i64>,
    pub sent_at: Option<i64>,
    pub failed_at: Option<i64>,
    pub problem: Option<String>,
    pub next_at: Option<i64>,
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
    /// Text and HTML instead, when nobody but the recipient may read them.
    pub sealed: Option<&'a str>,
    pub unsubscribe_url: Option<&'a str>,
    pub expires_at: Option<u64>,
    pub now: u64,
}

/// Why a mail was not sent.
pub(crate) struct MailTrouble<'a> {
    pub id: MailId,
    pub problem: &'a str,
    /// When it is tried again; never, if there is no time.
    pub next_at: Option<u64>,
    pub now: u64,
}

#[derive(sqlx::FromRow)]
struct Email {
    email: String,
}

impl Tx {
    /// Forgets what was sealed in mails whose link has ended.
    pub(crate) async fn erase_expired_mail_bodies(&mut self, now: u64) -> sqlx::Result<u64> {
        execute!(
            self,
            "UPDATE mails SET sealed_body = NULL WHERE sealed_body IS NOT NULL AND expires_at <= $1",
            signed(now),
        )
    }
}

impl OrgTx<'_> {
    pub(crate) async fn insert_mail(&mut self, mail: &NewMail<'_>) -> sqlx::Result<()> {
        execute!(
            org self,
            "INSERT INTO mails (org_id, id, recipient, subject, text_body, html_body, sealed_body, unsubscribe_url,
                 expires_at, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            Text(mail.id),
            mail.recipient,
            mail.subject,
            mail.text,
            mail.html,
            mail.sealed,
            mail.unsubscribe_url,
            mail.expires_at.map(signed),
            signed(mail.now),
        )
        .map(drop)
    }

    pub(crate) async fn mail(&mut self, id: MailId) -> sqlx::Result<Option<MailRow>> {
        fetch_optional!(
            org self,
            MailRow,
            "SELECT id, recipient, subject, text_body, html_body, sealed_body, unsubscribe_url, created_at, expires_at,
                 sent_at, failed_at, problem, next_at
             FROM mails WHERE org_id = $1 AND id = $2",
            Text(id),
        )
    }

    /// Newest first.
    pub(crate) async fn mails(&mut self, limit: i64) -> sqlx::Result<Vec<MailRow>> {
        fetch_all!(
            org self,
            MailRow,
            "SELECT id, recipient, subject, text_body, html_body, sealed_body, unsubscribe_url, created_at, expires_at,
                 sent_at, failed_at, problem, next_at
             FROM mails WHERE org_id = $1 ORDER BY id DESC LIMIT $2",
            limit,
        )
    }

    /// It was handed over; with `erase`, nobody needs what was sealed any more.
    pub(crate) async fn set_mail_sent(&mut self, id: MailId, erase: bool, now: u64) -> sqlx::Result<()> {
        execute!(
            org self,
            "UPDATE mails SET sent_at = COALESCE(sent_at, $3), next_at = NULL, problem = NULL,
                 sealed_body = CASE WHEN $4 THEN NULL ELSE sealed_body END
             WHERE org_id = $1 AND id = $2 AND failed_at IS NULL",
            Text(id),
            signed(now),
            erase,
        )
        .map(drop)
    }

    /// It was not handed over; without a next time it never will be.
    pub(crate) async fn set_mail_trouble(&mut self, trouble: &MailTrouble<'_>) -> sqlx::Result<()> {
        execute!(
            org self,
            "UPDATE mails SET problem = $3, next_at = $4, failed_at = CASE WHEN $4 IS NULL THEN $5 END,
                 sealed_body = CASE WHEN $4 IS NULL THEN NULL ELSE sealed_body END
             WHERE org_id = $1 AND id = $2 AND sent_at IS NULL",
            Text(trouble.id),
            trouble.problem,
            trouble.next_at.map(signed),
            signed(trouble.now),
        )
        .map(drop)
    }

    /// Lets a mail that was given up live again; false when it was not, or can say nothing any more.
    pub(crate) async fn revive_mail(&mut self, id: MailId) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "UPDATE mails SET failed_at = NULL, problem = NULL
             WHERE org_id = $1 AND id = $2 AND failed_at IS NOT NULL AND expires_at IS NULL",
            Text(id),
        )?;
        Ok(rows == 1)
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
