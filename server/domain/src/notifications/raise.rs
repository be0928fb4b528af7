//! Telling: a message and its deliveries are written in the transaction of what they tell.

use super::{
    events::{PeerData, RecordingData, RoomData, StorageData, TemasysBody, iso},
    requested,
};
use crate::{
    error::{Error, Result},
    recordings::links::Link,
    services::Services,
    store::{EndpointRow, NewMessage, OrgTx, RecordingRow, StorageRow},
};
use protocol::{
    ids::{ApplicationId, DeliveryId, MessageId, PeerId},
    names::{DisplayName, RoomName},
    recording::RecordingState,
    webhook::{BodyFormat, EndpointState, EventType},
};
use serde::Serialize;

pub(crate) use requested::{key_of_requests, known_key_of_requests};

#[derive(Serialize)]
struct Body<'a, T> {
    r#type: EventType,
    timestamp: String,
    data: &'a T,
}

/// Tells about a recording.
pub(crate) async fn recording(
    services: &Services,
    org: &mut OrgTx<'_>,
    row: &RecordingRow,
    event: EventType,
    link: Option<&Link>,
) -> Result<()> {
    let data = RecordingData::of(row, link);
    tell(services, org, row.application(), event, services.now(), &data).await?;
    if event == EventType::RecordingReady {
        let wanted = |endpoint: &EndpointRow| takes(endpoint, BodyFormat::Temasys, event);
        let endpoints = org.endpoints(row.application()).await?.into_iter().filter(wanted).collect();
        let body = || serde_json::to_string(&TemasysBody::of(&data)).map_err(Error::internal);
        send(services, org, (row.application(), event), endpoints, body).await?;
    }
    Ok(())
}

/// Tells that a recording made a step, if that is one to be told.
pub(crate) async fn recording_step(services: &Services, org: &mut OrgTx<'_>, row: &RecordingRow) -> Result<()> {
    let event = match row.state() {
        RecordingState::Recording => EventType::RecordingStarted,
        RecordingState::Stopping => EventType::RecordingStopped,
        RecordingState::Mixing => EventType::RecordingMixing,
        RecordingState::Requested | RecordingState::Uploading | RecordingState::Ready | RecordingState::Failed => {
            return Ok(());
        }
    };
    recording(services, org, row, event, None).await
}

/// Tells an application that a storage stopped working, with the reason, or works again.
pub(crate) async fn storage(
    services: &Services,
    org: &mut OrgTx<'_>,
    application: ApplicationId,
    storage: &StorageRow,
    reason: Option<&str>,
) -> Result<()> {
    let event = if reason.is_some() { EventType::StorageDegraded } else { EventType::StorageRecovered };
    let data = StorageData::of(storage, application, reason);
    tell(services, org, application, event, services.now(), &data).await
}

/// Tells that somebody is the first in a room, or, with an end, that the last one has left. Times are Unix
/// milliseconds.
pub(crate) async fn room(
    services: &Services,
    org: &mut OrgTx<'_>,
    (application, room): (ApplicationId, &RoomName),
    started: u64,
    ended: Option<u64>,
) -> Result<()> {
    let event = if ended.is_some() { EventType::RoomEnded } else { EventType::RoomStarted };
    let data = RoomData::of(application, room, started, ended);
    tell(services, org, application, event, ended.unwrap_or(started), &data).await
}

/// Who came into a room, or left it.
pub(crate) struct PeerMove<'a> {
    pub event: EventType,
    pub application: ApplicationId,
    pub room: &'a RoomName,
    pub peer: PeerId,
    pub name: Option<&'a DisplayName>,
    /// Unix milliseconds.
    pub at: u64,
}

/// Tells that somebody came into a room, or left it.
pub(crate) async fn peer(services: &Services, org: &mut OrgTx<'_>, told: &PeerMove<'_>) -> Result<()> {
    let data = PeerData::of(told.application, told.room, told.peer, told.name);
    tell(services, org, told.application, told.event, told.at, &data).await
}

/// Tells one endpoint, whatever it wants to hear.
pub(super) async fn to_one(
    services: &Services,
    org: &mut OrgTx<'_>,
    endpoint: EndpointRow,
    event: EventType,
    data: &impl Serialize,
) -> Result<DeliveryId> {
    let application = endpoint.application();
    let body = || render(event, services.now(), data);
    let sent = send(services, org, (application, event), vec![endpoint], body).await?;
    sent.first().copied().ok_or_else(super::endpoints::not_found)
}

/// An address that a request named.
pub(crate) struct Address<'a> {
    pub application: ApplicationId,
    pub url: &'a str,
    pub event: EventType,
}

/// Tells an address that a request named, in the words of the request's protocol. It is an endpoint like others, with
/// queue, retries and log of its own, that the application does not list.
pub(crate) async fn to_address(
    services: &Services,
    org: &mut OrgTx<'_>,
    to: &Address<'_>,
    body: &impl Serialize,
) -> Result<()> {
    let endpoint = requested::endpoint(services, org, to.application, to.url).await?;
    let body = || serde_json::to_string(body).map_err(Error::internal);
    send(services, org, (to.application, to.event), vec![endpoint], body).await.map(drop)
}

async fn tell(
    services: &Services,
    org: &mut OrgTx<'_>,
    application: ApplicationId,
    event: EventType,
    at: u64,
    data: &impl Serialize,
) -> Result<()> {
    let wanted = |endpoint: &EndpointRow| takes(endpoint, BodyFormat::Standard, event);
    let endpoints = org.endpoints(application).await?.into_iter().filter(wanted).collect();
    send(services, org, (application, event), endpoints, || render(event, at, data)).await.map(drop)
}

/// Whether an endpoint wants to hear of an event in this format.
fn takes(endpoint: &EndpointRow, format: BodyFormat, event: EventType) -> bool {
    let wanted = endpoint.events().is_empty() || endpoint.events().contains(&event);
    endpoint.state() == EndpointState::Active && endpoint.body_format() == format && wanted
}

fn render(event: EventType, at: u64, data: &impl Serialize) -> Result<String> {
    serde_json::to_string(&Body { r#type: event, timestamp: iso(at), data }).map_err(Error::internal)
}

/// Writes the message and a delivery for each of these endpoints, whose queues are touched in one order everywhere.
async fn send(
    services: &Services,
    org: &mut OrgTx<'_>,
    (application, event): (ApplicationId, EventType),
    endpoints: Vec<EndpointRow>,
    body: impl FnOnce() -> Result<String>,
) -> Result<Vec<DeliveryId>> {
    let mut sent = Vec::new();
    if endpoints.is_empty() {
        return Ok(sent);
    }
    let (message, now) = (services.new_id(MessageId::from_parts)?, services.now());
    org.insert_message(&NewMessage { id: message, application, event, body: &body()?, now }).await?;
    for endpoint in endpoints {
        let id = services.new_id(DeliveryId::from_parts)?;
        org.hasten_queue(endpoint.id(), now).await?;
        org.insert_delivery(id, message, endpoint.id(), event, now).await?;
        sent.push(id);
    }
    Ok(sent)
}
