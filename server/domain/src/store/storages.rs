//! Bucket configurations.

use super::{JsonText, OrgTx, Text, execute, fetch_optional, on, signed};
use crate::storage::Step;
use protocol::ids::StorageId;

/// A storage as stored.
#[derive(sqlx::FromRow)]
pub(crate) struct StorageRow {
    id: Text<StorageId>,
    pub bucket: String,
    pub validated_at: Option<i64>,
    steps: JsonText<Vec<Step>>,
}

impl StorageRow {
    pub(crate) fn id(&self) -> StorageId {
        self.id.0
    }

    pub(crate) fn into_steps(self) -> Vec<Step> {
        self.steps.0
    }
}

impl OrgTx<'_> {
    pub(crate) async fn storage(&mut self) -> sqlx::Result<Option<StorageRow>> {
        fetch_optional!(
            org self,
            StorageRow,
            "SELECT id, bucket, validated_at, steps FROM storages WHERE org_id = $1",
        )
    }

    pub(crate) async fn storage_of(&mut self, id: StorageId) -> sqlx::Result<Option<StorageRow>> {
        fetch_optional!(
            org self,
            StorageRow,
            "SELECT id, bucket, validated_at, steps FROM storages WHERE org_id = $1 AND id = $2",
            Text(id),
        )
    }

    /// Inserts the org's storage on the embedded store; an org that has one keeps it.
    pub(crate) async fn insert_embedded_storage(&mut self, id: StorageId, bucket: &str, now: u64) -> sqlx::Result<()> {
        execute!(
            org self,
            "INSERT INTO storages (org_id, id, kind, bucket, steps, created_at) VALUES ($1, $2, 'embedded', $3, '[]', $4)
             ON CONFLICT (org_id) DO NOTHING",
            Text(id),
            bucket,
            signed(now),
        )
        .map(drop)
    }

    pub(crate) async fn set_storage_validation(
        &mut self,
        id: StorageId,
        validated_at: Option<u64>,
        steps: &[Step],
    ) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "UPDATE storages SET validated_at = $3, steps = $4 WHERE org_id = $1 AND id = $2",
            Text(id),
            validated_at.map(signed),
            JsonText(steps),
        )?;
        Ok(rows == 1)
    }
}
