//! Runs background jobs: at once when one was committed, or when the next one is due.
//!
//! Each lane has its own places, so slow webhooks of one customer delay neither other work nor, up to the number of
//! places, one another.

use crate::lifecycle::Lifecycle;
use domain::{
    Services,
    jobs::{self, Lane},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::{Semaphore, watch};

/// Jobs of one lane that run at the same time.
const PLACES: u32 = 8;
/// Longest sleep; another process may have committed a job, or have died with one.
const LONGEST_SLEEP: Duration = Duration::from_secs(15);
/// Shortest sleep, so that a job leased elsewhere is not asked for in a loop.
const SHORTEST_SLEEP: Duration = Duration::from_millis(100);
/// Pause after the database did not answer.
const FAILURE_PAUSE: Duration = Duration::from_secs(2);

/// Starts one task per lane.
pub fn start(services: &Services, lifecycle: &Lifecycle) {
    for lane in [Lane::Webhooks, Lane::Internal] {
        lifecycle.spawn(run_lane(services.clone(), lane, lifecycle.clone()));
    }
}

async fn run_lane(services: Services, lane: Lane, lifecycle: Lifecycle) {
    let places = Arc::new(Semaphore::new(PLACES as usize));
    let mut changed = services.jobs_changed();
    loop {
        // Before looking, so that a job committed while looking is not slept over.
        changed.mark_unchanged();
        let sleep = match claim(&services, lane, &places, &lifecycle).await {
            Ok(0) => sleep_until_due(&services, lane).await,
            Ok(_) => Duration::ZERO,
            Err(error) => {
                tracing::warn!(?error, ?lane, "jobs could not be claimed");
                FAILURE_PAUSE
            }
        };
        tokio::select! {
            () = lifecycle.stopping() => break,
            () = wake(sleep, &mut changed, &places) => {}
        }
    }
}

/// Claims as many jobs as there are free places and starts them.
async fn claim(
    services: &Services,
    lane: Lane,
    places: &Arc<Semaphore>,
    lifecycle: &Lifecycle,
) -> domain::Result<usize> {
    let free = u32::try_from(places.available_permits()).unwrap_or(PLACES);
    if free == 0 {
        return Ok(0);
    }
    let claimed = jobs::claim(services, lane, free).await?;
    let count = claimed.len();
    for job in claimed {
        let Ok(place) = Arc::clone(places).acquire_owned().await else { break };
        let services = services.clone();
        lifecycle.spawn(async move {
            jobs::run(&services, job).await;
            drop(place);
        });
    }
    Ok(count)
}

async fn sleep_until_due(services: &Services, lane: Lane) -> Duration {
    match jobs::next_due(services, lane).await {
        Ok(Some(due)) => {
            (due - services.clock().now()).to_std().unwrap_or_default().clamp(SHORTEST_SLEEP, LONGEST_SLEEP)
        }
        Ok(None) => LONGEST_SLEEP,
        Err(error) => {
            tracing::warn!(?error, ?lane, "the next job is not known");
            FAILURE_PAUSE
        }
    }
}

/// Sleeps until there is time and a place for another job.
async fn wake(sleep: Duration, changed: &mut watch::Receiver<u64>, places: &Semaphore) {
    tokio::select! {
        () = tokio::time::sleep(sleep) => {}
        // The sender lives as long as the services; an error means that they are going.
        _ = changed.changed() => {}
    }
    // The permit is given back at once: only the runner takes permits, so the place stays free.
    let _ = places.acquire().await;
}
