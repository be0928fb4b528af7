//! Rows of console sessions. The identifier is stored as a hash, so a copy of the database signs nobody in.

use crate::{
    clock::to_date,
    error::Result,
    secrets::hash_token,
    services::Services,
    store::{NewSession, unsigned},
};
use chrono::{DateTime, Utc};
use protocol::ids::UserId;

/// A session as kept.
#[derive(Debug, Clone)]
pub struct StoredSession {
    /// Whose it is, once somebody has signed in; all of a user's sessions can be ended together.
    pub user: Option<UserId>,
    pub data: String,
    pub expires_at: DateTime<Utc>,
}

impl StoredSession {
    fn row<'a>(&'a self, id_hash: &'a str) -> NewSession<'a> {
        let expires_at = u64::try_from(self.expires_at.timestamp_millis()).unwrap_or(0);
        NewSession { id_hash, user: self.user, data: &self.data, expires_at }
    }
}

/// False when the identifier is taken.
pub async fn create(services: &Services, id: &str, session: &StoredSession) -> Result<bool> {
    let mut tx = services.begin().await?;
    let created = tx.insert_session(&session.row(&hash_token(id))).await?;
    tx.commit().await?;
    Ok(created)
}

/// Replaces what was there. One that was deleted stays deleted: a request still under way while the person signs out
/// must not bring the session back.
pub async fn save(services: &Services, id: &str, session: &StoredSession) -> Result<()> {
    let mut tx = services.begin().await?;
    tx.update_session(&session.row(&hash_token(id))).await?;
    Ok(tx.commit().await?)
}

/// `None` when unknown or expired.
pub async fn load(services: &Services, id: &str) -> Result<Option<StoredSession>> {
    let row = services.read().await?.session(&hash_token(id), services.now()).await?;
    Ok(row.map(|row| StoredSession { user: row.user(), data: row.data, expires_at: to_date(unsigned(row.expires_at)) }))
}

pub async fn delete(services: &Services, id: &str) -> Result<()> {
    let mut tx = services.begin().await?;
    tx.delete_session(&hash_token(id)).await?;
    Ok(tx.commit().await?)
}
