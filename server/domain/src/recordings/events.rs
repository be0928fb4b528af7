//! Applying what nodes report: once, in order, each in one transaction with everything it causes.

use super::ending;
use crate::{
    audit::{self, Actor},
    error::{Error, Result},
    jobs::{self, Work},
    notifications,
    rooms::{self, Arrival},
    services::Services,
    store::{Step, Tx},
    streamrec::{lifecycle, uploads},
};
use protocol::{
    ids::{NodeId, RecordingId},
    link::Event,
    recording::RecordingState,
};

/// Applies one event of a node, once and in order, in one transaction with its jobs. A repeated one is harmless; one
/// that leaves a gap is refused with `event_out_of_order`.
pub async fn apply_event(services: &Services, node: NodeId, sequence: u64, event: Event) -> Result<()> {
    let mut tx = services.begin().await?;
    if !tx.advance_events(node, sequence).await? {
        return match tx.last_event(node).await? {
            Some(last) if sequence <= last => Ok(()),
            Some(_) => Err(Error::conflict("event_out_of_order", "An event before this one is missing.")),
            None => Err(Error::conflict("node_not_registered", "The node must say hello first.")),
        };
    }
    match event {
        Event::PeerJoined { boot, application, room, peer, name, at } => {
            let arrival = Arrival { node, boot, application, room, peer, name, at };
            rooms::joined(services, &mut tx, &arrival).await?;
        }
        Event::PeerLeft { peer, at } => rooms::left(services, &mut tx, node, peer, at).await?,
        Event::SessionStarted { session, at, webhook, version } => {
            let start = lifecycle::Start { session, at, webhook, version };
            lifecycle::started(services, &mut tx, node, start).await?;
        }
        Event::SessionEnded { session, at, cause } => {
            lifecycle::ended(services, &mut tx, node, (session, cause, at)).await?;
        }
        Event::RecordingDelivered { recording, artifact, first_frame } => {
            uploads::delivered(services, &mut tx, (node, recording), (&artifact, first_frame)).await?;
        }
        Event::UploadRefused { recording, revision, status, detail } => {
            uploads::refused(services, &mut tx, (node, recording), revision, (status, &detail)).await?;
        }
        event => apply(services, &mut tx, node, event).await?,
    }
    Ok(tx.commit().await?)
}

/// An event that does not fit (another node's recording, a state left behind) is used up without effect: the node
/// cannot do better by sending it again.
async fn apply(services: &Services, tx: &mut Tx, node: NodeId, event: Event) -> Result<()> {
    let Some((id, next)) = step_of(&event) else { return Ok(()) };
    let Some(owner) = tx.recording_owner(id).await? else {
        tracing::warn!(%node, recording = %id, "event about an unknown recording");
        return Ok(());
    };
    let mut org = tx.org(owner);
    let Some(row) = org.recording(id).await? else { return Ok(()) };
    if row.node() != node || !row.state().can_become(next) {
        tracing::warn!(%node, recording = %id, state = %row.state(), %next, "event that does not fit");
        return Ok(());
    }
    if let Event::RecordingUploaded { upload, .. } = &event
        && row.upload_id.as_ref() != Some(upload)
    {
        tracing::warn!(%node, recording = %id, "an upload that was replaced meanwhile");
        return Ok(());
    }
    let mut step = Step::to(next, services.now());
    match event {
        Event::RecordingStarted { at, .. } => step.started_at = Some(at),
        Event::RecordingStopped { at, cause, .. } => {
            step.stopped_at = Some(at);
            step.stop_cause = Some(cause);
            audit::record(services, &mut org, Actor::Node(node), "recording.stopped", &id, cause.as_str()).await?;
        }
        Event::RecordingMixing { .. } => {}
        Event::RecordingUploaded { parts, artifact, .. } => {
            org.set_uploaded(id, &parts, &artifact).await?;
            let work = Work::FinalizeUpload { org: owner, recording: id };
            jobs::push(services, org.system(), &work).await?;
        }
        Event::RecordingFailed { cause, detail, .. } => {
            return ending::fail(services, &mut org, &row, cause, &detail).await;
        }
        Event::PeerJoined { .. }
        | Event::PeerLeft { .. }
        | Event::SessionStarted { .. }
        | Event::SessionEnded { .. }
        | Event::RecordingDelivered { .. }
        | Event::UploadRefused { .. } => return Ok(()),
    }
    if !org.step_recording(id, row.state(), &step).await? {
        return Err(changed_meanwhile());
    }
    match org.recording(id).await? {
        Some(row) => notifications::raise::recording_step(services, &mut org, &row).await,
        None => Ok(()),
    }
}

/// The transaction is given up and the event sent again.
pub(super) fn changed_meanwhile() -> Error {
    Error::unavailable("recording_changed", "The recording changed meanwhile; try again.")
}

/// The recording that an event is about, and what it becomes.
fn step_of(event: &Event) -> Option<(RecordingId, RecordingState)> {
    match event {
        Event::RecordingStarted { recording, .. } => Some((*recording, RecordingState::Recording)),
        Event::RecordingStopped { recording, .. } => Some((*recording, RecordingState::Stopping)),
        Event::RecordingMixing { recording } => Some((*recording, RecordingState::Mixing)),
        Event::RecordingUploaded { recording, .. } => Some((*recording, RecordingState::Uploading)),
        Event::RecordingFailed { recording, .. } => Some((*recording, RecordingState::Failed)),
        Event::PeerJoined { .. }
        | Event::PeerLeft { .. }
        | Event::SessionStarted { .. }
        | Event::SessionEnded { .. }
        | Event::RecordingDelivered { .. }
        | Event::UploadRefused { .. } => None,
    }
}
