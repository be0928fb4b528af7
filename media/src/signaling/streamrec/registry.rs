//! The sessions of this node that are under way: where another socket of one goes, and who waits for its end.

use super::incoming::Envelope;
use axum::extract::ws::WebSocket;
use protocol::ids::SessionId;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Sockets that wait to be taken over; more than one is somebody in a hurry.
const SOCKETS: usize = 2;

/// A socket, with the message that said whose it is.
pub type Arrival = (WebSocket, Envelope);

/// The sessions under way.
#[derive(Clone, Default)]
pub struct Registry {
    entries: Arc<Mutex<HashMap<SessionId, Entry>>>,
    pub(super) stays: TaskTracker,
}

struct Entry {
    arrivals: mpsc::Sender<Arrival>,
    over: CancellationToken,
}

/// What a session needs that begins.
pub(super) struct Beginning {
    pub arrivals: mpsc::Receiver<Arrival>,
    /// To be cancelled with its end.
    pub over: CancellationToken,
}

impl Registry {
    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a socket to the session that is under way, or begins it. A socket nobody takes is closed.
    pub(super) fn arrive(&self, session: SessionId, arrival: Arrival) -> Option<Beginning> {
        let mut entries = self.lock();
        if let Some(entry) = entries.get(&session).filter(|entry| !entry.arrivals.is_closed()) {
            // Full: the sockets before it are still on their way.
            let _ = entry.arrivals.try_send(arrival);
            return None;
        }
        let (arrivals, received) = mpsc::channel(SOCKETS);
        let over = CancellationToken::new();
        // There is room for the first one.
        let _ = arrivals.try_send(arrival);
        entries.insert(session, Entry { arrivals, over: over.clone() });
        Some(Beginning { arrivals: received, over })
    }

    /// What is cancelled when a session ends; `None` when it is not under way.
    pub(super) fn end_of(&self, session: SessionId) -> Option<CancellationToken> {
        self.lock().get(&session).map(|entry| entry.over.clone())
    }

    pub(super) fn leave(&self, session: SessionId) {
        if let Some(entry) = self.lock().remove(&session) {
            entry.over.cancel();
        }
    }

    /// Waits until every session has said good-bye. No other must begin by then.
    pub async fn ended(&self) {
        self.stays.close();
        self.stays.wait().await;
    }
}
