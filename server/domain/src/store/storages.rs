//! Bucket configurations.

use super::{JsonText, OrgTx, RecordingRow, Text, execute, fetch_all, fetch_optional, on, signed};
use crate::storage::{
    Health, Standing, StorageKind,
    settings::{Options, Target},
};
use protocol::ids::{ApplicationId, OrgId, StorageId};

/// A storage as stored.
#[derive(sqlx::FromRow)]
pub(crate) struct StorageRow {
    org_id: Text<OrgId>,
    id: Text<StorageId>,
    pub name: String,
    kind: Text<StorageKind>,
    standing: Text<Standing>,
    target: JsonText<Target>,
    options: JsonText<Options>,
    /// The sealed secret access key.
    pub secret: Option<String>,
    pub revision: i64,
    pub validated_at: Option<i64>,
    pub checked_at: Option<i64>,
    pub failing_since: Option<i64>,
    pub degraded_at: Option<i64>,
    pub degraded_reason: Option<String>,
    /// Times that recordings were refused since one was delivered.
    pub refusals: i64,
    pub removed_at: Option<i64>,
    /// What the org's roles ask of us.
    pub external_id: String,
}

impl StorageRow {
    pub(crate) fn org(&self) -> OrgId {
        self.org_id.0
    }

    pub(crate) fn id(&self) -> StorageId {
        self.id.0
    }

    pub(crate) fn kind(&self) -> StorageKind {
        self.kind.0
    }

    pub(crate) fn standing(&self) -> Standing {
        self.standing.0
    }

    pub(crate) fn target(&self) -> &Target {
        &self.target.0
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options.0
    }

    pub(crate) fn health(&self) -> Health {
        Health::of(self.validated_at.is_some(), self.degraded_at.zip(self.degraded_reason.clone()))
    }

    /// Whether recordings can be delivered there, as far as is known.
    pub(crate) fn works(&self) -> bool {
        self.removed_at.is_none() && self.validated_at.is_some() && self.degraded_at.is_none()
    }
}

/// A storage to be made.
pub(crate) struct NewStorage<'a> {
    pub id: StorageId,
    pub name: &'a str,
    pub kind: StorageKind,
    pub standing: Standing,
    pub target: &'a Target,
    pub options: &'a Options,
    pub secret: Option<&'a str>,
    pub now: u64,
}

#[derive(sqlx::FromRow)]
struct External {
    external_id: String,
}

/// What a storage that does not work keeps back.
#[derive(sqlx::FromRow)]
pub(crate) struct HeldRow {
    pub recordings: i64,
    pub oldest: Option<i64>,
}

macro_rules! select_storage {
    ($rest:literal) => {
        concat!(
            "SELECT s.org_id, s.id, s.name, s.kind, s.standing, s.target, s.options, s.secret, s.revision,
                 s.validated_at, s.checked_at, s.failing_since, s.degraded_at, s.degraded_reason, s.refusals, s.removed_at,
                 o.external_id
             FROM storages s JOIN orgs o ON o.id = s.org_id
             WHERE s.org_id = $1 ",
            $rest
        )
    };
}

impl OrgTx<'_> {
    pub(crate) async fn external_id(&mut self) -> sqlx::Result<Option<String>> {
        let row = fetch_optional!(org self, External, "SELECT external_id FROM orgs WHERE id = $1")?;
        Ok(row.map(|row| row.external_id))
    }

    /// Those in use, in the order of their standing, then of their making.
    pub(crate) async fn storages(&mut self) -> sqlx::Result<Vec<StorageRow>> {
        fetch_all!(
            org self,
            StorageRow,
            select_storage!(
                "AND s.removed_at IS NULL
                 ORDER BY CASE s.standing WHEN 'primary' THEN 0 WHEN 'second' THEN 1 ELSE 2 END, s.id"
            ),
        )
    }

    /// One storage, removed ones included: recordings may lie there.
    pub(crate) async fn storage_of(&mut self, id: StorageId) -> sqlx::Result<Option<StorageRow>> {
        fetch_optional!(org self, StorageRow, select_storage!("AND s.id = $2"), Text(id))
    }

    /// The storage that a recording goes to, if it goes to one.
    pub(crate) async fn storage_of_recording(&mut self, row: &RecordingRow) -> sqlx::Result<Option<StorageRow>> {
        match row.storage() {
            Some(storage) => self.storage_of(storage).await,
            None => Ok(None),
        }
    }

    /// Keeps others from changing a storage or its validations until the end of the transaction. Whoever writes more than
    /// one of storage, validations and audit log takes this first, so that none waits for another in a circle.
    pub(crate) async fn lock_storage(&mut self, id: StorageId) -> sqlx::Result<()> {
        execute!(org self, "UPDATE storages SET revision = revision WHERE org_id = $1 AND id = $2", Text(id)).map(drop)
    }

    pub(crate) async fn storage_with(&mut self, standing: Standing) -> sqlx::Result<Option<StorageRow>> {
        fetch_optional!(
            org self,
            StorageRow,
            select_storage!("AND s.standing = $2 AND s.removed_at IS NULL"),
            Text(standing),
        )
    }

    /// Where the recordings of an application go: its own storage, otherwise the primary one.
    pub(crate) async fn storage_for(&mut self, application: ApplicationId) -> sqlx::Result<Option<StorageRow>> {
        fetch_optional!(
            org self,
            StorageRow,
            select_storage!(
                "AND s.id = COALESCE(
                     (SELECT a.storage_id FROM applications a WHERE a.org_id = $1 AND a.id = $2),
                     (SELECT p.id FROM storages p WHERE p.org_id = $1 AND p.standing = 'primary'))"
            ),
            Text(application),
        )
    }

    pub(crate) async fn insert_storage(&mut self, new: &NewStorage<'_>) -> sqlx::Result<()> {
        execute!(
            org self,
            "INSERT INTO storages (org_id, id, name, kind, standing, target, options, secret, revision, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9)",
            Text(new.id),
            new.name,
            Text(new.kind),
            Text(new.standing),
            JsonText(new.target),
            JsonText(new.options),
            new.secret,
            signed(new.now),
        )
        .map(drop)
    }

    /// Changes how a storage is reached; `secret` of `None` keeps the stored one. False when it is gone
    /// or has another revision by now.
    pub(crate) async fn change_storage(
        &mut self,
        id: StorageId,
        name: &str,
        options: &Options,
        secret: Option<&str>,
        revision: i64,
    ) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "UPDATE storages SET name = $3, options = $4, secret = COALESCE($5, secret), revision = revision + 1
             WHERE org_id = $1 AND id = $2 AND removed_at IS NULL AND revision = $6",
            Text(id),
            name,
            JsonText(options),
            secret,
            revision,
        )?;
        Ok(rows == 1)
    }

    pub(crate) async fn set_standing(&mut self, id: StorageId, standing: Standing) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "UPDATE storages SET standing = $3 WHERE org_id = $1 AND id = $2 AND removed_at IS NULL",
            Text(id),
            Text(standing),
        )?;
        Ok(rows == 1)
    }

    /// Makes room for another storage of this standing.
    pub(crate) async fn clear_standing(&mut self, standing: Standing) -> sqlx::Result<()> {
        execute!(
            org self,
            "UPDATE storages SET standing = 'spare' WHERE org_id = $1 AND standing = $2",
            Text(standing),
        )
        .map(drop)
    }

    /// Forgets how a spare storage was reached. False when it is in use or gone.
    pub(crate) async fn remove_storage(&mut self, id: StorageId, now: u64) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "UPDATE storages SET removed_at = $3, secret = NULL, revision = revision + 1
             WHERE org_id = $1 AND id = $2 AND removed_at IS NULL AND standing = 'spare'
                 AND NOT EXISTS (SELECT 1 FROM applications a WHERE a.org_id = $1 AND a.storage_id = $2)
                 AND NOT EXISTS (SELECT 1 FROM recordings r WHERE r.org_id = $1 AND r.storage_id = $2
                     AND r.state NOT IN ('ready', 'failed'))",
            Text(id),
            signed(now),
        )?;
        Ok(rows == 1)
    }

    /// Everything was tried on this revision and worked; false when there is another one by now.
    pub(crate) async fn set_storage_works(&mut self, id: StorageId, revision: i64, now: u64) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "UPDATE storages SET validated_at = $3, checked_at = $3, failing_since = NULL, degraded_at = NULL,
                 degraded_reason = NULL
             WHERE org_id = $1 AND id = $2 AND revision = $4",
            Text(id),
            signed(now),
            revision,
        )?;
        Ok(rows == 1)
    }

    /// Everything was tried; something failed.
    pub(crate) async fn set_storage_checked(&mut self, id: StorageId, now: u64) -> sqlx::Result<()> {
        execute!(
            org self,
            "UPDATE storages SET checked_at = $3 WHERE org_id = $1 AND id = $2",
            Text(id),
            signed(now),
        )
        .map(drop)
    }

    /// A recording was delivered: what failed before has passed.
    pub(crate) async fn set_storage_delivered(&mut self, id: StorageId) -> sqlx::Result<()> {
        execute!(
            org self,
            "UPDATE storages SET failing_since = NULL, refusals = 0 WHERE org_id = $1 AND id = $2",
            Text(id),
        )
        .map(drop)
    }

    /// Notes that requests fail, since when the first did.
    pub(crate) async fn set_storage_failing(&mut self, id: StorageId, now: u64) -> sqlx::Result<()> {
        execute!(
            org self,
            "UPDATE storages SET failing_since = COALESCE(failing_since, $3) WHERE org_id = $1 AND id = $2",
            Text(id),
            signed(now),
        )
        .map(drop)
    }

    /// `refused` counts it as the refusal of a recording. False when it was degraded already, or never proven.
    pub(crate) async fn set_storage_degraded(
        &mut self,
        id: StorageId,
        reason: &str,
        refused: bool,
        now: u64,
    ) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "UPDATE storages SET degraded_at = $3, degraded_reason = $4,
                 refusals = CASE WHEN $5 THEN refusals + 1 ELSE refusals END
             WHERE org_id = $1 AND id = $2 AND degraded_at IS NULL AND validated_at IS NOT NULL AND removed_at IS NULL",
            Text(id),
            signed(now),
            reason,
            refused,
        )?;
        Ok(rows == 1)
    }

    pub(crate) async fn set_application_storage(
        &mut self,
        application: ApplicationId,
        storage: Option<StorageId>,
    ) -> sqlx::Result<bool> {
        if !self.reaches(application) {
            return Ok(false);
        }
        let rows = execute!(
            org self,
            "UPDATE applications SET storage_id = $3, revision = revision + 1 WHERE org_id = $1 AND id = $2",
            Text(application),
            storage.map(Text),
        )?;
        Ok(rows == 1)
    }

    /// Recordings that wait for a bucket, of one storage or of all.
    pub(crate) async fn held(&mut self, storage: Option<StorageId>) -> sqlx::Result<HeldRow> {
        let row = fetch_optional!(
            org self,
            HeldRow,
            "SELECT COUNT(*) AS recordings, MIN(held_since) AS oldest FROM recordings
             WHERE org_id = $1 AND held_since IS NOT NULL AND state NOT IN ('ready', 'failed')
                 AND ($2 IS NULL OR storage_id = $2)",
            storage.map(Text),
        )?;
        Ok(row.unwrap_or(HeldRow { recordings: 0, oldest: None }))
    }
}
