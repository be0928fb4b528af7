//! Sends to webhooks what waits for them.
//!
//! An endpoint has a few places, one that fails only one, and an org some of all: whoever is slow or dead waits for
//! itself, not others for it.

use crate::{
    lifecycle::Lifecycle,
    places::Places,
    runner::{self, Source},
};
use chrono::{DateTime, Utc};
use domain::{
    Services,
    notifications::sending::{self, Claimed, Except},
};
use protocol::ids::{EndpointId, OrgId};
use std::sync::Arc;
use tokio::sync::watch;

/// Attempts that are under way at the same time.
const PLACES: usize = 128;
const PLACES_OF_ORG: usize = 32;
const PLACES_OF_ENDPOINT: usize = 4;
/// Attempts claimed at a time.
const BATCH: usize = 16;

/// Starts sending.
pub fn start(services: &Services, lifecycle: &Lifecycle) {
    let source = Webhooks { services: services.clone(), orgs: Arc::default(), endpoints: Arc::default() };
    lifecycle.spawn(runner::run(source, lifecycle.clone()));
}

struct Webhooks {
    services: Services,
    orgs: Arc<Places<OrgId>>,
    endpoints: Arc<Places<EndpointId>>,
}

impl Webhooks {
    fn free(&self) -> usize {
        PLACES.saturating_sub(self.orgs.all_taken())
    }

    fn except(&self) -> Except {
        Except { endpoints: self.endpoints.shares_with(PLACES_OF_ENDPOINT), orgs: self.orgs.shares_with(PLACES_OF_ORG) }
    }
}

impl Source for Webhooks {
    type Claimed = Claimed;

    fn name(&self) -> String {
        "webhooks".to_owned()
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.services.webhooks_changed()
    }

    async fn freed(&self) {
        self.orgs.freed().await;
    }

    fn has_room(&self) -> bool {
        self.free() > 0
    }

    /// Not more than every org has room for, even if all of it is of one org.
    async fn claim(&self) -> domain::Result<Vec<Claimed>> {
        let limit = BATCH.min(self.free()).min(PLACES_OF_ORG - self.orgs.most_below(PLACES_OF_ORG));
        sending::claim(&self.services, u32::try_from(limit).unwrap_or(1), &self.except()).await
    }

    fn start(&self, claimed: Claimed, lifecycle: &Lifecycle) {
        let services = self.services.clone();
        let count = if claimed.is_failing() { PLACES_OF_ENDPOINT } else { 1 };
        let endpoint = self.endpoints.take(claimed.endpoint(), count);
        let org = self.orgs.take(claimed.org(), 1);
        lifecycle.spawn(async move {
            sending::run(&services, claimed).await;
            // In this order: whoever waits for the org's place looks at both.
            drop(endpoint);
            drop(org);
        });
    }

    async fn next_due(&self) -> domain::Result<Option<DateTime<Utc>>> {
        sending::next_due(&self.services, &self.except()).await
    }

    fn now(&self) -> DateTime<Utc> {
        self.services.clock().now()
    }
}
