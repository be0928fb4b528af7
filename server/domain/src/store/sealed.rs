//! Sealed secrets of all tables, as a rotation of keys sees them. Names of tables and columns come only from
//! [`SealedColumn`], never from outside.

use super::{Text, Tx, execute, fetch_all, on, signed};
use crate::secrets::{Owner, Place, SealedColumn};
use protocol::ids::OrgId;
use sqlx::AssertSqlSafe;

/// `1.` and then the identifier of the key: how every sealed secret begins.
const KEY_ID: &str = "substr({column}, 3, 16)";

/// How many secrets of one column one key wraps.
#[derive(sqlx::FromRow)]
pub(crate) struct SealedCount {
    pub key_id: String,
    pub secrets: i64,
}

/// A secret where it is stored.
#[derive(sqlx::FromRow)]
pub(crate) struct SealedRow {
    org_id: Option<Text<OrgId>>,
    pub row: String,
    pub sealed: String,
}

impl SealedRow {
    pub(crate) fn place(&self, column: SealedColumn) -> Place {
        match &self.org_id {
            Some(org) => column.of(org.0),
            None => column.of_installation(),
        }
    }
}

/// Proof of a key that this database was written with.
#[derive(sqlx::FromRow)]
pub(crate) struct KeyCheckRow {
    pub key_id: String,
    pub sealed: String,
    /// Since when the key seals.
    pub created_at: i64,
}

/// A statement about one column.
fn statement(text: &str, column: SealedColumn) -> AssertSqlSafe<String> {
    let org = match column.owner() {
        Owner::Org => "org_id",
        Owner::Installation => "NULL",
    };
    AssertSqlSafe(
        text.replace("{key_id}", KEY_ID)
            .replace("{table}", column.table())
            .replace("{column}", column.column())
            .replace("{row}", column.row())
            .replace("{org}", org),
    )
}

impl Tx {
    pub(crate) async fn count_sealed(&mut self, column: SealedColumn) -> sqlx::Result<Vec<SealedCount>> {
        let text = "SELECT {key_id} AS key_id, count(*) AS secrets FROM {table} WHERE {column} IS NOT NULL GROUP BY 1";
        fetch_all!(self, SealedCount, statement(text, column))
    }

    /// Secrets that another key than this wraps, in the order of their rows, beginning after one.
    pub(crate) async fn sealed_by_others(
        &mut self,
        column: SealedColumn,
        key_id: &str,
        after: &str,
        limit: i64,
    ) -> sqlx::Result<Vec<SealedRow>> {
        let text = "SELECT {org} AS org_id, {row} AS row, {column} AS sealed FROM {table}
                    WHERE {column} IS NOT NULL AND {key_id} <> $1 AND {row} > $2 ORDER BY {row} LIMIT $3";
        fetch_all!(self, SealedRow, statement(text, column), key_id, after, limit)
    }

    /// Puts a secret in the place of the one that was read; false when that has changed meanwhile.
    pub(crate) async fn replace_sealed(
        &mut self,
        column: SealedColumn,
        old: &SealedRow,
        sealed: &str,
    ) -> sqlx::Result<bool> {
        let rows = if column.owner() == Owner::Org {
            let text = "UPDATE {table} SET {column} = $3 WHERE {row} = $1 AND {column} = $2 AND org_id = $4";
            execute!(self, statement(text, column), &old.row, &old.sealed, sealed, old.org_id)?
        } else {
            let text = "UPDATE {table} SET {column} = $3 WHERE {row} = $1 AND {column} = $2";
            execute!(self, statement(text, column), &old.row, &old.sealed, sealed)?
        };
        Ok(rows == 1)
    }

    pub(crate) async fn key_checks(&mut self) -> sqlx::Result<Vec<KeyCheckRow>> {
        fetch_all!(self, KeyCheckRow, "SELECT key_id, sealed, created_at FROM key_checks ORDER BY created_at, key_id")
    }

    pub(crate) async fn insert_key_check(&mut self, key_id: &str, sealed: &str, now: u64) -> sqlx::Result<()> {
        execute!(
            self,
            "INSERT INTO key_checks (key_id, sealed, created_at) VALUES ($1, $2, $3) ON CONFLICT (key_id) DO NOTHING",
            key_id,
            sealed,
            signed(now),
        )
        .map(drop)
    }

    pub(crate) async fn delete_key_check(&mut self, key_id: &str) -> sqlx::Result<()> {
        execute!(self, "DELETE FROM key_checks WHERE key_id = $1", key_id).map(drop)
    }
}
