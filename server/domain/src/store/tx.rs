//! Transactions, for the system and for one org.

use super::{execute, on};
use crate::{Access, idempotency::Claim, services::Wakes};
use protocol::ids::{ApplicationId, OrgId};
use sqlx::{Postgres, Sqlite, Transaction};

/// Either driver's transaction.
pub(super) enum Connection {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// A transaction of the system. Dropping it undoes everything.
pub(crate) struct Tx {
    connection: Connection,
    wakes: Wakes,
    wrote_job: bool,
    wrote_command: bool,
    wrote_webhook: bool,
    /// Whose work this is, when it may be asked for again.
    claim: Option<Claim>,
}

impl Tx {
    pub(super) fn sqlite(transaction: Transaction<'static, Sqlite>, wakes: Wakes) -> Self {
        Self::new(Connection::Sqlite(transaction), wakes)
    }

    pub(super) fn postgres(transaction: Transaction<'static, Postgres>, wakes: Wakes) -> Self {
        Self::new(Connection::Postgres(transaction), wakes)
    }

    fn new(connection: Connection, wakes: Wakes) -> Self {
        Self { connection, wakes, wrote_job: false, wrote_command: false, wrote_webhook: false, claim: None }
    }

    pub(super) fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    pub(super) fn is_postgres(&self) -> bool {
        matches!(self.connection, Connection::Postgres(_))
    }

    pub(super) fn will_wake_jobs(&mut self) {
        self.wrote_job = true;
    }

    pub(super) fn will_wake_webhooks(&mut self) {
        self.wrote_webhook = true;
    }

    pub(super) fn will_wake_nodes(&mut self) {
        self.wrote_command = true;
    }

    /// The same transaction, bound to one org, for the system.
    pub(crate) fn org(&mut self, org: OrgId) -> OrgTx<'_> {
        OrgTx { tx: self, org, only: None }
    }

    /// The same transaction, bound to what a caller reaches. What it changes is the work of the caller's request.
    pub(crate) fn reach(&mut self, access: &Access) -> OrgTx<'_> {
        if let Some(claim) = access.claim() {
            self.claim = Some(claim.clone());
        }
        OrgTx { tx: self, org: access.org(), only: access.only_application() }
    }

    /// Commits, then wakes whoever waits for what was written.
    pub(crate) async fn commit(mut self) -> sqlx::Result<()> {
        if let Some(claim) = self.claim.take()
            && !self.org(claim.org).note_effect(&claim).await?
        {
            return Err(sqlx::Error::Protocol("another attempt at the same request goes on".to_owned()));
        }
        match self.connection {
            Connection::Sqlite(transaction) => transaction.commit().await?,
            Connection::Postgres(transaction) => transaction.commit().await?,
        }
        if self.wrote_job {
            self.wakes.wake_jobs();
        }
        if self.wrote_command {
            self.wakes.wake_nodes();
        }
        if self.wrote_webhook {
            self.wakes.wake_webhooks();
        }
        Ok(())
    }

    /// Whether the database answers.
    pub(crate) async fn ping(&mut self) -> sqlx::Result<()> {
        execute!(self, "SELECT 1").map(drop)
    }
}

/// A transaction bound to one org: the only way to the tables of tenants. For a caller that reaches one application
/// only, there are no others.
pub(crate) struct OrgTx<'t> {
    tx: &'t mut Tx,
    org: OrgId,
    only: Option<ApplicationId>,
}

impl OrgTx<'_> {
    pub(crate) fn id(&self) -> OrgId {
        self.org
    }

    /// Whether the caller reaches this application, if the org has it.
    pub(super) fn reaches(&self, application: ApplicationId) -> bool {
        self.only.is_none_or(|only| only == application)
    }

    /// The system's side of the same transaction, for jobs and commands.
    pub(crate) fn system(&mut self) -> &mut Tx {
        self.tx
    }

    pub(super) fn connection(&mut self) -> &mut Connection {
        self.tx.connection()
    }
}
