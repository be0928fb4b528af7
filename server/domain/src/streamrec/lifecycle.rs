//! What becomes of sessions, as nodes report it; and the end of those that nobody reports any more.

use super::{tokens, tokens::Grant, webhooks};
use crate::{
    applications::policy_of,
    error::Result,
    services::Services,
    store::{OrgTx, OverdueSince, StreamrecSessionRow, Tx, unsigned},
};
use protocol::{
    ids::{BootId, NodeId, SessionId},
    limits::LEASE_SECONDS,
    link::{Answer, Command},
    recording::StopCause,
    streamrec::{SessionGrant, SessionKind, SessionState, TerminationCause, UNOPENED_SECONDS, room_of},
};
use url::Url;

/// How long a node may be silent before a client that asks for another session gets it: longer than links take to come
/// back.
const SILENT_MS: u64 = 3 * LEASE_SECONDS * 1000;
/// The same when nobody asks. Media goes on while the control plane is away, so that its sessions end is a last resort.
const ABANDONED_MS: u64 = 15 * 60 * 1000;
/// What nodes get to report after whoever looks was away.
const RETURN_MS: u64 = SILENT_MS;
/// How long a session may be without a socket when its client asks for another one.
const SUPERSEDED_MS: u64 = 10 * 1000;
const BATCH: i64 = 100;
const VERSION_CHARS: usize = 64;

/// How a session ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    pub cause: TerminationCause,
    pub at: u64,
    /// The node does not know yet.
    pub tell_node: bool,
}

/// A client opened the socket of its session on a node. One that comes back may come with the token that it began with,
/// expired or not: what is being recorded does not end with it.
pub async fn opened(
    services: &Services,
    node: NodeId,
    session: SessionId,
    token: &str,
    origin: Option<&str>,
) -> Result<Answer> {
    let refused = |cause| Ok(Answer::SessionOver { cause });
    let known = services.read().await?.streamrec_session(session).await?;
    let opened_at = known.and_then(|row| row.opened_at).map_or_else(|| services.now(), unsigned);
    let Ok(bearer) = tokens::verify_as_of(services, token, opened_at).await else {
        return refused(TerminationCause::ConnError);
    };
    let mut tx = services.begin().await?;
    let Some(row) = tx.streamrec_session(session).await? else { return refused(TerminationCause::ConnTimeout) };
    let named = match &bearer.grant {
        Grant::Client { client } => row.kind() == SessionKind::Client && client == row.client(),
        Grant::Supervisor { supervisor, .. } => row.kind() == SessionKind::Supervisor && supervisor == row.client(),
        Grant::Stats => false,
    };
    if !named || row.org() != bearer.org || row.application() != bearer.application || row.node() != node {
        return refused(TerminationCause::ConnError);
    }
    if let Some(cause) = row.cause() {
        return refused(cause);
    }
    let mut org = tx.org(bearer.org);
    let Some(application) = org.application(bearer.application).await? else {
        return refused(TerminationCause::ConnError);
    };
    let policy = policy_of(&application);
    if !policy.allows_origin(origin) {
        return refused(TerminationCause::ConnError);
    }
    org.note_session_opened(session, services.now()).await?;
    tx.commit().await?;
    Ok(Answer::Session {
        grant: SessionGrant {
            session,
            kind: row.kind(),
            generation: row.generation(),
            org: row.org(),
            application: row.application(),
            client: row.client().clone(),
            room: room_of(row.monitored().unwrap_or(session)),
            monitored: row.monitored(),
            policy,
        },
    })
}

/// What a client says of its session with its offer.
pub(crate) struct Start {
    pub session: SessionId,
    pub at: u64,
    pub webhook: Option<String>,
    pub version: Option<String>,
}

/// A client sent its offer.
pub(crate) async fn started(services: &Services, tx: &mut Tx, node: NodeId, start: Start) -> Result<()> {
    let Some(row) = of_node(tx, node, start.session).await? else { return Ok(()) };
    let webhook = start.webhook.as_deref().filter(|url| is_permitted(services, url));
    let kept = |text: String| text.chars().filter(|c| !c.is_control()).take(VERSION_CHARS).collect::<String>();
    let version = start.version.map(kept);
    tx.org(row.org()).start_session(row.id(), (webhook, version.as_deref()), start.at).await?;
    Ok(())
}

/// Whether webhooks may be sent to this address.
pub(crate) fn is_permitted(services: &Services, url: &str) -> bool {
    url.parse::<Url>().is_ok_and(|url| services.outbound().permits(&url))
}

/// A session ended on its node.
pub(crate) async fn ended(
    services: &Services,
    tx: &mut Tx,
    node: NodeId,
    (session, cause, at): (SessionId, TerminationCause, u64),
) -> Result<()> {
    let Some(row) = of_node(tx, node, session).await? else { return Ok(()) };
    end(services, &mut tx.org(row.org()), &row, End { cause, at, tell_node: false }).await
}

async fn of_node(tx: &mut Tx, node: NodeId, session: SessionId) -> Result<Option<StreamrecSessionRow>> {
    let row = tx.streamrec_session(session).await?;
    if row.is_none() {
        tracing::warn!(%node, %session, "event about an unknown session");
    }
    Ok(row.filter(|row| row.node() == node))
}

/// Ends a session, and with that of a client those that watch it; once. Its webhook is told.
pub(crate) async fn end(services: &Services, org: &mut OrgTx<'_>, row: &StreamrecSessionRow, end: End) -> Result<()> {
    if !end_one(services, org, row, end).await? {
        return Ok(());
    }
    if row.kind() == SessionKind::Client {
        for supervisor in org.supervisors_of(row.id()).await? {
            let end = End { cause: TerminationCause::AgentSessionTerm, ..end };
            end_one(services, org, &supervisor, end).await?;
        }
    }
    Ok(())
}

async fn end_one(services: &Services, org: &mut OrgTx<'_>, row: &StreamrecSessionRow, end: End) -> Result<bool> {
    // Before the session: everybody locks the node first.
    if end.tell_node && row.kind() == SessionKind::Client {
        let (application, room) = (row.application(), room_of(row.id()));
        let command = Command::EndRoom { application, room, cause: StopCause::SwitchedOff };
        org.system().push_command(row.node(), &command, services.now()).await?;
    }
    if !org.end_session(row.id(), end.cause, end.at).await? {
        return Ok(false);
    }
    if let Some(monitored) = row.monitored() {
        org.free_supervisor_place(monitored).await?;
    }
    webhooks::session_finished(services, org, row, end.cause, end.at).await?;
    Ok(true)
}

/// Ends a session that is in the way of another one, if it was never opened or its node is gone.
pub(super) async fn end_if_superseded(services: &Services, tx: &mut Tx, row: &StreamrecSessionRow) -> Result<()> {
    let silent = (services.up_for() >= RETURN_MS).then_some(SILENT_MS);
    end_if_overdue(services, tx, row, (SUPERSEDED_MS, silent)).await
}

/// Whether a session's node has been heard of lately.
pub(super) async fn is_on_living_node(services: &Services, tx: &mut Tx, row: &StreamrecSessionRow) -> Result<bool> {
    Ok(tx.has_reported(row.node(), services.now().saturating_sub(SILENT_MS)).await?)
}

/// Ends a session that was not opened for so long, or whose node was silent for so long, in milliseconds; of a node's
/// silence nothing is concluded when there is no limit.
async fn end_if_overdue(
    services: &Services,
    tx: &mut Tx,
    row: &StreamrecSessionRow,
    (unopened, silent): (u64, Option<u64>),
) -> Result<()> {
    let now = services.now();
    let cause = if is_unopened(row, now, unopened) {
        TerminationCause::ConnTimeout
    } else {
        let Some(silent) = silent else { return Ok(()) };
        if tx.has_reported(row.node(), now.saturating_sub(silent)).await? {
            return Ok(());
        }
        TerminationCause::ConnError
    };
    end(services, &mut tx.org(row.org()), row, End { cause, at: now, tell_node: true }).await
}

/// A node opened the link: if it was started again, its sessions ended when it was last heard of.
pub(crate) async fn node_started(services: &Services, tx: &mut Tx, node: NodeId, boot: BootId) -> Result<()> {
    for row in tx.sessions_left_behind(node, boot).await? {
        let lost = End { cause: TerminationCause::ConnError, at: services.now(), tell_node: false };
        end(services, &mut tx.org(row.org()), &row, lost).await?;
    }
    Ok(())
}

/// Whether nobody opened a session for so many milliseconds.
fn is_unopened(row: &StreamrecSessionRow, now: u64, limit: u64) -> bool {
    row.opened_at.is_none() && row.state() == SessionState::Created && now >= unsigned(row.created_at) + limit
}

/// Ends all sessions that nobody will end otherwise.
pub(crate) async fn end_overdue(services: &Services) -> Result<()> {
    let now = services.now();
    // Nodes were silent to a control plane or a database that was away, too.
    let silent = (services.attends_for(RETURN_MS) >= RETURN_MS).then_some(ABANDONED_MS);
    let limits = (UNOPENED_SECONDS * 1000, silent);
    let since = OverdueSince {
        unopened: now.saturating_sub(limits.0),
        silent: silent.map_or(0, |silent| now.saturating_sub(silent)),
    };
    let mut tx = services.begin().await?;
    for row in tx.overdue_sessions(since, BATCH).await? {
        end_if_overdue(services, &mut tx, &row, limits).await?;
    }
    Ok(tx.commit().await?)
}
