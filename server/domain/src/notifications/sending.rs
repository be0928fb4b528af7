//! Sending what waits. Each endpoint is a queue of its own; endpoints take turns, so what waits at one of them delays
//! no other.

use super::attempt::Attempt;
use crate::{
    clock::{millis, to_date},
    error::{Error, Result},
    services::Services,
    store::{ClaimedRow, EndpointRow, OrgTx},
};
use chrono::{DateTime, Utc};
use protocol::{
    ids::{EndpointId, OrgId},
    webhook::EndpointState,
};
use std::time::Duration;

/// How long a worker owns what it claimed; longer than an exchange and storing how it went.
const LEASE: Duration = Duration::from_secs(60);
/// Deliveries that [`run_due`] claims at a time.
const BATCH: u32 = 16;

/// A delivery whose next attempt this process makes, until its lease runs out.
#[derive(Debug)]
pub struct Claimed {
    org: OrgId,
    endpoint: EndpointId,
    failing: bool,
    row: ClaimedRow,
}

impl Claimed {
    #[must_use]
    pub fn org(&self) -> OrgId {
        self.org
    }

    #[must_use]
    pub fn endpoint(&self) -> EndpointId {
        self.endpoint
    }

    /// Whether the endpoint's last attempt failed, so that it is likely to be slow.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.failing
    }
}

/// Whose deliveries are to be passed over, because as many as allowed are under way.
#[derive(Debug, Clone, Default)]
pub struct Except {
    pub endpoints: Vec<EndpointId>,
    pub orgs: Vec<OrgId>,
}

/// Claims what is due, at most one delivery of each endpoint and `limit` of all; the endpoint that was served longest
/// ago comes first.
pub async fn claim(services: &Services, limit: u32, except: &Except) -> Result<Vec<Claimed>> {
    let now = services.now();
    let lease_until = now + millis(LEASE);
    let mut tx = services.begin().await?;
    let mut claimed = Vec::new();
    for queue in tx.due_queues(limit, (&except.endpoints, &except.orgs), now).await? {
        let (owner, endpoint) = (queue.org(), queue.endpoint());
        let mut org = tx.org(owner);
        let Some(found) = active(&mut org, endpoint).await? else {
            org.drop_queue(endpoint).await?;
            continue;
        };
        let row = org.claim_delivery(endpoint, now, lease_until).await?;
        org.requeue(endpoint, now).await?;
        let failing = found.failing_since.is_some();
        claimed.extend(row.map(|row| Claimed { org: owner, endpoint, failing, row }));
    }
    tx.commit().await?;
    Ok(claimed)
}

async fn active(org: &mut OrgTx<'_>, endpoint: EndpointId) -> Result<Option<EndpointRow>> {
    Ok(org.endpoint(endpoint).await?.filter(|endpoint| endpoint.state() == EndpointState::Active))
}

/// Makes the attempt and stores how it went. What fails within Mixdown is logged; the attempt is made again when its
/// lease has run out.
pub async fn run(services: &Services, claimed: Claimed) {
    let (org, endpoint) = (claimed.org, claimed.endpoint);
    let done = attempt(services, claimed).await;
    if let Err(error) = done {
        tracing::error!(%org, %endpoint, error = &error as &dyn std::error::Error, "an attempt at a webhook was not made");
    }
}

async fn attempt(services: &Services, claimed: Claimed) -> Result<()> {
    let Claimed { org: owner, endpoint, row, .. } = claimed;
    let (endpoint, body) = {
        let mut tx = services.read().await?;
        let mut org = tx.org(owner);
        // Without an active endpoint the delivery waits until it is enabled, or goes with it.
        let Some(endpoint) = active(&mut org, endpoint).await? else { return Ok(()) };
        (endpoint, org.message_body(row.message()).await?)
    };
    let Some(body) = body else {
        let mut tx = services.begin().await?;
        tx.org(owner).give_delivery_up(row.id()).await?;
        return tx.commit().await.map_err(Error::from);
    };
    Attempt { org: owner, endpoint, row, body }.make(services).await
}

/// Claims and runs what is due one after the other, once; how many attempts were made.
pub async fn run_due(services: &Services) -> Result<usize> {
    let claimed = claim(services, BATCH, &Except::default()).await?;
    let count = claimed.len();
    for claimed in claimed {
        run(services, claimed).await;
    }
    Ok(count)
}

/// When the next delivery is due, passing over these; in the past when one is due now.
pub async fn next_due(services: &Services, except: &Except) -> Result<Option<DateTime<Utc>>> {
    let mut tx = services.read().await?;
    Ok(tx.next_due_queue((&except.endpoints, &except.orgs)).await?.map(to_date))
}
