//! Rows of console sessions. The identifier is stored as a hash, so a copy of the database signs nobody in.

use crate::{Error, Result, Services};
use chrono::{DateTime, Utc};

/// A session as kept.
#[derive(Debug, Clone)]
pub struct StoredSession {
    pub data: String,
    pub expires_at: DateTime<Utc>,
}

/// False when the identifier is taken.
pub async fn create(_services: &Services, _id: &str, _session: &StoredSession) -> Result<bool> {
    Err(Error::internal("pending"))
}

/// Stores it, replacing what was there.
pub async fn save(_services: &Services, _id: &str, _session: &StoredSession) -> Result<()> {
    Err(Error::internal("pending"))
}

/// `None` when unknown or expired.
pub async fn load(_services: &Services, _id: &str) -> Result<Option<StoredSession>> {
    Err(Error::internal("pending"))
}

pub async fn delete(_services: &Services, _id: &str) -> Result<()> {
    Err(Error::internal("pending"))
}
