//! Messages to webhooks and what became of them, as people look at it.

use super::{JsonText, OrgTx, Text, Tx, execute, fetch_all, fetch_optional, on, signed};
use protocol::{
    ids::{ApplicationId, DeliveryId, EndpointId, MessageId},
    webhook::{AttemptProblem, DeliveryState, EventType},
};
use std::collections::BTreeMap;

/// A delivery as stored.
#[derive(sqlx::FromRow)]
pub(crate) struct DeliveryRow {
    id: Text<DeliveryId>,
    message_id: Text<MessageId>,
    endpoint_id: Text<EndpointId>,
    event: Text<EventType>,
    state: Text<DeliveryState>,
    pub due_at: Option<i64>,
    pub attempts: i64,
    pub last_at: Option<i64>,
    pub last_status: Option<i64>,
    last_problem: Option<Text<AttemptProblem>>,
    pub created_at: i64,
}

impl DeliveryRow {
    pub(crate) fn id(&self) -> DeliveryId {
        self.id.0
    }

    pub(crate) fn message(&self) -> MessageId {
        self.message_id.0
    }

    pub(crate) fn endpoint(&self) -> EndpointId {
        self.endpoint_id.0
    }

    pub(crate) fn event(&self) -> EventType {
        self.event.0
    }

    pub(crate) fn state(&self) -> DeliveryState {
        self.state.0
    }

    pub(crate) fn last_problem(&self) -> Option<AttemptProblem> {
        self.last_problem.map(|problem| problem.0)
    }
}

/// One attempt, as logged.
#[derive(sqlx::FromRow)]
pub(crate) struct AttemptRow {
    pub attempt: i64,
    pub at: i64,
    pub latency_ms: i64,
    pub status: Option<i64>,
    problem: Option<Text<AttemptProblem>>,
    headers: JsonText<BTreeMap<String, String>>,
    pub body: String,
    pub next_at: Option<i64>,
}

impl AttemptRow {
    pub(crate) fn problem(&self) -> Option<AttemptProblem> {
        self.problem.map(|problem| problem.0)
    }

    pub(crate) fn headers(&self) -> &BTreeMap<String, String> {
        &self.headers.0
    }
}

/// A message to be told.
pub(crate) struct NewMessage<'a> {
    pub id: MessageId,
    pub application: ApplicationId,
    pub event: EventType,
    pub body: &'a str,
    pub now: u64,
}

/// Which deliveries of one endpoint, newest first.
pub(crate) struct DeliverySelection {
    pub event: Option<EventType>,
    pub state: Option<DeliveryState>,
    /// Only those before this one.
    pub before: Option<DeliveryId>,
    /// Only this one and later ones.
    pub from: Option<DeliveryId>,
    pub limit: i64,
}

#[derive(sqlx::FromRow)]
struct Body {
    body: Option<String>,
}

/// Each form of the filter is a statement of its own, so that each follows the index that was made for it.
macro_rules! select_deliveries {
    ($filter:literal) => {
        concat!(
            "SELECT id, message_id, endpoint_id, event, state, due_at, attempts, last_at, last_status, last_problem,
                 created_at
             FROM deliveries WHERE org_id = $1 ",
            $filter
        )
    };
}

/// What every page has in common.
/// The lower bound is kept from SQLite's planner: without statistics, which would keep samples of what was deleted, it takes a
/// range with two ends for so narrow that it reads everybody's deliveries in it instead of an endpoint's.
macro_rules! select_page {
    ($filter:literal) => {
        concat!(
            "SELECT id, message_id, endpoint_id, event, state, due_at, attempts, last_at, last_status, last_problem,
                 created_at
             FROM deliveries WHERE org_id = $1 AND endpoint_id = $2 AND id < $3 AND '' || id >= $4 ",
            $filter,
            " ORDER BY id DESC LIMIT $5"
        )
    };
}

/// Sorts after every identifier, in every collation.
const LAST: &str = "dlv_z";

impl OrgTx<'_> {
    pub(crate) async fn insert_message(&mut self, new: &NewMessage<'_>) -> sqlx::Result<()> {
        execute!(
            org self,
            "INSERT INTO messages (org_id, id, application_id, event, body, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
            Text(new.id),
            Text(new.application),
            Text(new.event),
            new.body,
            signed(new.now),
        )
        .map(drop)
    }

    /// Due at once.
    pub(crate) async fn insert_delivery(
        &mut self,
        id: DeliveryId,
        message: MessageId,
        endpoint: EndpointId,
        event: EventType,
        now: u64,
    ) -> sqlx::Result<()> {
        execute!(
            org self,
            "INSERT INTO deliveries (org_id, id, message_id, endpoint_id, event, state, due_at, attempts,
                 replayed_after, created_at)
             VALUES ($1, $2, $3, $4, $5, 'waiting', $6, 0, 0, $6)",
            Text(id),
            Text(message),
            Text(endpoint),
            Text(event),
            signed(now),
        )
        .map(drop)
    }

    pub(crate) async fn deliveries(
        &mut self,
        endpoint: EndpointId,
        selection: &DeliverySelection,
    ) -> sqlx::Result<Vec<DeliveryRow>> {
        let before = selection.before.map_or_else(|| LAST.to_owned(), |id| id.to_string());
        let from = selection.from.map(|id| id.to_string()).unwrap_or_default();
        macro_rules! page {
            ($filter:literal $(, $value:expr)*) => {
                fetch_all!(
                    org self,
                    DeliveryRow,
                    select_page!($filter),
                    Text(endpoint),
                    before,
                    from,
                    selection.limit,
                    $($value,)*
                )
            };
        }
        match (selection.event.map(Text), selection.state.map(Text)) {
            (None, None) => page!(""),
            (None, Some(state)) => page!("AND state = $6", state),
            (Some(event), None) => page!("AND event = $6", event),
            (Some(event), Some(state)) => page!("AND event = $6 AND state = $7", event, state),
        }
    }

    pub(crate) async fn delivery(&mut self, id: DeliveryId) -> sqlx::Result<Option<DeliveryRow>> {
        fetch_optional!(org self, DeliveryRow, select_deliveries!("AND id = $2"), Text(id))
    }

    /// What a message says; `None` once that is kept no longer.
    pub(crate) async fn message_body(&mut self, message: MessageId) -> sqlx::Result<Option<String>> {
        let row = fetch_optional!(
            org self,
            Body,
            "SELECT body FROM messages WHERE org_id = $1 AND id = $2",
            Text(message),
        )?;
        Ok(row.and_then(|row| row.body))
    }

    /// Oldest first.
    pub(crate) async fn attempts(&mut self, delivery: DeliveryId, limit: i64) -> sqlx::Result<Vec<AttemptRow>> {
        let mut rows = fetch_all!(
            org self,
            AttemptRow,
            "SELECT attempt, at, latency_ms, status, problem, headers, body, next_at FROM delivery_attempts
             WHERE org_id = $1 AND delivery_id = $2 ORDER BY attempt DESC LIMIT $3",
            Text(delivery),
            limit,
        )?;
        rows.reverse();
        Ok(rows)
    }
}

impl Tx {
    /// How many messages lost their bodies; at most `limit`, oldest first.
    pub(crate) async fn erase_message_bodies(&mut self, before: u64, limit: i64) -> sqlx::Result<u64> {
        execute!(
            self,
            "UPDATE messages SET body = NULL WHERE (org_id, id) IN (
                 SELECT org_id, id FROM messages WHERE created_at < $1 AND body IS NOT NULL ORDER BY created_at LIMIT $2)",
            signed(before),
            limit,
        )
    }

    /// Old messages with all that became of them; at most `limit`, oldest first.
    pub(crate) async fn delete_messages(&mut self, before: u64, limit: i64) -> sqlx::Result<u64> {
        execute!(
            self,
            "DELETE FROM messages WHERE (org_id, id) IN (
                 SELECT org_id, id FROM messages WHERE created_at < $1 ORDER BY created_at LIMIT $2)",
            signed(before),
            limit,
        )
    }

    /// Deliveries to endpoints that were removed; at most `limit`.
    pub(crate) async fn delete_removed_deliveries(&mut self, limit: i64) -> sqlx::Result<u64> {
        execute!(
            self,
            "DELETE FROM deliveries WHERE (org_id, id) IN (
                 SELECT d.org_id, d.id FROM webhook_endpoints e
                 JOIN deliveries d ON d.org_id = e.org_id AND d.endpoint_id = e.id
                 WHERE e.removed_at IS NOT NULL LIMIT $1)",
            limit,
        )
    }
}
