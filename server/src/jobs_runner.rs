//! Runs background jobs: at once when one was committed, or when the next one is due.
//!
//! Each lane has its own places, so slow buckets delay no other work; and one org may take only some of the places for
//! those, so what is slow of its own does not delay others.

use crate::{
    lifecycle::Lifecycle,
    places::Places,
    runner::{self, Source},
};
use chrono::{DateTime, Utc};
use domain::{
    Services,
    jobs::{self, Claimed, Lane},
};
use protocol::ids::OrgId;
use std::sync::Arc;
use tokio::sync::watch;

/// Jobs that run at the same time.
const PLACES: usize = 8;
const OUTWARD_PLACES: usize = 16;
/// Validations of one org that run at the same time.
const OUTWARD_PLACES_OF_ORG: usize = 4;

/// Starts one task per lane.
pub fn start(services: &Services, lifecycle: &Lifecycle) {
    for lane in Lane::ALL {
        let source = Jobs { services: services.clone(), lane, places: Arc::default() };
        lifecycle.spawn(runner::run(source, lifecycle.clone()));
    }
}

/// The jobs of one lane; those without an org are the installation's.
struct Jobs {
    services: Services,
    lane: Lane,
    places: Arc<Places<Option<OrgId>>>,
}

impl Jobs {
    fn free(&self) -> usize {
        let all = if self.lane.is_outward() { OUTWARD_PLACES } else { PLACES };
        all.saturating_sub(self.places.all_taken())
    }

    /// Orgs that have as many places as one org may have.
    fn full(&self) -> Vec<OrgId> {
        if !self.lane.is_outward() {
            return Vec::new();
        }
        self.places.shares_with(OUTWARD_PLACES_OF_ORG).into_iter().flatten().collect()
    }
}

impl Source for Jobs {
    type Claimed = Claimed;

    fn name(&self) -> String {
        format!("{} jobs", self.lane)
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.services.jobs_changed()
    }

    async fn freed(&self) {
        self.places.freed().await;
    }

    fn has_room(&self) -> bool {
        self.free() > 0
    }

    /// Outward ones are claimed one by one, because each may be the last that its org has a place for.
    async fn claim(&self) -> domain::Result<Vec<Claimed>> {
        let limit = if self.lane.is_outward() { 1 } else { self.free() };
        jobs::claim(&self.services, self.lane, u32::try_from(limit).unwrap_or(1), &self.full()).await
    }

    fn start(&self, job: Claimed, lifecycle: &Lifecycle) {
        let (services, place) = (self.services.clone(), self.places.take(job.org(), 1));
        lifecycle.spawn(async move {
            jobs::run(&services, job).await;
            drop(place);
        });
    }

    async fn next_due(&self) -> domain::Result<Option<DateTime<Utc>>> {
        jobs::next_due(&self.services, self.lane, &self.full()).await
    }

    fn now(&self) -> DateTime<Utc> {
        self.services.clock().now()
    }
}
