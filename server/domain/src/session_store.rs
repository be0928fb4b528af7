//! Rows of console sessions. The identifier is stored as a hash, so a copy of the database signs nobody in.

use crate::{clock::to_date, error::Result, secrets::hash_token, services::Services, store::unsigned};
use chrono::{DateTime, Utc};

/// A session as kept.
#[derive(Debug, Clone)]
pub struct StoredSession {
    pub data: String,
    pub expires_at: DateTime<Utc>,
}

impl StoredSession {
    fn expires_ms(&self) -> u64 {
        u64::try_from(self.expires_at.timestamp_millis()).unwrap_or(0)
    }
}

/// False when the identifier is taken.
pub async fn create(services: &Services, id: &str, session: &StoredSession) -> Result<bool> {
    let mut tx = services.begin().await?;
    let created = tx.insert_session(&hash_token(id), &session.data, session.expires_ms()).await?;
    tx.commit().await?;
    Ok(created)
}

/// Replaces what was there. One that was deleted stays deleted: a request still under way while the person signs out
/// must not bring the session back.
pub async fn save(services: &Services, id: &str, session: &StoredSession) -> Result<()> {
    let mut tx = services.begin().await?;
    tx.update_session(&hash_token(id), &session.data, session.expires_ms()).await?;
    Ok(tx.commit().await?)
}

/// `None` when unknown or expired.
pub async fn load(services: &Services, id: &str) -> Result<Option<StoredSession>> {
    let row = services.read().await?.session(&hash_token(id), services.now()).await?;
    Ok(row.map(|row| StoredSession { data: row.data, expires_at: to_date(unsigned(row.expires_at)) }))
}

pub async fn delete(services: &Services, id: &str) -> Result<()> {
    let mut tx = services.begin().await?;
    tx.delete_session(&hash_token(id)).await?;
    Ok(tx.commit().await?)
}
