//! Where webhooks go.

use super::{JsonText, OrgTx, Text, Tx, execute, fetch_all, fetch_optional, on, signed};
use protocol::{
    ids::{ApplicationId, EndpointId},
    webhook::{BodyFormat, EndpointState, EventType, Signing, SuspensionCause},
};

/// An endpoint as stored; removed ones are not read.
#[derive(sqlx::FromRow)]
pub(crate) struct EndpointRow {
    id: Text<EndpointId>,
    application_id: Text<ApplicationId>,
    pub url: String,
    events: JsonText<Vec<EventType>>,
    body_format: Text<BodyFormat>,
    signing: Text<Signing>,
    secret: Option<String>,
    pub public_key: Option<String>,
    pub previous_secret: Option<String>,
    pub previous_public_key: Option<String>,
    pub previous_until: Option<i64>,
    state: Text<EndpointState>,
    suspension_cause: Option<Text<SuspensionCause>>,
    pub failing_since: Option<i64>,
    pub warned_at: Option<i64>,
    pub revision: i64,
    pub created_at: i64,
    /// A request of a StreamRec client named it.
    pub requested: bool,
}

impl EndpointRow {
    pub(crate) fn id(&self) -> EndpointId {
        self.id.0
    }

    pub(crate) fn application(&self) -> ApplicationId {
        self.application_id.0
    }

    /// Empty for every event.
    pub(crate) fn events(&self) -> &[EventType] {
        &self.events.0
    }

    pub(crate) fn body_format(&self) -> BodyFormat {
        self.body_format.0
    }

    pub(crate) fn signing(&self) -> Signing {
        self.signing.0
    }

    /// Sealed.
    pub(crate) fn secret(&self) -> &str {
        self.secret.as_deref().unwrap_or_default()
    }

    pub(crate) fn state(&self) -> EndpointState {
        self.state.0
    }

    pub(crate) fn suspension_cause(&self) -> Option<SuspensionCause> {
        self.suspension_cause.map(|cause| cause.0)
    }
}

/// An endpoint to be made.
pub(crate) struct NewEndpointRow<'a> {
    pub id: EndpointId,
    pub application: ApplicationId,
    pub url: &'a str,
    pub events: &'a [EventType],
    pub body_format: BodyFormat,
    pub signing: Signing,
    pub secret: &'a str,
    pub public_key: Option<&'a str>,
    pub state: EndpointState,
    /// A request named it; the application does not list it.
    pub requested: bool,
    pub now: u64,
}

/// What signs from now on, and how long what signed before still does beside it.
pub(crate) struct NewSecret<'a> {
    pub secret: &'a str,
    pub public_key: Option<&'a str>,
    /// The previous secret, sealed for its place, and its end.
    pub previous: Option<(&'a str, u64)>,
}

macro_rules! select_endpoint {
    ($rest:literal) => {
        concat!(
            "SELECT id, application_id, url, events, body_format, signing, secret, public_key, previous_secret,
                 previous_public_key, previous_until, state, suspension_cause, failing_since, warned_at, revision,
                 created_at, requested
             FROM webhook_endpoints WHERE org_id = $1 AND removed_at IS NULL ",
            $rest
        )
    };
}

impl OrgTx<'_> {
    /// Oldest first.
    pub(crate) async fn endpoints(&mut self, application: ApplicationId) -> sqlx::Result<Vec<EndpointRow>> {
        if !self.reaches(application) {
            return Ok(Vec::new());
        }
        let statement = select_endpoint!("AND application_id = $2 AND NOT requested ORDER BY id");
        fetch_all!(org self, EndpointRow, statement, Text(application))
    }

    pub(crate) async fn endpoint(&mut self, id: EndpointId) -> sqlx::Result<Option<EndpointRow>> {
        let row: Option<EndpointRow> =
            fetch_optional!(org self, EndpointRow, select_endpoint!("AND id = $2"), Text(id))?;
        Ok(row.filter(|row| self.reaches(row.application())))
    }

    /// Those that requests named, the latest ones first.
    pub(crate) async fn requested_endpoints(
        &mut self,
        application: ApplicationId,
        limit: i64,
    ) -> sqlx::Result<Vec<EndpointRow>> {
        let statement = select_endpoint!("AND application_id = $2 AND requested ORDER BY id DESC LIMIT $3");
        fetch_all!(org self, EndpointRow, statement, Text(application), limit)
    }

    /// The endpoint that requests named by this address.
    pub(crate) async fn requested_endpoint(
        &mut self,
        application: ApplicationId,
        url: &str,
    ) -> sqlx::Result<Option<EndpointRow>> {
        let statement = select_endpoint!("AND application_id = $2 AND requested AND url = $3");
        fetch_optional!(org self, EndpointRow, statement, Text(application), url)
    }

    /// One that requests name is made once for each address.
    pub(crate) async fn insert_endpoint(&mut self, new: &NewEndpointRow<'_>) -> sqlx::Result<()> {
        execute!(
            org self,
            "INSERT INTO webhook_endpoints (org_id, id, application_id, url, events, body_format, signing, secret,
                 public_key, state, revision, created_at, requested)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11, $12)
             ON CONFLICT (org_id, application_id, url) WHERE requested AND removed_at IS NULL DO NOTHING",
            Text(new.id),
            Text(new.application),
            new.url,
            JsonText(new.events),
            Text(new.body_format),
            Text(new.signing),
            new.secret,
            new.public_key,
            Text(new.state),
            signed(new.now),
            new.requested,
        )
        .map(drop)
    }

    /// Counts the revision up and takes the row's lock; false when there is no such endpoint.
    pub(crate) async fn revise_endpoint(&mut self, id: EndpointId) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "UPDATE webhook_endpoints SET revision = revision + 1
             WHERE org_id = $1 AND id = $2 AND removed_at IS NULL",
            Text(id),
        )?;
        Ok(rows == 1)
    }

    pub(crate) async fn change_endpoint(
        &mut self,
        id: EndpointId,
        url: &str,
        events: &[EventType],
    ) -> sqlx::Result<()> {
        execute!(
            org self,
            "UPDATE webhook_endpoints SET url = $3, events = $4 WHERE org_id = $1 AND id = $2",
            Text(id),
            url,
            JsonText(events),
        )
        .map(drop)
    }

    /// What it had failed at before counts no longer.
    pub(crate) async fn set_endpoint_state(
        &mut self,
        id: EndpointId,
        state: EndpointState,
        cause: Option<SuspensionCause>,
    ) -> sqlx::Result<()> {
        execute!(
            org self,
            "UPDATE webhook_endpoints SET state = $3, suspension_cause = $4, failing_since = NULL, warned_at = NULL
             WHERE org_id = $1 AND id = $2",
            Text(id),
            Text(state),
            cause.map(Text),
        )
        .map(drop)
    }

    pub(crate) async fn replace_endpoint_secret(&mut self, id: EndpointId, new: &NewSecret<'_>) -> sqlx::Result<()> {
        execute!(
            org self,
            "UPDATE webhook_endpoints SET secret = $3, public_key = $4, previous_secret = $5, previous_until = $6,
                 previous_public_key = CASE WHEN $5 IS NULL THEN NULL ELSE public_key END
             WHERE org_id = $1 AND id = $2",
            Text(id),
            new.secret,
            new.public_key,
            new.previous.map(|(sealed, _)| sealed),
            new.previous.map(|(_, until)| signed(until)),
        )
        .map(drop)
    }

    /// Erases its secrets; the rest goes with its deliveries.
    pub(crate) async fn remove_endpoint(&mut self, id: EndpointId, now: u64) -> sqlx::Result<()> {
        execute!(
            org self,
            "UPDATE webhook_endpoints SET removed_at = $3, secret = NULL, public_key = NULL, previous_secret = NULL,
                 previous_public_key = NULL, previous_until = NULL
             WHERE org_id = $1 AND id = $2 AND removed_at IS NULL",
            Text(id),
            signed(now),
        )
        .map(drop)
    }

    /// Notes the first failure in a row.
    pub(crate) async fn set_endpoint_failing(&mut self, id: EndpointId, since: u64) -> sqlx::Result<()> {
        execute!(
            org self,
            "UPDATE webhook_endpoints SET failing_since = $3 WHERE org_id = $1 AND id = $2 AND failing_since IS NULL",
            Text(id),
            signed(since),
        )
        .map(drop)
    }

    pub(crate) async fn set_endpoint_works(&mut self, id: EndpointId) -> sqlx::Result<()> {
        execute!(
            org self,
            "UPDATE webhook_endpoints SET failing_since = NULL, warned_at = NULL WHERE org_id = $1 AND id = $2",
            Text(id),
        )
        .map(drop)
    }

    /// True for the one caller who is to tell the owners.
    pub(crate) async fn set_endpoint_warned(&mut self, id: EndpointId, now: u64) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "UPDATE webhook_endpoints SET warned_at = $3
             WHERE org_id = $1 AND id = $2 AND state = 'active' AND failing_since IS NOT NULL AND warned_at IS NULL",
            Text(id),
            signed(now),
        )?;
        Ok(rows == 1)
    }

    /// True for the one caller who is to tell the owners.
    pub(crate) async fn suspend_endpoint(&mut self, id: EndpointId, cause: SuspensionCause) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "UPDATE webhook_endpoints SET state = 'suspended', suspension_cause = $3, revision = revision + 1
             WHERE org_id = $1 AND id = $2 AND state = 'active' AND removed_at IS NULL",
            Text(id),
            Text(cause),
        )?;
        Ok(rows == 1)
    }
}

impl Tx {
    /// Secrets that no longer sign are erased.
    pub(crate) async fn forget_previous_secrets(&mut self, now: u64) -> sqlx::Result<u64> {
        execute!(
            self,
            "UPDATE webhook_endpoints SET previous_secret = NULL, previous_public_key = NULL, previous_until = NULL
             WHERE previous_until <= $1",
            signed(now),
        )
    }

    /// Endpoints that were removed, or that requests named, and that have no deliveries left.
    pub(crate) async fn delete_removed_endpoints(&mut self) -> sqlx::Result<u64> {
        execute!(
            self,
            "DELETE FROM webhook_endpoints WHERE (removed_at IS NOT NULL OR requested) AND NOT EXISTS (
                 SELECT 1 FROM deliveries d
                 WHERE d.org_id = webhook_endpoints.org_id AND d.endpoint_id = webhook_endpoints.id)",
        )
    }
}
