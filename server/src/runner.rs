//! The loop that runs what waits in the database: at once when something was committed, or when the next is due.

use crate::lifecycle::Lifecycle;
use chrono::{DateTime, Utc};
use std::{future::Future, time::Duration};
use tokio::sync::watch;

/// Longest sleep; another process may have committed something, or have died with it.
const LONGEST_SLEEP: Duration = Duration::from_secs(15);
/// Shortest sleep, so that what is leased elsewhere is not asked for in a loop.
const SHORTEST_SLEEP: Duration = Duration::from_millis(100);
/// Pause after the database did not answer.
const FAILURE_PAUSE: Duration = Duration::from_secs(2);

/// Where work comes from.
pub trait Source: Send + Sync + 'static {
    type Claimed: Send;

    /// For the log.
    fn name(&self) -> String;
    /// Changes whenever this process committed something of it.
    fn changed(&self) -> watch::Receiver<u64>;
    /// Waits until something that ran has ended.
    fn freed(&self) -> impl Future<Output = ()> + Send;
    /// Whether anything more may run.
    fn has_room(&self) -> bool;
    /// As much as may run of what is due.
    fn claim(&self) -> impl Future<Output = domain::Result<Vec<Self::Claimed>>> + Send;
    fn start(&self, claimed: Self::Claimed, lifecycle: &Lifecycle);
    /// When something will be due that may run.
    fn next_due(&self) -> impl Future<Output = domain::Result<Option<DateTime<Utc>>>> + Send;
    fn now(&self) -> DateTime<Utc>;
}

/// Runs what comes from a source until the process stops.
pub async fn run(source: impl Source, lifecycle: Lifecycle) {
    let mut changed = source.changed();
    loop {
        // Before looking, so that what is committed while looking is not slept over.
        changed.mark_unchanged();
        let sleep = match start_due(&source, &lifecycle).await {
            Ok(0) => sleep_until_due(&source).await,
            Ok(_) => Duration::ZERO,
            Err(error) => {
                tracing::warn!(?error, source = source.name(), "work could not be claimed");
                FAILURE_PAUSE
            }
        };
        tokio::select! {
            () = lifecycle.stopping() => break,
            () = tokio::time::sleep(sleep) => {}
            () = source.freed() => {}
            // The sender lives as long as the services; an error means that they are going.
            _ = changed.changed() => {}
        }
    }
}

async fn start_due<S: Source>(source: &S, lifecycle: &Lifecycle) -> domain::Result<usize> {
    if !source.has_room() {
        return Ok(0);
    }
    let claimed = source.claim().await?;
    let count = claimed.len();
    claimed.into_iter().for_each(|claimed| source.start(claimed, lifecycle));
    Ok(count)
}

async fn sleep_until_due(source: &impl Source) -> Duration {
    if !source.has_room() {
        return LONGEST_SLEEP;
    }
    match source.next_due().await {
        Ok(Some(due)) => (due - source.now()).to_std().unwrap_or_default().clamp(SHORTEST_SLEEP, LONGEST_SLEEP),
        Ok(None) => LONGEST_SLEEP,
        Err(error) => {
            tracing::warn!(?error, source = source.name(), "when the next work is due is not known");
            FAILURE_PAUSE
        }
    }
}
