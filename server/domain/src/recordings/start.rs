//! Deciding whether a recording may start.

use super::{Recording, keys, not_found, spec, view};
use crate::{
    access::{Access, Permission},
    applications::{self, Condition, missing_conditions, policy_of},
    audit::{self, Actor},
    clock::to_date,
    error::{Error, Kind, Result},
    rooms,
    secrets::SealedColumn,
    services::Services,
    store::{ApplicationRow, NewRecording, NewTarget, OrgTx, violates},
    streamrec::{
        lifecycle::is_permitted,
        presigned,
        uploads::{UploadRequest, host},
    },
};
use protocol::{
    ids::{AppKeyId, ApplicationId, NodeId, PeerId, RecordingId, RequestId},
    link::Command,
    names::RoomName,
    recording::{CaptureKey, Delivery, RecordingSpec, StartRefusal},
    streamrec::{is_session_room, peer_of, room_of, stream_of},
};
use url::Url;
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
        return Ok(spec(services, &mut org, &row).await?.ok_or(StartRefusal::ControlPlaneUnreachable));
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
    let start = Start {
        request: request.request,
        application: &application,
        room: &request.room,
        node,
        peer: Some(request.peer),
        actor: Actor::Node(node),
        detail: request.peer.to_string(),
    };
    let started = insert(services, &mut org, start).await?;
    if started.is_ok() {
        tx.commit().await?;
    }
    Ok(started)
}

/// Starts to record a room that somebody is in; its node is told. Codes: `room_empty`, `room_of_session`, and those of [`StartRefusal`].
pub async fn start_in_room(
    services: &Services,
    access: &Access,
    application: ApplicationId,
    room: &RoomName,
) -> Result<Recording> {
    access.require(Permission::OperateRecordings)?;
    if is_session_room(room) {
        let said = "The streams of this room are recorded by the StreamRec client that sends them.";
        return Err(Error::conflict("room_of_session", said));
    }
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    let empty = || Error::conflict("room_empty", "Nobody is in this room, so there is nothing to record.");
    let found = rooms::find(services, &mut org, application, room).await?.ok_or_else(empty)?;
    let row = applications::existing(&mut org, application).await?;
    if let Some(refusal) = refusal(&row) {
        return Err(refused(refusal));
    }
    let start = Start {
        request: services.new_id(RequestId::from_parts)?,
        application: &row,
        room,
        node: found.node(),
        peer: None,
        actor: access.actor(),
        detail: String::new(),
    };
    let id = insert(services, &mut org, start).await?.map_err(refused)?.id;
    let command = Command::StartRecording { application, room: room.clone(), recording: id };
    org.system().push_command(found.node(), &command, services.now()).await?;
    let recording = org.recording(id).await?.map(view).ok_or_else(not_found)?;
    tx.commit().await?;
    Ok(recording)
}

fn refused(refusal: StartRefusal) -> Error {
    Error::new(Kind::Conflict, refusal.as_str(), refusal.sentence())
}

/// The first reason not to record into a storage.
fn refusal(application: &ApplicationRow) -> Option<StartRefusal> {
    let refusals = refusals(application);
    refusals.into_iter().next()
}

/// The first reason not to record to an address that the client chose.
pub(crate) fn refusal_without_storage(application: &ApplicationRow) -> Option<StartRefusal> {
    refusals(application).into_iter().find(|refusal| *refusal != StartRefusal::StorageNotValidated)
}

/// Refuses what comes before such a recording when there could be none.
pub(crate) fn permitted(application: &ApplicationRow) -> Result<()> {
    refusal_without_storage(application).map_or(Ok(()), |refusal| Err(refused(refusal)))
}

fn refusals(application: &ApplicationRow) -> Vec<StartRefusal> {
    let switches =
        [(!application.relay, StartRefusal::RelayRequired), (!application.recording, StartRefusal::RecordingOff)];
    let off = switches.into_iter().filter_map(|(off, refusal)| off.then_some(refusal));
    let missing = missing_conditions(application).into_iter().map(|condition| match condition {
        Condition::RelayRequired => StartRefusal::RelayRequired,
        Condition::PlanRequired => StartRefusal::PlanRequired,
        Condition::StorageNotValidated => StartRefusal::StorageNotValidated,
    });
    off.chain(missing).collect()
}

/// A start that may be.
struct Start<'a> {
    request: RequestId,
    application: &'a ApplicationRow,
    room: &'a RoomName,
    node: NodeId,
    /// Who asked, when it was a peer.
    peer: Option<PeerId>,
    actor: Actor,
    detail: String,
}

async fn insert(
    services: &Services,
    org: &mut OrgTx<'_>,
    start: Start<'_>,
) -> Result<Result<RecordingSpec, StartRefusal>> {
    let Start { application, room, .. } = start;
    let Some(storage) = org.storage_for(application.id()).await? else {
        return Ok(Err(StartRefusal::StorageNotValidated));
    };
    let id = services.new_id(RecordingId::from_parts)?;
    let now = services.now();
    let policy = policy_of(application);
    let key = FreshCaptureKey::draw(services, org, id)?;
    let new = NewRecording {
        id,
        application: application.id(),
        storage: Some(storage.id()),
        room,
        peer: start.peer,
        node: start.node,
        request: start.request,
        capture_key: &key.sealed,
        max_duration_seconds: policy.max_duration_seconds,
        idle_timeout_seconds: policy.idle_timeout_seconds,
        bucket: &storage.target().bucket,
        object_key: &keys::object_key(&storage, application.id(), room, to_date(now), id),
        now,
    };
    if !write(org, &new).await? {
        return Ok(Err(StartRefusal::AlreadyRecording));
    }
    audit::record(services, org, start.actor, "recording.started", &id, &start.detail).await?;
    Ok(Ok(RecordingSpec {
        id,
        application: application.id(),
        room: room.clone(),
        capture_key: CaptureKey::new(*key.key),
        max_duration_seconds: policy.max_duration_seconds,
        idle_timeout_seconds: policy.idle_timeout_seconds,
        delivery: Delivery::Mixed,
    }))
}

/// Writes a recording that goes to an address of its client's choice.
pub(crate) async fn insert_direct(
    services: &Services,
    org: &mut OrgTx<'_>,
    application: &ApplicationRow,
    (node, id): (NodeId, RecordingId),
    request: &UploadRequest,
    url: &Url,
) -> Result<Result<RecordingSpec, StartRefusal>> {
    let policy = policy_of(application);
    let key = FreshCaptureKey::draw(services, org, id)?;
    let upload_url = services.envelope().seal(SealedColumn::UploadUrl.of(org.id()), id, url.as_str().as_bytes())?;
    let new = NewRecording {
        id,
        application: application.id(),
        storage: None,
        room: &stream_of(request.session, request.stream),
        peer: Some(peer_of(request.session)),
        node,
        request: request.request,
        capture_key: &key.sealed,
        max_duration_seconds: policy.max_duration_seconds,
        idle_timeout_seconds: policy.idle_timeout_seconds,
        bucket: host(url),
        object_key: "",
        now: services.now(),
    };
    if !write(org, &new).await? {
        return Ok(Err(StartRefusal::AlreadyRecording));
    }
    let webhook_url = request.webhook.as_deref().filter(|url| is_permitted(services, url));
    let (session, stream) = (request.session, request.stream);
    org.insert_target(&NewTarget { recording: id, session, stream, upload_url: &upload_url, webhook_url }).await?;
    Ok(Ok(RecordingSpec {
        id,
        application: application.id(),
        room: room_of(session),
        capture_key: CaptureKey::new(*key.key),
        max_duration_seconds: policy.max_duration_seconds,
        idle_timeout_seconds: policy.idle_timeout_seconds,
        delivery: Delivery::Direct { stream, expires_at: presigned::expires_at(url) },
    }))
}

/// False when the same room is being recorded.
async fn write(org: &mut OrgTx<'_>, new: &NewRecording<'_>) -> Result<bool> {
    match org.insert_recording(new).await {
        Err(error) if violates(&error, "recordings_active_room", "recordings.room") => Ok(false),
        inserted => Ok(inserted.map(|()| true)?),
    }
}

/// What encrypts a capture, and the same as it is stored.
struct FreshCaptureKey {
    key: Zeroizing<[u8; 32]>,
    sealed: String,
}

impl FreshCaptureKey {
    fn draw(services: &Services, org: &OrgTx<'_>, id: RecordingId) -> Result<Self> {
        let key = Zeroizing::new(services.random().bytes::<32>().map_err(Error::internal)?);
        let sealed = services.envelope().seal(SealedColumn::CaptureKey.of(org.id()), id, key.as_slice())?;
        Ok(Self { key, sealed })
    }
}
