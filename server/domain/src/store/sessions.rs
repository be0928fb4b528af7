//! Console sessions.

use super::{Tx, execute, fetch_optional, on, signed};

/// A session as stored.
#[derive(sqlx::FromRow)]
pub(crate) struct SessionRow {
    pub data: String,
    pub expires_at: i64,
}

impl Tx {
    /// False when the identifier is taken.
    pub(crate) async fn insert_session(&mut self, id_hash: &str, data: &str, expires_at: u64) -> sqlx::Result<bool> {
        let rows = execute!(
            self,
            "INSERT INTO sessions (id_hash, data, expires_at) VALUES ($1, $2, $3) ON CONFLICT (id_hash) DO NOTHING",
            id_hash,
            data,
            signed(expires_at),
        )?;
        Ok(rows == 1)
    }

    pub(crate) async fn update_session(&mut self, id_hash: &str, data: &str, expires_at: u64) -> sqlx::Result<()> {
        execute!(
            self,
            "UPDATE sessions SET data = $2, expires_at = $3 WHERE id_hash = $1",
            id_hash,
            data,
            signed(expires_at),
        )
        .map(drop)
    }

    pub(crate) async fn session(&mut self, id_hash: &str, now: u64) -> sqlx::Result<Option<SessionRow>> {
        fetch_optional!(
            self,
            SessionRow,
            "SELECT data, expires_at FROM sessions WHERE id_hash = $1 AND expires_at > $2",
            id_hash,
            signed(now),
        )
    }

    pub(crate) async fn delete_session(&mut self, id_hash: &str) -> sqlx::Result<()> {
        execute!(self, "DELETE FROM sessions WHERE id_hash = $1", id_hash).map(drop)
    }

    pub(crate) async fn delete_expired_sessions(&mut self, now: u64) -> sqlx::Result<u64> {
        execute!(self, "DELETE FROM sessions WHERE expires_at <= $1", signed(now))
    }
}
