//! Addresses that mails about an application go to.

use super::{OrgTx, Text, Tx, execute, fetch_all, fetch_optional, on, signed};
use protocol::ids::{ApplicationId, MailAddressId, OrgId};

/// One address.
#[derive(sqlx::FromRow)]
pub(crate) struct MailAddressRow {
    id: Text<MailAddressId>,
    application_id: Text<ApplicationId>,
    pub email: String,
    pub created_at: i64,
    pub unsubscribed_at: Option<i64>,
}

impl MailAddressRow {
    pub(crate) fn id(&self) -> MailAddressId {
        self.id.0
    }

    pub(crate) fn application(&self) -> ApplicationId {
        self.application_id.0
    }
}

#[derive(sqlx::FromRow)]
struct OwnerRow {
    org_id: Text<OrgId>,
}

impl Tx {
    /// Whose application an address belongs to, for the link in its mails.
    pub(crate) async fn mail_address_owner(&mut self, id: MailAddressId) -> sqlx::Result<Option<OrgId>> {
        let row = fetch_optional!(self, OwnerRow, "SELECT org_id FROM mail_addresses WHERE id = $1", Text(id))?;
        Ok(row.map(|row| row.org_id.0))
    }
}

impl OrgTx<'_> {
    pub(crate) async fn insert_mail_address(
        &mut self,
        id: MailAddressId,
        application: ApplicationId,
        email: &str,
        now: u64,
    ) -> sqlx::Result<()> {
        execute!(
            org self,
            "INSERT INTO mail_addresses (org_id, id, application_id, email, created_at) VALUES ($1, $2, $3, $4, $5)",
            Text(id),
            Text(application),
            email,
            signed(now),
        )
        .map(drop)
    }

    pub(crate) async fn mail_addresses(&mut self, application: ApplicationId) -> sqlx::Result<Vec<MailAddressRow>> {
        fetch_all!(
            org self,
            MailAddressRow,
            "SELECT id, application_id, email, created_at, unsubscribed_at FROM mail_addresses
             WHERE org_id = $1 AND application_id = $2 ORDER BY email",
            Text(application),
        )
    }

    pub(crate) async fn mail_address(&mut self, id: MailAddressId) -> sqlx::Result<Option<MailAddressRow>> {
        fetch_optional!(
            org self,
            MailAddressRow,
            "SELECT id, application_id, email, created_at, unsubscribed_at FROM mail_addresses
             WHERE org_id = $1 AND id = $2",
            Text(id),
        )
    }

    /// False when it had ended already.
    pub(crate) async fn end_subscription(&mut self, id: MailAddressId, now: u64) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "UPDATE mail_addresses SET unsubscribed_at = $3
             WHERE org_id = $1 AND id = $2 AND unsubscribed_at IS NULL",
            Text(id),
            signed(now),
        )?;
        Ok(rows == 1)
    }

    pub(crate) async fn delete_mail_address(&mut self, id: MailAddressId) -> sqlx::Result<()> {
        execute!(org self, "DELETE FROM mail_addresses WHERE org_id = $1 AND id = $2", Text(id)).map(drop)
    }

    /// From the lists of all applications.
    pub(crate) async fn delete_mail_addresses_of(&mut self, email: &str) -> sqlx::Result<u64> {
        execute!(org self, "DELETE FROM mail_addresses WHERE org_id = $1 AND email = $2", email)
    }
}
