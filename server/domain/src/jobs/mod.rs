//! Background work: one table, claimed with a lease and a fencing number, retried with stored backoff.

use crate::{Error, Result, Services};
use chrono::{DateTime, Utc};

/// Work that must not wait for one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Requests to customers' webhooks; may be slow.
    Webhooks,
    /// Everything else.
    Internal,
}

/// Work claimed by this process until its lease runs out.
#[derive(Debug)]
pub struct Claimed(());

/// Claims due work of one lane.
pub async fn claim(_services: &Services, _lane: Lane, _limit: u32) -> Result<Vec<Claimed>> {
    Err(Error::internal("pending"))
}

/// Runs claimed work and stores how it went; failures are logged and retried by themselves.
pub async fn run(_services: &Services, _job: Claimed) {}

/// Claims and runs due work of both lanes one after the other; how many jobs ran.
pub async fn run_due(_services: &Services) -> Result<usize> {
    Err(Error::internal("pending"))
}

/// When the next job of a lane is due; in the past when one is due now.
pub async fn next_due(_services: &Services, _lane: Lane) -> Result<Option<DateTime<Utc>>> {
    Err(Error::internal("pending"))
}
