//! Recordings of clients: one stream each, to an address that the client chose. They are recordings like others, with a
//! target instead of a storage. An address that does not take the file is told of at once; for a day there may be
//! another one, then the capture is destroyed.

use super::{
    presigned,
    tokens::{self, Grant},
    webhooks,
};
use crate::{
    access::{Access, Permission},
    audit::{self, Actor},
    clock::{iso_date, to_date},
    error::{Error, Kind, Result},
    recordings::{self, ending},
    secrets::SealedColumn,
    services::Services,
    store::{OrgTx, RecordingRow, StreamrecSessionRow, TargetRow, Tx},
};
use protocol::{
    ids::{NodeId, RecordingId, RequestId, SessionId},
    link::{Answer, Command},
    recording::{Artifact, FailureCause, FirstFrame, RecordingSpec, StartRefusal},
    streamrec::{CLIENT_STREAMS, Confidential, Generation, SessionState, recording_named},
};
use url::Url;

/// How long a file is kept for another address.
pub(crate) const KEPT_MS: u64 = 24 * 3600 * 1000;
/// When a node asks again whether there is another address; it is told of one at once, too.
const HELD_RETRY_SECONDS: u32 = 600;

/// What a node asks when a client wants a stream recorded.
#[derive(Debug, Clone)]
pub struct UploadRequest {
    pub request: RequestId,
    pub session: SessionId,
    pub stream: u8,
    pub url: Confidential,
    pub webhook: Option<String>,
}

/// Decides one start and writes the row before a byte is captured.
pub async fn start(
    services: &Services,
    node: NodeId,
    request: UploadRequest,
) -> Result<Result<RecordingSpec, StartRefusal>> {
    let mut tx = services.begin().await?;
    let session = tx.streamrec_session(request.session).await?;
    let live = |row: &StreamrecSessionRow| row.node() == node && row.state() != SessionState::Terminated;
    let Some(session) = session.filter(live) else { return Ok(Err(StartRefusal::SessionOver)) };
    let mut org = tx.org(session.org());
    if let Some(row) = org.recording_of_request(node, request.request).await? {
        let again = recordings::spec(services, &mut org, &row).await?;
        return Ok(again.ok_or(StartRefusal::ControlPlaneUnreachable));
    }
    let Some(application) = org.application(session.application()).await? else {
        return Ok(Err(StartRefusal::ApplicationGone));
    };
    if let Some(refusal) = recordings::refusal_without_storage(&application) {
        return Ok(Err(refusal));
    }
    let Some(url) = destination(services, &request.url) else { return Ok(Err(StartRefusal::DestinationNotAllowed)) };
    if request.stream >= CLIENT_STREAMS {
        return Ok(Err(StartRefusal::AlreadyRecording));
    }
    let id = recording_id(services, &mut org, &session).await?;
    let started = recordings::insert_direct(services, &mut org, &application, (node, id), &request, &url).await?;
    if started.is_ok() {
        audit::record(services, &mut org, Actor::Node(node), "recording.started", &id, session.client().as_str())
            .await?;
        tx.commit().await?;
    }
    Ok(started)
}

/// For early clients a session is a recording, and they know it by one name.
async fn recording_id(services: &Services, org: &mut OrgTx<'_>, session: &StreamrecSessionRow) -> Result<RecordingId> {
    if session.generation() == Generation::V1 {
        let id = RecordingId::of_uuid(session.id().uuid());
        if org.recording(id).await?.is_none() {
            return Ok(id);
        }
    }
    services.new_id(RecordingId::from_parts)
}

/// An address that files may be sent to.
fn destination(services: &Services, url: &Confidential) -> Option<Url> {
    url.expose().parse::<Url>().ok().filter(|url| services.outbound().permits_signed(url))
}

/// Where a node sends a file: `Target`, `Held` or `Gone`.
pub async fn target(services: &Services, node: NodeId, id: RecordingId) -> Result<Answer> {
    let mut tx = services.read().await?;
    let Some(Found { target, session, .. }) = Found::of(&mut tx, node, id).await? else { return Ok(Answer::Gone) };
    if target.refused_at.is_some() {
        return Ok(Answer::Held { retry_seconds: HELD_RETRY_SECONDS });
    }
    let url = address_of(services, &tx.org(session.org()), id, &target)?;
    let revision = target.revision();
    Ok(url.map_or(Answer::Gone, |url| Answer::Target { url: Confidential::new(url.into()), revision }))
}

/// Where a recording goes; `None` once it has ended.
pub(crate) fn address_of(
    services: &Services,
    org: &OrgTx<'_>,
    id: RecordingId,
    target: &TargetRow,
) -> Result<Option<Url>> {
    let Some(sealed) = &target.upload_url else { return Ok(None) };
    let place = SealedColumn::UploadUrl.of(org.id());
    let url = services.envelope().open(place, id, sealed).map_err(Error::internal)?;
    let url = str::from_utf8(&url).map_err(Error::internal)?;
    Ok(Some(url.parse().map_err(Error::internal)?))
}

/// A recording of this node that has not ended, with where it goes.
struct Found {
    row: RecordingRow,
    target: TargetRow,
    session: StreamrecSessionRow,
}

impl Found {
    async fn of(tx: &mut Tx, node: NodeId, id: RecordingId) -> Result<Option<Self>> {
        let Some(owner) = tx.recording_owner(id).await? else { return Ok(None) };
        let mut org = tx.org(owner);
        let row = org.recording(id).await?.filter(|row| row.node() == node && !row.state().is_final());
        let (Some(row), Some(target)) = (row, org.upload_target(id).await?) else { return Ok(None) };
        let session = tx.streamrec_session(target.session()).await?;
        Ok(session.map(|session| Self { row, target, session }))
    }
}

/// The address took the file.
pub(crate) async fn delivered(
    services: &Services,
    tx: &mut Tx,
    (node, id): (NodeId, RecordingId),
    (artifact, first_frame): (&Artifact, FirstFrame),
) -> Result<()> {
    let Some(Found { row, session, .. }) = Found::of(tx, node, id).await? else { return Ok(()) };
    let mut org = tx.org(session.org());
    org.set_uploaded(id, &[], artifact).await?;
    org.finish_target(id, first_frame).await?;
    org.system().push_command(node, &Command::RecordingDelivered { recording: id }, services.now()).await?;
    ending::delivered(services, &mut org, &row).await?;
    let (Some(row), Some(target)) = (org.recording(id).await?, org.upload_target(id).await?) else { return Ok(()) };
    webhooks::upload_ready(services, &mut org, &row, (&target, session.client())).await
}

/// The address of this revision does not take the file. There may be another one for a day, and may be already: then the
/// node was told to try that.
pub(crate) async fn refused(
    services: &Services,
    tx: &mut Tx,
    (node, id): (NodeId, RecordingId),
    revision: u32,
    (status, detail): (u16, &str),
) -> Result<()> {
    let Some(Found { row, target, session }) = Found::of(tx, node, id).await? else { return Ok(()) };
    if revision != target.revision() {
        return Ok(());
    }
    tracing::warn!(recording = %id, status, "an upload address does not take a recording");
    let mut org = tx.org(session.org());
    let expired = address_of(services, &org, id, &target)?.as_ref().and_then(presigned::expires_at);
    let expired = expired.filter(|expired| *expired <= services.now()).map(|at| iso_date(to_date(at)));
    let expired = expired.map(|at| format!(" (the address expired at {at})")).unwrap_or_default();
    org.note_refused_target(id, status, services.now()).await?;
    org.hold_delivery(id, services.now()).await?;
    let msg = format!("the upload address did not take the file: {detail}{expired}");
    webhooks::upload_failed(services, &mut org, &row, (&target, session.client()), (status, &msg)).await
}

/// A recording ended without having been delivered: whoever has not heard so yet is told.
pub(crate) async fn failed(
    services: &Services,
    org: &mut OrgTx<'_>,
    row: &RecordingRow,
    cause: FailureCause,
) -> Result<()> {
    let Some(target) = org.upload_target(row.id()).await? else { return Ok(()) };
    org.forget_upload_url(row.id()).await?;
    if target.refused_at.is_some() {
        return Ok(());
    }
    let Some(session) = org.system().streamrec_session(target.session()).await? else { return Ok(()) };
    let msg = format!("the recording ended without a file: {cause}");
    webhooks::upload_failed(services, org, row, (&target, session.client()), (0, &msg)).await
}

/// Names another address for a file that was not taken, or not sent yet. Whoever has the client's token may, and a key
/// that operates recordings.
pub async fn replace_url(services: &Services, by: Replacer<'_>, id: &str, url: &str) -> Result<()> {
    let url = Confidential::new(url.to_owned());
    let Some(parsed) = destination(services, &url) else {
        let said = StartRefusal::DestinationNotAllowed.sentence();
        return Err(Error::new(Kind::Unprocessable, StartRefusal::DestinationNotAllowed.as_str(), said));
    };
    let id = recording_named(id).ok_or_else(recordings::not_found)?;
    let mut tx = services.begin().await?;
    let mut org = match &by {
        Replacer::Program(access) => {
            access.require(Permission::OperateRecordings)?;
            tx.reach(access)
        }
        Replacer::Client(token) => {
            let bearer = tokens::verify(services, token).await?;
            let owner = tx.session_of_recording(id).await?.filter(|row| {
                matches!(&bearer.grant, Grant::Client { client } if client == row.client())
                    && row.application() == bearer.application
            });
            owner.ok_or_else(recordings::not_found)?;
            tx.org(bearer.org)
        }
    };
    let node = org.recording(id).await?.ok_or_else(recordings::not_found)?.node();
    org.upload_target(id).await?.ok_or_else(recordings::not_found)?;
    // Before the recording: everybody locks the node first. From then on it says nothing new.
    org.system().push_command(node, &Command::UploadAgain { recording: id }, services.now()).await?;
    let row = org.recording(id).await?.ok_or_else(recordings::not_found)?;
    if row.state().is_final() {
        return Err(Error::new(Kind::Gone, "recording_ended", "The recording has ended; its file is not here."));
    }
    let sealed = services.envelope().seal(SealedColumn::UploadUrl.of(org.id()), id, url.expose().as_bytes())?;
    org.replace_target(id, &sealed, host(&parsed)).await?;
    audit::record(services, &mut org, by.actor(), "recording.upload_url_replaced", &id, host(&parsed)).await?;
    Ok(tx.commit().await?)
}

/// Who names another address.
#[derive(Debug)]
pub enum Replacer<'a> {
    /// By a token of the client.
    Client(&'a str),
    Program(&'a Access),
}

impl Replacer<'_> {
    fn actor(&self) -> Actor {
        match self {
            Self::Client(_) => Actor::System,
            Self::Program(access) => access.actor(),
        }
    }
}

/// What may be shown of an address: the rest of it may open the bucket.
pub(crate) fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}
