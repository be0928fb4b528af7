//! What the pages about notifications show.

use protocol::{
    ids::{ApplicationId, DeliveryId, EndpointId},
    webhook::{AttemptProblem, BodyFormat, DeliveryState, EndpointState, EventType, Signing, SuspensionCause},
};
use serde::{Deserialize, Serialize};

/// An address that messages go to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointView {
    pub id: EndpointId,
    pub url: String,
    /// What it is told; empty for every event.
    pub events: Vec<EventType>,
    pub format: BodyFormat,
    pub signing: Signing,
    /// With Ed25519: what verifies the signatures, the present key first.
    pub public_keys: Vec<String>,
    /// Until then the secret of before signs too.
    pub previous_until_ms: Option<u64>,
    pub state: EndpointState,
    pub suspension: Option<SuspensionCause>,
    /// When attempts began to fail, while none succeeds.
    pub failing_ms: Option<u64>,
    pub created_ms: u64,
}

/// An event that an endpoint can be told, and what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventView {
    pub event: EventType,
    pub summary: String,
}

/// The endpoints of an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointsView {
    pub application: ApplicationId,
    pub name: String,
    /// Oldest first.
    pub endpoints: Vec<EndpointView>,
    pub events: Vec<EventView>,
    pub may_change: bool,
}

/// One endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointDetail {
    pub application: ApplicationId,
    pub endpoint: EndpointView,
    pub events: Vec<EventView>,
    pub may_change: bool,
}

/// One message on its way to one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryView {
    pub id: DeliveryId,
    pub event: EventType,
    /// Where it goes.
    pub host: String,
    pub state: DeliveryState,
    pub attempts: u64,
    pub created_ms: u64,
    pub status: Option<u16>,
    pub problem: Option<AttemptProblem>,
    pub next_ms: Option<u64>,
}

/// A page of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryList {
    pub name: String,
    /// Identifiers and addresses of the application's endpoints.
    pub endpoints: Vec<(EndpointId, String)>,
    /// Newest first.
    pub items: Vec<DeliveryView>,
    pub next: Option<DeliveryId>,
    pub may_change: bool,
}

/// A delivery with what was sent and answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryDetail {
    pub delivery: DeliveryView,
    /// The `webhook-id` of every attempt.
    pub message: String,
    /// What is sent; `None` once it is kept no longer.
    pub body: Option<String>,
    /// Oldest first.
    pub attempts: Vec<AttemptView>,
    pub may_change: bool,
}

impl DeliveryDetail {
    /// Whether the first attempt is still to come, which is a matter of moments.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.delivery.state == DeliveryState::Waiting && self.attempts.is_empty()
    }
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptView {
    pub number: u64,
    pub at_ms: u64,
    pub latency_ms: u64,
    pub status: Option<u16>,
    pub problem: Option<AttemptProblem>,
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub next_ms: Option<u64>,
}
