//! Periodic: requests the deletion of recordings that are older than their application keeps them, and finds requested
//! deletions that no job works on.

use super::{
    Work,
    runner::{Outcome, push},
};
use crate::{error::Result, recordings::retention, services::Services, store::Doomed};
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(600);
/// With more to do, the next batch comes sooner, so that other work gets its turn in between.
const NEXT_BATCH: Duration = Duration::from_secs(5);
const BATCH: i64 = 200;
/// A deletion takes seconds; its job retries by itself.
const DELETION_MS: u64 = 3600 * 1000;

pub(super) async fn run(services: &Services) -> Result<Outcome> {
    let outlived = services.read().await?.outlived_recordings(services.now(), BATCH).await?;
    let mut failures = 0;
    for recording in &outlived {
        if let Err(error) = retention::apply(services, recording).await {
            failures += 1;
            let error = &error as &dyn std::error::Error;
            tracing::warn!(recording = %recording.id(), error, "not deleted yet; the others are");
        }
    }
    find_forgotten(services).await?;
    let more = failures == 0 && is_full(&outlived);
    Ok(Outcome::Repeat(if more { NEXT_BATCH } else { EVERY }))
}

/// A job that waits is left alone; one that was lost comes back.
async fn find_forgotten(services: &Services) -> Result<()> {
    let before = services.now().saturating_sub(DELETION_MS);
    let mut after = None;
    loop {
        let waiting = services.read().await?.waiting_deletions(before, after, BATCH).await?;
        let mut tx = services.begin().await?;
        for recording in &waiting {
            push(services, &mut tx, &Work::DeleteObject { org: recording.org(), recording: recording.id() }).await?;
        }
        tx.commit().await?;
        if !is_full(&waiting) {
            return Ok(());
        }
        after = waiting.last().map(Doomed::id);
    }
}

fn is_full(batch: &[Doomed]) -> bool {
    i64::try_from(batch.len()).is_ok_and(|found| found == BATCH)
}
