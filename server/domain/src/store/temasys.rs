//! What backends made for Temasys have set.

use super::{JsonText, OrgTx, Text, execute, fetch_optional, on};
use protocol::ids::StorageId;

/// The settings of an org.
#[derive(sqlx::FromRow)]
pub(crate) struct TemasysRow {
    pub notify: bool,
    pub url: Option<String>,
    emails: JsonText<Vec<String>>,
    pub s3_arn: Option<String>,
    storage_id: Option<Text<StorageId>>,
}

impl TemasysRow {
    pub(crate) fn emails(&self) -> &[String] {
        &self.emails.0
    }

    pub(crate) fn storage(&self) -> Option<StorageId> {
        self.storage_id.map(|id| id.0)
    }
}

/// Settings to be stored.
pub(crate) struct NewTemasys<'a> {
    pub notify: bool,
    pub url: Option<&'a str>,
    pub emails: &'a [String],
    /// The bucket and the storage that was made for it.
    pub storage: Option<(&'a str, StorageId)>,
    /// Whether that storage has still to become the primary one.
    pub pending: bool,
}

impl OrgTx<'_> {
    pub(crate) async fn temasys_settings(&mut self) -> sqlx::Result<Option<TemasysRow>> {
        fetch_optional!(
            org self,
            TemasysRow,
            "SELECT notify, url, emails, s3_arn, storage_id FROM temasys_settings WHERE org_id = $1",
        )
    }

    pub(crate) async fn set_temasys_settings(&mut self, new: &NewTemasys<'_>) -> sqlx::Result<()> {
        execute!(
            org self,
            "INSERT INTO temasys_settings (org_id, notify, url, emails, s3_arn, storage_id, storage_pending)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (org_id) DO UPDATE SET notify = excluded.notify, url = excluded.url, emails = excluded.emails,
                 s3_arn = excluded.s3_arn, storage_id = excluded.storage_id, storage_pending = excluded.storage_pending",
            new.notify,
            new.url,
            JsonText(new.emails),
            new.storage.map(|(arn, _)| arn),
            new.storage.map(|(_, id)| Text(id)),
            new.pending,
        )
        .map(drop)
    }

    /// True once for a storage that has to become the primary one.
    pub(crate) async fn take_pending_storage(&mut self, storage: StorageId) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "UPDATE temasys_settings SET storage_pending = FALSE
             WHERE org_id = $1 AND storage_id = $2 AND storage_pending",
            Text(storage),
        )?;
        Ok(rows == 1)
    }
}
