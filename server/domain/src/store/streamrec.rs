//! Sessions of StreamRec clients and supervisors.

use super::{Name, OrgTx, Text, Tx, execute, fetch_all, fetch_optional, on, signed};
use protocol::{
    ids::{ApiKeyId, ApplicationId, BootId, NodeId, OrgId, SessionId},
    names::ClientName,
    streamrec::{Generation, SUPERVISORS_PER_CLIENT, SessionKind, SessionState, TerminationCause},
};

/// A session as stored.
#[derive(sqlx::FromRow)]
pub(crate) struct StreamrecSessionRow {
    org_id: Text<OrgId>,
    id: Text<SessionId>,
    application_id: Text<ApplicationId>,
    kind: Text<SessionKind>,
    generation: Text<Generation>,
    client_id: Name<ClientName>,
    monitored_id: Option<Text<SessionId>>,
    node_id: Text<NodeId>,
    state: Text<SessionState>,
    termination_cause: Option<Text<TerminationCause>>,
    pub webhook_url: Option<String>,
    pub created_at: i64,
    pub opened_at: Option<i64>,
    pub started_at: Option<i64>,
    pub stopped_at: Option<i64>,
}

impl StreamrecSessionRow {
    pub(crate) fn org(&self) -> OrgId {
        self.org_id.0
    }

    pub(crate) fn id(&self) -> SessionId {
        self.id.0
    }

    pub(crate) fn application(&self) -> ApplicationId {
        self.application_id.0
    }

    pub(crate) fn kind(&self) -> SessionKind {
        self.kind.0
    }

    pub(crate) fn generation(&self) -> Generation {
        self.generation.0
    }

    pub(crate) fn client(&self) -> &ClientName {
        &self.client_id.0
    }

    pub(crate) fn monitored(&self) -> Option<SessionId> {
        self.monitored_id.map(|id| id.0)
    }

    pub(crate) fn node(&self) -> NodeId {
        self.node_id.0
    }

    pub(crate) fn state(&self) -> SessionState {
        self.state.0
    }

    pub(crate) fn cause(&self) -> Option<TerminationCause> {
        self.termination_cause.map(|cause| cause.0)
    }
}

/// A session to be made.
pub(crate) struct NewStreamrecSession<'a> {
    pub id: SessionId,
    pub application: ApplicationId,
    pub kind: SessionKind,
    pub generation: Generation,
    pub client: &'a ClientName,
    pub monitored: Option<SessionId>,
    pub node: NodeId,
    pub key: ApiKeyId,
    pub now: u64,
}

/// Which sessions nobody will end otherwise.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OverdueSince {
    /// Made before, and not opened.
    pub unopened: u64,
    /// Their node reported last before.
    pub silent: u64,
}

#[derive(sqlx::FromRow)]
struct Moment {
    revoked_at: i64,
}

macro_rules! select_session {
    ($rest:literal) => {
        concat!(
            "SELECT s.org_id, s.id, s.application_id, s.kind, s.generation, s.client_id, s.monitored_id, s.node_id,
                 s.state, s.termination_cause, s.webhook_url, s.created_at, s.opened_at, s.started_at, s.stopped_at
             FROM streamrec_sessions s ",
            $rest
        )
    };
}

impl Tx {
    pub(crate) async fn streamrec_session(&mut self, id: SessionId) -> sqlx::Result<Option<StreamrecSessionRow>> {
        fetch_optional!(self, StreamrecSessionRow, select_session!("WHERE s.id = $1"), Text(id))
    }

    /// Sessions that were opened on a node which was started otherwise than at this boot.
    pub(crate) async fn sessions_left_behind(
        &mut self,
        node: NodeId,
        boot: BootId,
    ) -> sqlx::Result<Vec<StreamrecSessionRow>> {
        fetch_all!(
            self,
            StreamrecSessionRow,
            select_session!(
                "JOIN nodes n ON n.id = s.node_id
                 WHERE s.node_id = $1 AND n.boot_id <> $2 AND s.state <> 'TERMINATED' AND s.opened_at IS NOT NULL
                 ORDER BY s.id"
            ),
            Text(node),
            Text(boot),
        )
    }

    /// Sessions of all orgs that nobody will end otherwise.
    pub(crate) async fn overdue_sessions(
        &mut self,
        since: OverdueSince,
        limit: i64,
    ) -> sqlx::Result<Vec<StreamrecSessionRow>> {
        fetch_all!(
            self,
            StreamrecSessionRow,
            select_session!(
                "LEFT JOIN nodes n ON n.id = s.node_id
                 WHERE s.state <> 'TERMINATED' AND ((s.opened_at IS NULL AND s.created_at < $1)
                     OR n.id IS NULL OR n.reported_at < $2)
                 ORDER BY s.id LIMIT $3"
            ),
            signed(since.unopened),
            signed(since.silent),
            limit,
        )
    }

    pub(crate) async fn delete_expired_revocations(&mut self, now: u64) -> sqlx::Result<u64> {
        execute!(self, "DELETE FROM streamrec_revocations WHERE expires_at <= $1", signed(now))
    }
}

impl OrgTx<'_> {
    /// The unique index lets one session of a client live.
    pub(crate) async fn insert_streamrec_session(&mut self, new: &NewStreamrecSession<'_>) -> sqlx::Result<()> {
        execute!(
            org self,
            "INSERT INTO streamrec_sessions (org_id, id, application_id, kind, generation, client_id, monitored_id,
                 node_id, key_id, state, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'CREATED', $10)",
            Text(new.id),
            Text(new.application),
            Text(new.kind),
            Text(new.generation),
            Text(new.client),
            new.monitored.map(Text),
            Text(new.node),
            Text(new.key),
            signed(new.now),
        )
        .map(drop)
    }

    /// The session that a client or supervisor has now.
    pub(crate) async fn live_session(
        &mut self,
        application: ApplicationId,
        kind: SessionKind,
        client: &ClientName,
    ) -> sqlx::Result<Option<StreamrecSessionRow>> {
        fetch_optional!(
            org self,
            StreamrecSessionRow,
            select_session!(
                "WHERE s.org_id = $1 AND s.application_id = $2 AND s.kind = $3 AND s.client_id = $4
                     AND s.state <> 'TERMINATED'"
            ),
            Text(application),
            Text(kind),
            Text(client),
        )
    }

    /// Sessions that watch a client's and have not ended.
    pub(crate) async fn supervisors_of(&mut self, monitored: SessionId) -> sqlx::Result<Vec<StreamrecSessionRow>> {
        fetch_all!(
            org self,
            StreamrecSessionRow,
            select_session!("WHERE s.org_id = $1 AND s.monitored_id = $2 AND s.state <> 'TERMINATED' ORDER BY s.id"),
            Text(monitored),
        )
    }

    /// Live sessions that this master key stands behind.
    pub(crate) async fn sessions_of_key(&mut self, key: ApiKeyId) -> sqlx::Result<Vec<StreamrecSessionRow>> {
        fetch_all!(
            org self,
            StreamrecSessionRow,
            select_session!("WHERE s.org_id = $1 AND s.key_id = $2 AND s.state <> 'TERMINATED' ORDER BY s.id"),
            Text(key),
        )
    }

    /// Newest first, beginning after `before`, made within a time.
    pub(crate) async fn sessions(
        &mut self,
        application: ApplicationId,
        kind: Option<SessionKind>,
        (from, until): (u64, u64),
        before: Option<SessionId>,
        limit: i64,
    ) -> sqlx::Result<Vec<StreamrecSessionRow>> {
        if !self.reaches(application) {
            return Ok(Vec::new());
        }
        fetch_all!(
            org self,
            StreamrecSessionRow,
            select_session!(
                "WHERE s.org_id = $1 AND s.application_id = $2 AND ($3 IS NULL OR s.kind = $3)
                     AND s.created_at >= $4 AND s.created_at < $5 AND ($6 IS NULL OR s.id < $6)
                 ORDER BY s.id DESC LIMIT $7"
            ),
            Text(application),
            kind.map(Text),
            signed(from),
            signed(until),
            before.map(Text),
            limit,
        )
    }

    /// Takes one of the places to watch a client; false when it is not active or all are taken. The row is locked, so
    /// two servers cannot both take the last one.
    pub(crate) async fn take_supervisor_place(&mut self, monitored: SessionId) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "UPDATE streamrec_sessions SET supervisors = supervisors + 1
             WHERE org_id = $1 AND id = $2 AND state = 'ACTIVE' AND supervisors < $3",
            Text(monitored),
            i64::from(SUPERVISORS_PER_CLIENT),
        )?;
        Ok(rows == 1)
    }

    pub(crate) async fn free_supervisor_place(&mut self, monitored: SessionId) -> sqlx::Result<()> {
        execute!(
            org self,
            "UPDATE streamrec_sessions SET supervisors = supervisors - 1
             WHERE org_id = $1 AND id = $2 AND supervisors > 0",
            Text(monitored),
        )
        .map(drop)
    }

    pub(crate) async fn note_session_opened(&mut self, id: SessionId, now: u64) -> sqlx::Result<()> {
        execute!(
            org self,
            "UPDATE streamrec_sessions SET opened_at = COALESCE(opened_at, $3) WHERE org_id = $1 AND id = $2",
            Text(id),
            signed(now),
        )
        .map(drop)
    }

    /// Compare-and-set: false when it was active, or had ended, before.
    pub(crate) async fn start_session(
        &mut self,
        id: SessionId,
        (webhook, version): (Option<&str>, Option<&str>),
        at: u64,
    ) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "UPDATE streamrec_sessions SET state = 'ACTIVE', started_at = $3, webhook_url = $4, sdk_version = $5,
                 opened_at = COALESCE(opened_at, $3)
             WHERE org_id = $1 AND id = $2 AND state = 'CREATED'",
            Text(id),
            signed(at),
            webhook,
            version,
        )?;
        Ok(rows == 1)
    }

    /// Compare-and-set: false when it had ended before.
    pub(crate) async fn end_session(&mut self, id: SessionId, cause: TerminationCause, at: u64) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "UPDATE streamrec_sessions SET state = 'TERMINATED', termination_cause = $3, stopped_at = $4
             WHERE org_id = $1 AND id = $2 AND state <> 'TERMINATED'",
            Text(id),
            Text(cause),
            signed(at),
        )?;
        Ok(rows == 1)
    }

    /// Makes tokens about this subject useless that were made until now.
    pub(crate) async fn revoke_tokens(
        &mut self,
        application: ApplicationId,
        subject: &str,
        now: u64,
        expires_at: u64,
    ) -> sqlx::Result<()> {
        execute!(
            org self,
            "INSERT INTO streamrec_revocations (org_id, application_id, subject, revoked_at, expires_at)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (org_id, application_id, subject) DO UPDATE SET revoked_at = excluded.revoked_at,
                 expires_at = excluded.expires_at",
            Text(application),
            subject,
            signed(now),
            signed(expires_at),
        )
        .map(drop)
    }

    /// When (Unix milliseconds) tokens about either of these subjects were made useless for the last time.
    pub(crate) async fn tokens_revoked_at(
        &mut self,
        application: ApplicationId,
        subjects: [&str; 2],
    ) -> sqlx::Result<Option<i64>> {
        let row = fetch_optional!(
            org self,
            Moment,
            "SELECT revoked_at FROM streamrec_revocations
             WHERE org_id = $1 AND application_id = $2 AND (subject = $3 OR subject = $4)
             ORDER BY revoked_at DESC LIMIT 1",
            Text(application),
            subjects[0],
            subjects[1],
        )?;
        Ok(row.map(|row| row.revoked_at))
    }
}
