//! Validations of storages.

use super::{JsonText, OrgTx, Text, Tx, execute, fetch_all, fetch_optional, on, signed};
use crate::storage::{Step, ValidationCause, ValidationState};
use protocol::ids::{OrgId, StorageId, ValidationId};

/// A validation as stored.
#[derive(sqlx::FromRow)]
pub(crate) struct ValidationRow {
    id: Text<ValidationId>,
    storage_id: Text<StorageId>,
    cause: Text<ValidationCause>,
    state: Text<ValidationState>,
    pub started_at: i64,
    pub finished_at: Option<i64>,
    steps: JsonText<Vec<Step>>,
}

impl ValidationRow {
    pub(crate) fn id(&self) -> ValidationId {
        self.id.0
    }

    pub(crate) fn storage(&self) -> StorageId {
        self.storage_id.0
    }

    pub(crate) fn cause(&self) -> ValidationCause {
        self.cause.0
    }

    pub(crate) fn state(&self) -> ValidationState {
        self.state.0
    }

    pub(crate) fn into_steps(self) -> Vec<Step> {
        self.steps.0
    }
}

/// When a storage that once worked was last tried.
#[derive(sqlx::FromRow)]
pub(crate) struct CheckedStorage {
    org_id: Text<OrgId>,
    id: Text<StorageId>,
    pub checked_at: i64,
    pub degraded_at: Option<i64>,
}

impl CheckedStorage {
    pub(crate) fn org(&self) -> OrgId {
        self.org_id.0
    }

    pub(crate) fn id(&self) -> StorageId {
        self.id.0
    }
}

impl Tx {
    /// Storages of all orgs that do not work, or were last tried before `before`.
    pub(crate) async fn checked_storages(&mut self, before: u64) -> sqlx::Result<Vec<CheckedStorage>> {
        fetch_all!(
            self,
            CheckedStorage,
            "SELECT org_id, id, COALESCE(checked_at, validated_at) AS checked_at, degraded_at FROM storages
             WHERE removed_at IS NULL AND validated_at IS NOT NULL AND (degraded_at IS NOT NULL OR checked_at <= $1)
             ORDER BY org_id, id",
            signed(before),
        )
    }

    /// Ends validations that began long ago: nobody runs them any more.
    pub(crate) async fn give_up_validations(&mut self, before: u64, now: u64) -> sqlx::Result<()> {
        execute!(
            self,
            "UPDATE validations SET state = 'failed', finished_at = $2 WHERE state = 'running' AND started_at <= $1",
            signed(before),
            signed(now),
        )
        .map(drop)
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, storage_id, cause, state, started_at, finished_at, steps FROM validations WHERE org_id = $1 ",
            $rest
        )
    };
}

impl OrgTx<'_> {
    /// Begins a validation; false when one of this storage is running.
    pub(crate) async fn insert_validation(
        &mut self,
        id: ValidationId,
        storage: StorageId,
        cause: ValidationCause,
        steps: &[Step],
        now: u64,
    ) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "INSERT INTO validations (org_id, id, storage_id, cause, state, steps, started_at)
             VALUES ($1, $2, $3, $4, 'running', $5, $6)
             ON CONFLICT (org_id, storage_id) WHERE state = 'running' DO NOTHING",
            Text(id),
            Text(storage),
            Text(cause),
            JsonText(steps),
            signed(now),
        )?;
        Ok(rows == 1)
    }

    pub(crate) async fn validation(&mut self, id: ValidationId) -> sqlx::Result<Option<ValidationRow>> {
        fetch_optional!(org self, ValidationRow, select!("AND id = $2"), Text(id))
    }

    pub(crate) async fn running_validation(&mut self, storage: StorageId) -> sqlx::Result<Option<ValidationRow>> {
        fetch_optional!(org self, ValidationRow, select!("AND storage_id = $2 AND state = 'running'"), Text(storage))
    }

    /// The latest first.
    pub(crate) async fn validations_of(&mut self, storage: StorageId, limit: i64) -> sqlx::Result<Vec<ValidationRow>> {
        fetch_all!(
            org self,
            ValidationRow,
            select!("AND storage_id = $2 ORDER BY started_at DESC, id DESC LIMIT $3"),
            Text(storage),
            limit,
        )
    }

    /// Keeps how far a running validation is; false when it runs no more.
    pub(crate) async fn set_validation_steps(&mut self, id: ValidationId, steps: &[Step]) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "UPDATE validations SET steps = $3 WHERE org_id = $1 AND id = $2 AND state = 'running'",
            Text(id),
            JsonText(steps),
        )?;
        Ok(rows == 1)
    }

    /// Ends a running validation; false when it runs no more.
    pub(crate) async fn finish_validation(
        &mut self,
        id: ValidationId,
        state: ValidationState,
        steps: &[Step],
        now: u64,
    ) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "UPDATE validations SET state = $3, steps = $4, finished_at = $5
             WHERE org_id = $1 AND id = $2 AND state = 'running'",
            Text(id),
            Text(state),
            JsonText(steps),
            signed(now),
        )?;
        Ok(rows == 1)
    }

    /// Ends the running validation of a storage, which was changed meanwhile.
    pub(crate) async fn supersede_validation(&mut self, storage: StorageId, now: u64) -> sqlx::Result<()> {
        execute!(
            org self,
            "UPDATE validations SET state = 'failed', finished_at = $3
             WHERE org_id = $1 AND storage_id = $2 AND state = 'running'",
            Text(storage),
            signed(now),
        )
        .map(drop)
    }

    /// Forgets all but the latest validations of a storage.
    pub(crate) async fn prune_validations(&mut self, storage: StorageId, kept: i64) -> sqlx::Result<()> {
        execute!(
            org self,
            "DELETE FROM validations WHERE org_id = $1 AND storage_id = $2 AND state <> 'running' AND id NOT IN
             (SELECT id FROM validations WHERE org_id = $1 AND storage_id = $2 ORDER BY started_at DESC, id DESC LIMIT $3)",
            Text(storage),
            kept,
        )
        .map(drop)
    }
}
