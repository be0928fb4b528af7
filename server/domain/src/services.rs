//! Everything the rules need, built once and passed along.

use crate::{
    clock::Clock,
    cursor,
    error::{Error, Result},
    jobs,
    mail::{Mailer, MailerError},
    random::Random,
    secrets::{Envelope, KeySourceError, Vault},
    settings::Settings,
    storage::Sessions,
    store::{OpenDatabaseError, Tx},
};
use aws_lc_rs::hmac;
use outbound::Outbound;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OnceCell, Semaphore, watch};

/// Passwords hashed at the same time; each takes 19 MiB.
const PASSWORD_HASHES: usize = 4;

/// Why the services could not start; each is one sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the database address must begin with sqlite: or postgres:")]
    DatabaseUrl,
    #[error("the database could not be opened: {0}")]
    Database(#[source] sqlx::Error),
    #[error("the database could not be brought up to date: {0}")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    #[error("the master keys lack one that this database was written with")]
    WrongKey,
    #[error("the master keys could not be read: {0}")]
    Keys(#[source] KeySourceError),
    #[error(transparent)]
    Mailer(#[from] MailerError),
    #[error("{0}")]
    Other(#[from] Error),
}

impl From<OpenDatabaseError> for OpenError {
    fn from(error: OpenDatabaseError) -> Self {
        match error {
            OpenDatabaseError::Address => Self::DatabaseUrl,
            OpenDatabaseError::Connect(error) => Self::Database(error),
            OpenDatabaseError::Migrate(error) => Self::Migrate(error),
        }
    }
}

/// The services; cheap to clone.
#[derive(Clone)]
pub struct Services {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    opened_at: u64,
    /// Since when somebody looks for what is overdue, and when they looked last.
    attended: Mutex<(u64, u64)>,
    vault: Vault,
    outbound: Outbound,
    mailer: Mailer,
    password_hashes: Arc<Semaphore>,
    sessions: Sessions,
    /// Whom customers' roles must trust, once AWS has said it.
    aws_principal: OnceCell<String>,
    /// Signs places in lists.
    cursor_key: OnceCell<hmac::Key>,
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Services").finish_non_exhaustive()
    }
}

/// Tells those who wait within this process that something was committed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wakes {
    jobs: watch::Sender<u64>,
    nodes: watch::Sender<u64>,
    webhooks: watch::Sender<u64>,
}

impl Wakes {
    pub(crate) fn wake_jobs(&self) {
        self.jobs.send_modify(|count| *count += 1);
    }

    pub(crate) fn wake_webhooks(&self) {
        self.webhooks.send_modify(|count| *count += 1);
    }

    pub(crate) fn wake_nodes(&self) {
        self.nodes.send_modify(|count| *count += 1);
    }
}

impl Services {
    /// Opens the database, brings it up to date and checks the master keys against it.
    pub async fn open(settings: Settings, clock: Clock, random: Random) -> Result<Self, OpenError> {
        let (keys, opened_at) = (Arc::clone(&settings.master_keys), clock.unix_ms());
        let vault = Vault::open(&settings.database_url, keys, clock, random).await?;
        let outbound = Outbound::new(settings.allow_private.clone()).map_err(Error::internal)?;
        let mailer = Mailer::open(&settings)?;
        let services = Self {
            inner: Arc::new(Inner {
                settings,
                opened_at,
                attended: Mutex::new((opened_at, opened_at)),
                vault,
                outbound,
                mailer,
                password_hashes: Arc::new(Semaphore::new(PASSWORD_HASHES)),
                sessions: Sessions::default(),
                aws_principal: OnceCell::new(),
                cursor_key: OnceCell::new(),
            }),
        };
        jobs::ensure_periodic(&services).await?;
        Ok(services)
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        Ok(self.read().await?.ping().await?)
    }

    #[must_use]
    pub fn clock(&self) -> &Clock {
        self.inner.vault.clock()
    }

    /// For how many milliseconds this process has been there to hear of anything.
    pub(crate) fn up_for(&self) -> u64 {
        self.now().saturating_sub(self.inner.opened_at)
    }

    /// For how many milliseconds this process has looked for what is overdue, counting this look, without a gap longer than
    /// that. With a database that does not answer nobody looks.
    pub(crate) fn attends_for(&self, longest_gap: u64) -> u64 {
        let now = self.now();
        let mut attended = self.inner.attended.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, last) = *attended;
        let since = if now.saturating_sub(last) > longest_gap { now } else { since };
        *attended = (since, now);
        now - since
    }

    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Changes whenever a command for some node was committed by this process.
    #[must_use]
    pub fn commands_changed(&self) -> watch::Receiver<u64> {
        self.inner.vault.wakes().nodes.subscribe()
    }

    /// Changes whenever a job was committed by this process.
    #[must_use]
    pub fn jobs_changed(&self) -> watch::Receiver<u64> {
        self.inner.vault.wakes().jobs.subscribe()
    }

    /// Changes whenever something to be sent to a webhook was committed by this process.
    #[must_use]
    pub fn webhooks_changed(&self) -> watch::Receiver<u64> {
        self.inner.vault.wakes().webhooks.subscribe()
    }

    pub(crate) fn now(&self) -> u64 {
        self.clock().unix_ms()
    }

    pub(crate) fn random(&self) -> &Random {
        self.inner.vault.random()
    }

    /// The database with its keys.
    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.inner.vault
    }

    pub(crate) fn outbound(&self) -> &Outbound {
        &self.inner.outbound
    }

    pub(crate) fn mailer(&self) -> &Mailer {
        &self.inner.mailer
    }

    pub(crate) fn password_hashes(&self) -> Arc<Semaphore> {
        self.inner.password_hashes.clone()
    }

    /// Sessions of customers' roles.
    pub(crate) fn sessions(&self) -> &Sessions {
        &self.inner.sessions
    }

    pub(crate) fn aws_principal(&self) -> &OnceCell<String> {
        &self.inner.aws_principal
    }

    pub(crate) async fn cursor_key(&self) -> Result<&hmac::Key> {
        self.inner.cursor_key.get_or_try_init(|| cursor::key(self)).await
    }

    pub(crate) fn envelope(&self) -> Envelope<'_> {
        self.inner.vault.envelope()
    }

    /// A fresh identifier: `services.new_id(RecordingId::from_parts)`.
    pub(crate) fn new_id<T>(&self, from_parts: fn(u64, [u8; 10]) -> T) -> Result<T> {
        Ok(from_parts(self.now(), self.random().bytes().map_err(Error::internal)?))
    }

    /// A transaction that may write.
    pub(crate) async fn begin(&self) -> Result<Tx> {
        self.inner.vault.begin().await
    }

    /// A transaction that only reads.
    pub(crate) async fn read(&self) -> Result<Tx> {
        self.inner.vault.read().await
    }
}
