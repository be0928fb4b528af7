//! Opening sessions. That nobody has two, and that at most three watch a client, the database decides, whichever server
//! is asked.

use super::{
    forbidden,
    lifecycle::{self, End},
    tokens::{self, Bearer, Grant},
};
use crate::{
    access::{Access, Permission},
    applications::{self, policy_of},
    clock::to_date,
    error::{Error, Result},
    nodes, recordings,
    services::Services,
    store::{
        ApplicationRow, NewStreamrecSession, NodeRow, OrgTx, SessionRecordingRow, StreamrecSessionRow, Tx, unsigned,
        violates,
    },
};
use chrono::{DateTime, Utc};
use protocol::{
    ids::{ApplicationId, RecordingId, SessionId},
    names::ClientName,
    recording::{FailureCause, RecordingState},
    streamrec::{Generation, SessionKind, SessionState, TerminationCause, room_of},
};

const PAGE: i64 = 50;

/// A client that wants to publish.
#[derive(Debug, Clone)]
pub struct ClientRequest {
    pub client: ClientName,
    pub generation: Generation,
    /// The `Origin` header, if any.
    pub origin: Option<String>,
}

/// A supervisor that wants to watch a client.
#[derive(Debug, Clone)]
pub struct SupervisorRequest {
    pub supervisor: ClientName,
    pub client: ClientName,
    /// The client's session; without it the one that the client has.
    pub session: Option<SessionId>,
    pub origin: Option<String>,
}

/// What a socket is opened with.
#[derive(Debug, Clone)]
pub struct OpenedSession {
    pub session: SessionId,
    /// The client's session that a supervisor watches.
    pub monitored: Option<SessionId>,
    /// Of the node, for example `ws://localhost:3001`; the path of the protocol follows.
    pub signaling_url: String,
}

/// One session, for people.
#[derive(Debug, Clone)]
pub struct Session {
    pub id: SessionId,
    pub kind: SessionKind,
    pub client: ClientName,
    pub monitored: Option<SessionId>,
    pub state: SessionState,
    pub cause: Option<TerminationCause>,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub stopped_at: Option<DateTime<Utc>>,
    /// What was recorded of it, the first one first.
    pub recordings: Vec<SessionRecording>,
}

/// One recording of a session, for people.
#[derive(Debug, Clone)]
pub struct SessionRecording {
    pub id: RecordingId,
    /// Counts from 0.
    pub stream: u8,
    pub state: RecordingState,
    /// Host of the address it goes to.
    pub destination: String,
    pub started_at: Option<DateTime<Utc>>,
    pub stopped_at: Option<DateTime<Utc>>,
    /// Of the file.
    pub duration_ms: Option<u64>,
    pub bytes: Option<u64>,
    pub failure: Option<FailureCause>,
    /// What the address answered that did not take it; 0 when it did not answer.
    pub refused: Option<u16>,
}

/// Sessions of an application, newest first, beginning after one; and whether there are more.
pub async fn list(
    services: &Services,
    access: &Access,
    application: ApplicationId,
    before: Option<SessionId>,
) -> Result<(Vec<Session>, bool)> {
    access.require(Permission::ViewRooms)?;
    let mut tx = services.read().await?;
    let mut org = tx.reach(access);
    applications::existing(&mut org, application).await?;
    let always = (0, unsigned(i64::MAX));
    let mut rows = org.sessions(application, None, always, before, PAGE + 1).await?;
    let more = rows.len() > usize::try_from(PAGE).unwrap_or(usize::MAX);
    if more {
        rows.pop();
    }
    let span = rows.last().zip(rows.first()).map(|(oldest, newest)| (oldest.id(), newest.id()));
    let recordings = match span {
        Some(span) => org.session_recordings(application, span).await?,
        None => Vec::new(),
    };
    Ok((rows.iter().map(|row| view(row, &recordings)).collect(), more))
}

/// Opens a session for a client. Codes: `client_mismatch`, `origin_not_allowed`, `two_timer`, and the reasons not to
/// record.
pub async fn open(services: &Services, token: &str, request: ClientRequest) -> Result<OpenedSession> {
    let bearer = tokens::verify(services, token).await?;
    match &bearer.grant {
        Grant::Client { client } if *client == request.client => {}
        Grant::Client { .. } => return Err(mismatch()),
        Grant::Supervisor { .. } | Grant::Stats => return Err(lacking()),
    }
    allowed(services, &bearer, request.origin.as_deref()).await?;
    let id = services.new_id(SessionId::from_parts)?;
    let no_node = || Error::unavailable("no_media_node", "No media node is running; try again.");
    let node = nodes::place(services, bearer.org, bearer.application, &room_of(id)).await?.ok_or_else(no_node)?;
    let mut tx = services.begin().await?;
    make_room(services, &mut tx, &bearer, SessionKind::Client, &request.client).await?;
    let new = NewStreamrecSession {
        id,
        application: bearer.application,
        kind: SessionKind::Client,
        generation: request.generation,
        client: &request.client,
        monitored: None,
        node: node.id(),
        key: bearer.key,
        now: services.now(),
    };
    insert(&mut tx.org(bearer.org), &new).await?;
    tx.commit().await?;
    Ok(OpenedSession { session: id, monitored: None, signaling_url: node.signaling_url })
}

/// Opens a session for a supervisor. Codes: `client_mismatch`, `origin_not_allowed`, `no_active_agent`,
/// `max_supervisors_per_agent`, `two_timer`.
pub async fn open_supervisor(services: &Services, token: &str, request: SupervisorRequest) -> Result<OpenedSession> {
    let bearer = tokens::verify(services, token).await?;
    match &bearer.grant {
        Grant::Supervisor { supervisor, client } if *supervisor == request.supervisor && *client == request.client => {}
        Grant::Supervisor { .. } => return Err(mismatch()),
        Grant::Client { .. } | Grant::Stats => return Err(lacking()),
    }
    allowed(services, &bearer, request.origin.as_deref()).await?;
    let id = services.new_id(SessionId::from_parts)?;
    let mut tx = services.begin().await?;
    let monitored = {
        let mut org = tx.org(bearer.org);
        let live = org.live_session(bearer.application, SessionKind::Client, &request.client).await?;
        let wanted = |row: &StreamrecSessionRow| {
            row.state() == SessionState::Active && request.session.is_none_or(|session| session == row.id())
        };
        live.filter(wanted).ok_or_else(no_active_agent)?
    };
    if !lifecycle::is_on_living_node(services, &mut tx, &monitored).await? {
        return Err(no_active_agent());
    }
    make_room(services, &mut tx, &bearer, SessionKind::Supervisor, &request.supervisor).await?;
    end_unopened_supervisors(services, &mut tx, &bearer, monitored.id()).await?;
    let mut org = tx.org(bearer.org);
    if !org.take_supervisor_place(monitored.id()).await? {
        return Err(Error::conflict("max_supervisors_per_agent", "Three supervisors watch this client already."));
    }
    let new = NewStreamrecSession {
        id,
        application: bearer.application,
        kind: SessionKind::Supervisor,
        generation: Generation::V2,
        client: &request.supervisor,
        monitored: Some(monitored.id()),
        node: monitored.node(),
        key: bearer.key,
        now: services.now(),
    };
    insert(&mut org, &new).await?;
    let node = node_of(&mut tx, &monitored).await?.ok_or_else(no_active_agent)?;
    tx.commit().await?;
    Ok(OpenedSession { session: id, monitored: Some(monitored.id()), signaling_url: node.signaling_url })
}

async fn node_of(tx: &mut Tx, session: &StreamrecSessionRow) -> Result<Option<NodeRow>> {
    Ok(tx.node(session.node()).await?)
}

async fn insert(org: &mut OrgTx<'_>, new: &NewStreamrecSession<'_>) -> Result<()> {
    match org.insert_streamrec_session(new).await {
        Err(error) if violates(&error, "streamrec_sessions_live_key", "streamrec_sessions.client_id") => {
            Err(Error::conflict("two_timer", "This client has an active session already."))
        }
        inserted => Ok(inserted?),
    }
}

/// Ends an earlier session of the same client that nobody will end otherwise.
async fn make_room(
    services: &Services,
    tx: &mut Tx,
    bearer: &Bearer,
    kind: SessionKind,
    client: &ClientName,
) -> Result<()> {
    let earlier = tx.org(bearer.org).live_session(bearer.application, kind, client).await?;
    let Some(earlier) = earlier else { return Ok(()) };
    lifecycle::end_if_superseded(services, tx, &earlier).await
}

async fn end_unopened_supervisors(
    services: &Services,
    tx: &mut Tx,
    bearer: &Bearer,
    monitored: SessionId,
) -> Result<()> {
    for supervisor in tx.org(bearer.org).supervisors_of(monitored).await? {
        lifecycle::end_if_superseded(services, tx, &supervisor).await?;
    }
    Ok(())
}

/// The application's switches and origins.
async fn allowed(services: &Services, bearer: &Bearer, origin: Option<&str>) -> Result<()> {
    let application = application_of(services, bearer).await?;
    if !policy_of(&application).allows_origin(origin) {
        return Err(forbidden("origin_not_allowed", "Pages of this origin may not use StreamRec."));
    }
    recordings::permitted(&application)
}

async fn application_of(services: &Services, bearer: &Bearer) -> Result<ApplicationRow> {
    applications::existing(&mut services.read().await?.org(bearer.org), bearer.application).await
}

/// Ends live sessions of a master key that was revoked.
pub(crate) async fn end_of_key(services: &Services, org: &mut OrgTx<'_>, key: protocol::ids::ApiKeyId) -> Result<()> {
    for session in org.sessions_of_key(key).await? {
        let end = End { cause: TerminationCause::ServiceShutdown, at: services.now(), tell_node: true };
        lifecycle::end(services, org, &session, end).await?;
    }
    Ok(())
}

fn view(row: &StreamrecSessionRow, recordings: &[SessionRecordingRow]) -> Session {
    let own = recordings.iter().filter(|recording| recording.session() == row.id());
    Session {
        id: row.id(),
        kind: row.kind(),
        client: row.client().clone(),
        monitored: row.monitored(),
        state: row.state(),
        cause: row.cause(),
        created_at: to_date(unsigned(row.created_at)),
        started_at: date(row.started_at),
        stopped_at: date(row.stopped_at),
        recordings: own.map(recording_view).collect(),
    }
}

fn recording_view(row: &SessionRecordingRow) -> SessionRecording {
    SessionRecording {
        id: row.recording(),
        stream: row.stream(),
        state: row.state(),
        destination: row.bucket.clone(),
        started_at: date(row.started_at),
        stopped_at: date(row.stopped_at),
        duration_ms: row.duration_ms.map(unsigned),
        bytes: row.bytes.map(unsigned),
        failure: row.failure_cause(),
        refused: row.refused_at.and(row.refused_status).map(|status| u16::try_from(status).unwrap_or_default()),
    }
}

fn date(column: Option<i64>) -> Option<DateTime<Utc>> {
    column.map(unsigned).map(to_date)
}

fn mismatch() -> Error {
    forbidden("client_mismatch", "The token is for another client.")
}

pub(super) fn lacking() -> Error {
    forbidden("permission_missing", "The token does not allow this.")
}

fn no_active_agent() -> Error {
    Error::not_found("no_active_agent", "This client has no active session.")
}
