//! Every task of the process belongs to one [`Lifecycle`]: it is told to stop by one token and waited for by one
//! tracker, so nothing outlives a shutdown unnoticed.

use std::{future::Future, io, time::Duration};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The tasks of one running control plane.
#[derive(Debug, Clone, Default)]
pub struct Lifecycle {
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

impl Lifecycle {
    /// Runs a task until it ends by itself; it is expected to watch [`Self::stopping`].
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Counts a future that runs elsewhere among the tasks to wait for.
    pub fn track<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        self.tasks.track_future(future)
    }

    /// Cancelled when the process is to stop.
    #[must_use]
    pub fn token(&self) -> CancellationToken {
        self.shutdown.clone()
    }

    /// Resolves when the process is to stop.
    pub async fn stopping(&self) {
        self.shutdown.cancelled().await;
    }

    /// Tells every task to stop and waits for them, at most `patience`. Returns whether all of them ended.
    pub async fn stop(&self, patience: Duration) -> bool {
        self.shutdown.cancel();
        self.tasks.close();
        tokio::time::timeout(patience, self.tasks.wait()).await.is_ok()
    }
}

/// Resolves at the first SIGTERM or SIGINT.
///
/// # Errors
/// When the handlers cannot be installed.
pub fn termination_signal() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
