//! Runs background jobs: at once when one was committed, or when the next one is due.
//!
//! Each lane has its own places, so slow receivers and buckets delay no other work; and one org may take only some of
//! the places for those, so what is slow of its own does not delay others.

use crate::lifecycle::Lifecycle;
use domain::{
    Services,
    jobs::{self, Claimed, Lane},
};
use protocol::ids::OrgId;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::{Notify, watch};

/// Jobs that run at the same time.
const PLACES: usize = 8;
const OUTWARD_PLACES: usize = 16;
/// Webhooks, or validations, of one org that run at the same time.
const OUTWARD_PLACES_OF_ORG: usize = 4;
/// Longest sleep; another process may have committed a job, or have died with one.
const LONGEST_SLEEP: Duration = Duration::from_secs(15);
/// Shortest sleep, so that a job leased elsewhere is not asked for in a loop.
const SHORTEST_SLEEP: Duration = Duration::from_millis(100);
/// Pause after the database did not answer.
const FAILURE_PAUSE: Duration = Duration::from_secs(2);

/// Starts one task per lane.
pub fn start(services: &Services, lifecycle: &Lifecycle) {
    for lane in Lane::ALL {
        let runner = Runner { services: services.clone(), lane, lifecycle: lifecycle.clone(), places: Arc::default() };
        lifecycle.spawn(runner.run());
    }
}

/// Runs the jobs of one lane.
struct Runner {
    services: Services,
    lane: Lane,
    lifecycle: Lifecycle,
    places: Arc<Places>,
}

/// Who has which of the places of one lane.
#[derive(Default)]
struct Places {
    /// Jobs that run, for each org; `None` is the installation.
    taken: Mutex<HashMap<Option<OrgId>, usize>>,
    freed: Notify,
}

impl Places {
    fn taken(&self) -> MutexGuard<'_, HashMap<Option<OrgId>, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(self: &Arc<Self>, org: Option<OrgId>) -> Place {
        *self.taken().entry(org).or_default() += 1;
        Place { places: Arc::clone(self), org }
    }

    fn free(&self, lane: Lane) -> usize {
        let all = if lane.is_outward() { OUTWARD_PLACES } else { PLACES };
        all.saturating_sub(self.taken().values().sum())
    }

    /// Orgs that have as many places as one org may have.
    fn full(&self, lane: Lane) -> Vec<OrgId> {
        if !lane.is_outward() {
            return Vec::new();
        }
        let taken = self.taken();
        taken.iter().filter(|(_, count)| **count >= OUTWARD_PLACES_OF_ORG).filter_map(|(org, _)| *org).collect()
    }
}

/// A place until it is dropped.
struct Place {
    places: Arc<Places>,
    org: Option<OrgId>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        if let Some(count) = taken.get_mut(&self.org) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.org);
            }
        }
        drop(taken);
        self.places.freed.notify_one();
    }
}

impl Runner {
    async fn run(self) {
        let mut changed = self.services.jobs_changed();
        loop {
            // Before looking, so that a job committed while looking is not slept over.
            changed.mark_unchanged();
            let sleep = match self.start_due().await {
                Ok(0) => self.sleep_until_due().await,
                Ok(_) => Duration::ZERO,
                Err(error) => {
                    tracing::warn!(?error, lane = ?self.lane, "jobs could not be claimed");
                    FAILURE_PAUSE
                }
            };
            tokio::select! {
                () = self.lifecycle.stopping() => break,
                () = self.wake(sleep, &mut changed) => {}
            }
        }
    }

    /// Claims as many jobs as there are places and starts them. Outward ones are claimed one by one, because each may
    /// be the last that its org has a place for.
    async fn start_due(&self) -> domain::Result<usize> {
        let limit = match (self.places.free(self.lane), self.lane) {
            (0, _) => return Ok(0),
            (_, lane) if lane.is_outward() => 1,
            (free, _) => free,
        };
        let limit = u32::try_from(limit).unwrap_or(1);
        let claimed = jobs::claim(&self.services, self.lane, limit, &self.places.full(self.lane)).await?;
        let count = claimed.len();
        claimed.into_iter().for_each(|job| self.start(job));
        Ok(count)
    }

    fn start(&self, job: Claimed) {
        let (services, place) = (self.services.clone(), self.places.take(job.org()));
        self.lifecycle.spawn(async move {
            jobs::run(&services, job).await;
            drop(place);
        });
    }

    async fn sleep_until_due(&self) -> Duration {
        if self.places.free(self.lane) == 0 {
            return LONGEST_SLEEP;
        }
        match jobs::next_due(&self.services, self.lane, &self.places.full(self.lane)).await {
            Ok(Some(due)) => {
                (due - self.services.clock().now()).to_std().unwrap_or_default().clamp(SHORTEST_SLEEP, LONGEST_SLEEP)
            }
            Ok(None) => LONGEST_SLEEP,
            Err(error) => {
                tracing::warn!(?error, lane = ?self.lane, "the next job is not known");
                FAILURE_PAUSE
            }
        }
    }

    /// Sleeps, unless a job was committed or a place became free.
    async fn wake(&self, sleep: Duration, changed: &mut watch::Receiver<u64>) {
        tokio::select! {
            () = tokio::time::sleep(sleep) => {}
            () = self.places.freed.notified() => {}
            // The sender lives as long as the services; an error means that they are going.
            _ = changed.changed() => {}
        }
    }
}
