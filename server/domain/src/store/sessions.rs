//! Console sessions.

use super::{Text, Tx, execute, fetch_optional, on, signed};
use protocol::ids::UserId;

/// A session as stored.
#[derive(sqlx::FromRow)]
pub(crate) struct SessionRow {
    user_id: Option<Text<UserId>>,
    pub data: String,
    pub expires_at: i64,
}

impl SessionRow {
    pub(crate) fn user(&self) -> Option<UserId> {
        self.user_id.map(|id| id.0)
    }
}

/// A session to be stored.
pub(crate) struct NewSession<'a> {
    pub id_hash: &'a str,
    /// Whose it is, once somebody has signed in.
    pub user: Option<UserId>,
    pub data: &'a str,
    pub expires_at: u64,
}

impl Tx {
    /// False when the identifier is taken.
    pub(crate) async fn insert_session(&mut self, new: &NewSession<'_>) -> sqlx::Result<bool> {
        let rows = execute!(
            self,
            "INSERT INTO sessions (id_hash, user_id, data, expires_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (id_hash) DO NOTHING",
            new.id_hash,
            new.user.map(Text),
            new.data,
            signed(new.expires_at),
        )?;
        Ok(rows == 1)
    }

    pub(crate) async fn update_session(&mut self, new: &NewSession<'_>) -> sqlx::Result<()> {
        execute!(
            self,
            "UPDATE sessions SET user_id = $2, data = $3, expires_at = $4 WHERE id_hash = $1",
            new.id_hash,
            new.user.map(Text),
            new.data,
            signed(new.expires_at),
        )
        .map(drop)
    }

    pub(crate) async fn session(&mut self, id_hash: &str, now: u64) -> sqlx::Result<Option<SessionRow>> {
        fetch_optional!(
            self,
            SessionRow,
            "SELECT user_id, data, expires_at FROM sessions WHERE id_hash = $1 AND expires_at > $2",
            id_hash,
            signed(now),
        )
    }

    pub(crate) async fn delete_session(&mut self, id_hash: &str) -> sqlx::Result<()> {
        execute!(self, "DELETE FROM sessions WHERE id_hash = $1", id_hash).map(drop)
    }

    /// Wherever the user is signed in.
    pub(crate) async fn delete_sessions_of(&mut self, user: UserId) -> sqlx::Result<()> {
        execute!(self, "DELETE FROM sessions WHERE user_id = $1", Text(user)).map(drop)
    }

    pub(crate) async fn delete_expired_sessions(&mut self, now: u64) -> sqlx::Result<u64> {
        execute!(self, "DELETE FROM sessions WHERE expires_at <= $1", signed(now))
    }
}
