//! Deciding whether a recording may start.

use super::{keys, spec};
use crate::{
    applications::{Condition, missing_conditions, policy_of},
    audit::{self, Actor},
    clock::to_date,
    error::{Error, Result},
    secrets::SealedColumn,
    services::Services,
    store::{ApplicationRow, NewRecording, OrgTx, violates},
};
use protocol::{
    ids::{AppKeyId, ApplicationId, NodeId, PeerId, RecordingId, RequestId},
    names::RoomName,
    recording::{CaptureKey, RecordingSpec, StartRefusal},
};
use zeroize::Zeroizing;

/// What a node asks when a peer wants to record; the fields of `Query::StartRecording`.
#[derive(Debug, Clone)]
pub struct StartRequest {
    pub request: RequestId,
    pub application: ApplicationId,
    pub app_key: AppKeyId,
    pub room: RoomName,
    pub peer: PeerId,
}

/// Decides one start and writes the row before a byte is captured.
pub async fn start(
    services: &Services,
    node: NodeId,
    request: StartRequest,
) -> Result<Result<RecordingSpec, StartRefusal>> {
    let mut tx = services.begin().await?;
    let Some(owner) = tx.application_owner(request.application).await? else {
        return Ok(Err(StartRefusal::ApplicationGone));
    };
    let mut org = tx.org(owner);
    if let Some(row) = org.recording_of_request(node, request.request).await? {
        // A request is repeated while its answer is on the way; one whose recording has ended is too late.
        return Ok(spec(services, owner, &row)?.ok_or(StartRefusal::ControlPlaneUnreachable));
    }
    if !org.key_is_active(request.app_key, request.application).await? {
        return Ok(Err(StartRefusal::ApplicationGone));
    }
    let Some(application) = org.application(request.application).await? else {
        return Ok(Err(StartRefusal::ApplicationGone));
    };
    if let Some(refusal) = refusal(&application) {
        return Ok(Err(refusal));
    }
    let started = insert(services, &mut org, node, &request, &application).await?;
    if started.is_ok() {
        tx.commit().await?;
    }
    Ok(started)
}

/// The first reason not to record.
fn refusal(application: &ApplicationRow) -> Option<StartRefusal> {
    if !application.relay {
        return Some(StartRefusal::RelayRequired);
    }
    if !application.recording {
        return Some(StartRefusal::RecordingOff);
    }
    missing_conditions(application).first().map(|condition| match condition {
        Condition::RelayRequired => StartRefusal::RelayRequired,
        Condition::PlanRequired => StartRefusal::PlanRequired,
        Condition::StorageNotValidated => StartRefusal::StorageNotValidated,
    })
}

async fn insert(
    services: &Services,
    org: &mut OrgTx<'_>,
    node: NodeId,
    request: &StartRequest,
    application: &ApplicationRow,
) -> Result<Result<RecordingSpec, StartRefusal>> {
    let Some(storage) = org.storage_for(request.application).await? else {
        return Ok(Err(StartRefusal::StorageNotValidated));
    };
    let id = services.new_id(RecordingId::from_parts)?;
    let now = services.now();
    let policy = policy_of(application);
    let key = Zeroizing::new(services.random().bytes::<32>().map_err(Error::internal)?);
    let sealed = services.envelope().seal(SealedColumn::CaptureKey.of(org.id()), id, key.as_slice())?;
    let new = NewRecording {
        id,
        application: request.application,
        storage: storage.id(),
        room: &request.room,
        peer: request.peer,
        node,
        request: request.request,
        capture_key: &sealed,
        max_duration_seconds: policy.max_duration_seconds,
        idle_timeout_seconds: policy.idle_timeout_seconds,
        bucket: &storage.target().bucket,
        object_key: &keys::object_key(&storage, request.application, &request.room, to_date(now), id),
        now,
    };
    match org.insert_recording(&new).await {
        Err(error) if violates(&error, "recordings_active_room", "recordings.room") => {
            return Ok(Err(StartRefusal::AlreadyRecording));
        }
        inserted => inserted?,
    }
    audit::record(services, org, Actor::Node(node), "recording.started", &id, &request.peer.to_string()).await?;
    Ok(Ok(RecordingSpec {
        id,
        application: request.application,
        room: request.room.clone(),
        capture_key: CaptureKey::new(*key),
        max_duration_seconds: policy.max_duration_seconds,
        idle_timeout_seconds: policy.idle_timeout_seconds,
    }))
}
