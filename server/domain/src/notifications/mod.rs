//! Webhooks: what is said, to whom, and how it went.

use crate::{Access, Error, Result, Services};
use chrono::{DateTime, Utc};
use protocol::ids::{ApplicationId, MessageId};

/// One attempt to deliver a message.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub message: MessageId,
    /// `recording.ready` or `recording.failed`.
    pub event: String,
    /// Counts from 1.
    pub attempt: u32,
    pub at: DateTime<Utc>,
    pub delivered: bool,
    /// HTTP status, when there was an answer.
    pub status: Option<u16>,
    pub latency_ms: u64,
    /// Beginning of the answer, or why there was none.
    pub answer: String,
    pub next_at: Option<DateTime<Utc>>,
}

/// Latest attempts for one application, newest first, at most 100.
pub async fn deliveries(_services: &Services, _access: &Access, _application: ApplicationId) -> Result<Vec<Delivery>> {
    Err(Error::internal("pending"))
}
