//! Deliveries that wait, as those see them who send. Each endpoint is a queue of its own with one row that says when it
//! is due, so that what waits at one endpoint costs nobody else anything. Rows are locked in the order queue, delivery,
//! endpoint.

use super::{JsonText, OrgTx, Text, Tx, execute, fetch_all, fetch_optional, on, signed, unsigned};
use protocol::{
    ids::{DeliveryId, EndpointId, MessageId, OrgId},
    webhook::{AttemptProblem, DeliveryState},
};
use std::{collections::BTreeMap, fmt::Display};

/// An endpoint with something due.
#[derive(sqlx::FromRow)]
pub(crate) struct DueQueueRow {
    org_id: Text<OrgId>,
    endpoint_id: Text<EndpointId>,
}

impl DueQueueRow {
    pub(crate) fn org(&self) -> OrgId {
        self.org_id.0
    }

    pub(crate) fn endpoint(&self) -> EndpointId {
        self.endpoint_id.0
    }
}

/// A delivery whose next attempt was begun.
#[derive(sqlx::FromRow, Debug)]
pub(crate) struct ClaimedRow {
    id: Text<DeliveryId>,
    message_id: Text<MessageId>,
    /// The number of this attempt; counts from 1.
    pub attempts: i64,
    pub replayed_after: i64,
}

impl ClaimedRow {
    pub(crate) fn id(&self) -> DeliveryId {
        self.id.0
    }

    pub(crate) fn message(&self) -> MessageId {
        self.message_id.0
    }
}

/// How an attempt went.
pub(crate) struct NewAttempt<'a> {
    pub delivery: DeliveryId,
    pub attempt: i64,
    pub at: u64,
    pub latency_ms: u64,
    pub status: Option<u16>,
    /// Nothing when it was delivered.
    pub problem: Option<AttemptProblem>,
    pub headers: &'a BTreeMap<String, String>,
    pub body: &'a str,
    pub next_at: Option<u64>,
}

impl NewAttempt<'_> {
    fn state(&self) -> DeliveryState {
        match (self.problem, self.next_at) {
            (None, _) => DeliveryState::Delivered,
            (Some(_), Some(_)) => DeliveryState::Waiting,
            (Some(_), None) => DeliveryState::Failed,
        }
    }
}

#[derive(sqlx::FromRow)]
struct Due {
    due_at: Option<i64>,
}

/// A list as text in which each identifier is found; both databases understand it.
fn names(ids: &[impl Display]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

impl Tx {
    /// Endpoints with something due, the one that was served longest ago first, passing over these. PostgreSQL's
    /// claimers step around each other's rows, SQLite has one writer anyway.
    pub(crate) async fn due_queues(
        &mut self,
        limit: u32,
        except: (&[EndpointId], &[OrgId]),
        now: u64,
    ) -> sqlx::Result<Vec<DueQueueRow>> {
        macro_rules! due {
            ($lock:literal) => {
                concat!(
                    "SELECT org_id, endpoint_id FROM delivery_queues
                     WHERE due_at <= $1 AND $2 NOT LIKE '%' || endpoint_id || '%' AND $3 NOT LIKE '%' || org_id || '%'
                     ORDER BY served_at, due_at LIMIT $4 ",
                    $lock
                )
            };
        }
        let statement = if self.is_postgres() { due!("FOR UPDATE SKIP LOCKED") } else { due!("") };
        let (endpoints, orgs) = (names(except.0), names(except.1));
        fetch_all!(self, DueQueueRow, statement, signed(now), endpoints, orgs, i64::from(limit))
    }

    /// When the first endpoint is due, passing over these.
    pub(crate) async fn next_due_queue(&mut self, except: (&[EndpointId], &[OrgId])) -> sqlx::Result<Option<u64>> {
        let row = fetch_optional!(
            self,
            Due,
            "SELECT due_at FROM delivery_queues
             WHERE $1 NOT LIKE '%' || endpoint_id || '%' AND $2 NOT LIKE '%' || org_id || '%' ORDER BY due_at LIMIT 1",
            names(except.0),
            names(except.1),
        )?;
        Ok(row.and_then(|row| row.due_at).map(unsigned))
    }
}

impl OrgTx<'_> {
    /// Something is due for an active endpoint at that time.
    pub(crate) async fn hasten_queue(&mut self, endpoint: EndpointId, due_at: u64) -> sqlx::Result<()> {
        execute!(
            org self,
            "INSERT INTO delivery_queues (org_id, endpoint_id, due_at, served_at)
             SELECT org_id, id, $3, 0 FROM webhook_endpoints
             WHERE org_id = $1 AND id = $2 AND state = 'active' AND removed_at IS NULL
             ON CONFLICT (org_id, endpoint_id) DO UPDATE SET due_at = excluded.due_at
             WHERE delivery_queues.due_at > excluded.due_at",
            Text(endpoint),
            signed(due_at),
        )?;
        self.system().will_wake_webhooks();
        Ok(())
    }

    /// Takes the earliest delivery that is due at an endpoint. That it is due is asked of the row itself as well: on
    /// PostgreSQL somebody may have ended its attempt while this waited for the row.
    pub(crate) async fn claim_delivery(
        &mut self,
        endpoint: EndpointId,
        now: u64,
        lease_until: u64,
    ) -> sqlx::Result<Option<ClaimedRow>> {
        fetch_optional!(
            org self,
            ClaimedRow,
            "UPDATE deliveries SET attempts = attempts + 1, due_at = $4 WHERE org_id = $1 AND due_at <= $3 AND id = (
                 SELECT id FROM deliveries WHERE org_id = $1 AND endpoint_id = $2 AND due_at <= $3
                 ORDER BY due_at LIMIT 1)
             RETURNING id, message_id, attempts, replayed_after",
            Text(endpoint),
            signed(now),
            signed(lease_until),
        )
    }

    /// An endpoint was served: its queue is due when its next delivery is, and gone when nothing waits.
    pub(crate) async fn requeue(&mut self, endpoint: EndpointId, now: u64) -> sqlx::Result<()> {
        let row = fetch_optional!(
            org self,
            Due,
            "SELECT min(due_at) AS due_at FROM deliveries
             WHERE org_id = $1 AND endpoint_id = $2 AND due_at IS NOT NULL",
            Text(endpoint),
        )?;
        let Some(due_at) = row.and_then(|row| row.due_at) else { return self.drop_queue(endpoint).await };
        execute!(
            org self,
            "UPDATE delivery_queues SET due_at = $3, served_at = $4 WHERE org_id = $1 AND endpoint_id = $2",
            Text(endpoint),
            due_at,
            signed(now),
        )
        .map(drop)
    }

    /// Nothing is sent to an endpoint until its queue is hastened again.
    pub(crate) async fn drop_queue(&mut self, endpoint: EndpointId) -> sqlx::Result<()> {
        execute!(
            org self,
            "DELETE FROM delivery_queues WHERE org_id = $1 AND endpoint_id = $2",
            Text(endpoint),
        )
        .map(drop)
    }

    /// Stores how an attempt went; false when a later one began meanwhile. A worker whose lease ran out may log the
    /// same attempt again; the later word stays.
    pub(crate) async fn finish_attempt(&mut self, attempt: &NewAttempt<'_>) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "UPDATE deliveries SET state = $4, due_at = $5, last_at = $6, last_status = $7, last_problem = $8
             WHERE org_id = $1 AND id = $2 AND attempts = $3 AND state = 'waiting'",
            Text(attempt.delivery),
            attempt.attempt,
            Text(attempt.state()),
            attempt.next_at.map(signed),
            signed(attempt.at),
            attempt.status.map(i64::from),
            attempt.problem.map(Text),
        )?;
        execute!(
            org self,
            "INSERT INTO delivery_attempts (org_id, delivery_id, attempt, at, latency_ms, status, problem, headers,
                 body, next_at)
             SELECT $1, id, $3, $4, $5, $6, $7, $8, $9, $10 FROM deliveries WHERE org_id = $1 AND id = $2
             ON CONFLICT (org_id, delivery_id, attempt) DO UPDATE SET at = excluded.at,
                 latency_ms = excluded.latency_ms, status = excluded.status, problem = excluded.problem,
                 headers = excluded.headers, body = excluded.body, next_at = excluded.next_at",
            Text(attempt.delivery),
            attempt.attempt,
            signed(attempt.at),
            signed(attempt.latency_ms),
            attempt.status.map(i64::from),
            attempt.problem.map(Text),
            JsonText(attempt.headers),
            attempt.body,
            attempt.next_at.map(signed),
        )?;
        Ok(rows == 1)
    }

    /// There is nothing to be sent any more.
    pub(crate) async fn give_delivery_up(&mut self, delivery: DeliveryId) -> sqlx::Result<()> {
        execute!(
            org self,
            "UPDATE deliveries SET state = 'failed', due_at = NULL WHERE org_id = $1 AND id = $2 AND state = 'waiting'",
            Text(delivery),
        )
        .map(drop)
    }

    /// Begins the schedule of one delivery anew.
    pub(crate) async fn replay_delivery(&mut self, delivery: DeliveryId, now: u64) -> sqlx::Result<()> {
        execute!(
            org self,
            "UPDATE deliveries SET state = 'waiting', due_at = $3, replayed_after = attempts
             WHERE org_id = $1 AND id = $2",
            Text(delivery),
            signed(now),
        )
        .map(drop)
    }

    /// The same for failed ones of an endpoint whose messages are still known, oldest first; how many.
    pub(crate) async fn replay_failed(
        &mut self,
        endpoint: EndpointId,
        (from, until): (DeliveryId, DeliveryId),
        limit: i64,
        now: u64,
    ) -> sqlx::Result<u64> {
        execute!(
            org self,
            "UPDATE deliveries SET state = 'waiting', due_at = $5, replayed_after = attempts
             WHERE org_id = $1 AND id IN (
                 SELECT d.id FROM deliveries d JOIN messages m ON m.org_id = d.org_id AND m.id = d.message_id
                 WHERE d.org_id = $1 AND d.endpoint_id = $2 AND d.state = 'failed' AND d.id >= $3 AND d.id < $4
                     AND m.body IS NOT NULL
                 ORDER BY d.id LIMIT $6)",
            Text(endpoint),
            Text(from),
            Text(until),
            signed(now),
            limit,
        )
    }
}
