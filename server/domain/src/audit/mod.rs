//! Who did what and when: append only, each entry carries the hash of the one before it in the same org.

use crate::{Access, Error, Result, Services};
use chrono::{DateTime, Utc};
use protocol::ids::AuditId;

/// One entry.
#[derive(Debug, Clone)]
pub struct Entry {
    pub id: AuditId,
    /// Counts from 1 within the org.
    pub sequence: u64,
    pub at: DateTime<Utc>,
    /// A user, node or `system`.
    pub actor: String,
    /// For example `application.recording_on`.
    pub action: String,
    /// What it was done to.
    pub object: String,
    pub detail: String,
}

/// Latest entries of the org, newest first, at most 100.
pub async fn list(_services: &Services, _access: &Access) -> Result<Vec<Entry>> {
    Err(Error::internal("pending"))
}

/// Whether the whole chain of the org is intact.
pub async fn verify(_services: &Services, _access: &Access) -> Result<bool> {
    Err(Error::internal("pending"))
}
