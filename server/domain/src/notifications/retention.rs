//! What is kept of messages, and for how long.

use crate::{error::Result, services::Services};

const DAY_MS: u64 = 24 * 3600 * 1000;
/// What messages say, which may be a link to a file.
const BODY_DAYS: u64 = 14;
/// That they were sent, and what was answered.
const LOG_DAYS: u64 = 60;
/// Rows of one transaction, and transactions of one sweep, so that nobody waits long for either.
const BATCH: u64 = 1000;
const BATCHES: usize = 100;

/// Erases what is kept no longer; the next sweep goes on where this one ended.
pub(crate) async fn sweep(services: &Services) -> Result<()> {
    let now = services.now();
    let (bodies, log) = (now.saturating_sub(BODY_DAYS * DAY_MS), now.saturating_sub(LOG_DAYS * DAY_MS));
    let limit = i64::try_from(BATCH).unwrap_or(i64::MAX);
    let mut erased = 0;
    for _ in 0..BATCHES {
        let mut tx = services.begin().await?;
        let touched = [
            tx.erase_message_bodies(bodies, limit).await?,
            tx.delete_messages(log, limit).await?,
            tx.delete_removed_deliveries(limit).await?,
        ];
        tx.commit().await?;
        erased += touched.iter().sum::<u64>();
        if touched.iter().all(|rows| *rows < BATCH) {
            break;
        }
    }
    let mut tx = services.begin().await?;
    let endpoints = tx.delete_removed_endpoints().await?;
    let secrets = tx.forget_previous_secrets(now).await?;
    tx.commit().await?;
    tracing::debug!(erased, endpoints, secrets, "old webhook messages erased");
    Ok(())
}
