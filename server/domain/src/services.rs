//! Everything the rules need, built once and passed along.

use crate::{
    clock::Clock,
    error::{Error, Result},
    jobs,
    random::Random,
    secrets::{Envelope, KeyRing, Place},
    settings::Settings,
    store::{Database, OpenDatabaseError, Tx},
};
use outbound::Outbound;
use std::sync::Arc;
use tokio::sync::{Semaphore, watch};

/// Passwords hashed at the same time; each takes 19 MiB.
const PASSWORD_HASHES: usize = 4;
const KEY_CHECK: &[u8] = b"mixdown";
const KEY_CHECK_PLACE: Place<'static> = Place { table: "key_checks", column: "sealed", org: None };

/// Why the services could not start; each is one sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the database address must begin with sqlite: or postgres:")]
    DatabaseUrl,
    #[error("the database could not be opened: {0}")]
    Database(#[source] sqlx::Error),
    #[error("the database could not be brought up to date: {0}")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    #[error("the master key is not the one this database was written with")]
    WrongKey,
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
    clock: Clock,
    random: Random,
    keys: KeyRing,
    database: Database,
    wakes: Wakes,
    outbound: Outbound,
    password_hashes: Arc<Semaphore>,
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Services").finish_non_exhaustive()
    }
}

/// Tells those who wait within this process that something was committed.
#[derive(Debug, Clone)]
pub(crate) struct Wakes {
    jobs: watch::Sender<u64>,
    nodes: watch::Sender<u64>,
}

impl Wakes {
    fn new() -> Self {
        Self { jobs: watch::Sender::new(0), nodes: watch::Sender::new(0) }
    }

    pub(crate) fn wake_jobs(&self) {
        self.jobs.send_modify(|count| *count += 1);
    }

    pub(crate) fn wake_nodes(&self) {
        self.nodes.send_modify(|count| *count += 1);
    }
}

impl Services {
    /// Opens the database, brings it up to date and checks the master key against it.
    pub async fn open(settings: Settings, clock: Clock, random: Random) -> Result<Self, OpenError> {
        let keys = KeyRing::new(&settings.master_key);
        let database = Database::open(&settings.database_url).await?;
        let outbound = Outbound::new(settings.allow_private.clone()).map_err(Error::internal)?;
        let services = Self {
            inner: Arc::new(Inner {
                settings,
                clock,
                random,
                keys,
                database,
                wakes: Wakes::new(),
                outbound,
                password_hashes: Arc::new(Semaphore::new(PASSWORD_HASHES)),
            }),
        };
        services.check_master_key().await?;
        jobs::ensure_periodic(&services).await?;
        Ok(services)
    }

    async fn check_master_key(&self) -> Result<(), OpenError> {
        let mut tx = self.begin().await?;
        match tx.key_check().await.map_err(OpenError::Database)? {
            Some(sealed) => {
                self.envelope().open(KEY_CHECK_PLACE, 1, &sealed).map_err(|_| OpenError::WrongKey)?;
            }
            None => {
                let sealed = self.envelope().seal(KEY_CHECK_PLACE, 1, KEY_CHECK)?;
                let key_id = self.keys().wrapping_id();
                tx.insert_key_check(key_id, &sealed).await.map_err(OpenError::Database)?;
                tx.commit().await.map_err(OpenError::Database)?;
            }
        }
        Ok(())
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        Ok(self.read().await?.ping().await?)
    }

    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Changes whenever a command for some node was committed by this process.
    #[must_use]
    pub fn commands_changed(&self) -> watch::Receiver<u64> {
        self.inner.wakes.nodes.subscribe()
    }

    /// Changes whenever a job was committed by this process.
    #[must_use]
    pub fn jobs_changed(&self) -> watch::Receiver<u64> {
        self.inner.wakes.jobs.subscribe()
    }

    pub(crate) fn now(&self) -> u64 {
        self.inner.clock.unix_ms()
    }

    pub(crate) fn random(&self) -> &Random {
        &self.inner.random
    }

    pub(crate) fn keys(&self) -> &KeyRing {
        &self.inner.keys
    }

    pub(crate) fn outbound(&self) -> &Outbound {
        &self.inner.outbound
    }

    pub(crate) fn password_hashes(&self) -> Arc<Semaphore> {
        self.inner.password_hashes.clone()
    }

    pub(crate) fn envelope(&self) -> Envelope<'_> {
        Envelope { keys: &self.inner.keys, random: &self.inner.random }
    }

    /// A fresh identifier: `services.new_id(RecordingId::from_parts)`.
    pub(crate) fn new_id<T>(&self, from_parts: fn(u64, [u8; 10]) -> T) -> Result<T> {
        Ok(from_parts(self.now(), self.inner.random.bytes().map_err(Error::internal)?))
    }

    /// A transaction that may write.
    pub(crate) async fn begin(&self) -> Result<Tx> {
        Ok(self.inner.database.begin(&self.inner.wakes).await?)
    }

    /// A transaction that only reads.
    pub(crate) async fn read(&self) -> Result<Tx> {
        Ok(self.inner.database.read(&self.inner.wakes).await?)
    }
}
