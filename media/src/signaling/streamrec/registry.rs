//! The sessions of this node that are under way: where another socket of one goes, and who waits for its end.

use super::incoming::Envelope;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::extract::ws::WebSocket;
use protocol::{ids::SessionId, streamrec::Confidential};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Sockets that wait to be taken over; more than one is somebody in a hurry.
const SOCKETS: usize = 2;

/// A socket, with the message that said whose it is.
pub type Arrival = Box<(WebSocket, Envelope)>;

/// The sessions under way.
#[derive(Clone, Default)]
pub struct Registry {
    entries: Arc<Mutex<HashMap<SessionId, Entry>>>,
    pub(super) stays: TaskTracker,
    /// Cancelled when the node stops.
    pub(super) stopping: CancellationToken,
}

struct Entry {
    arrivals: mpsc::Sender<Arrival>,
    token: Confidential,
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

    /// Gives a socket to the session that is under way, if that began with the same token.
    ///
    /// # Errors
    /// There is no such session; the socket comes back.
    pub(super) fn come_back(&self, session: SessionId, token: &Confidential, arrival: Arrival) -> Result<(), Arrival> {
        let entries = self.lock();
        let same =
            |entry: &Entry| verify_slices_are_equal(entry.token.expose().as_bytes(), token.expose().as_bytes()).is_ok();
        if entries.get(&session).is_some_and(same) { hand_over(&entries, session, arrival) } else { Err(arrival) }
    }

    /// Gives a socket to the session that is under way, or begins it.
    pub(super) fn arrive(&self, session: SessionId, token: Confidential, arrival: Arrival) -> Option<Beginning> {
        let mut entries = self.lock();
        let arrival = hand_over(&entries, session, arrival).err()?;
        let (arrivals, received) = mpsc::channel(SOCKETS);
        let over = CancellationToken::new();
        // There is room for the first one.
        let _ = arrivals.try_send(arrival);
        entries.insert(session, Entry { arrivals, token, over: over.clone() });
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

    /// Ends every session, also those that begin from now on, and waits until all have said good-bye.
    pub async fn ended(&self) {
        self.stopping.cancel();
        self.stays.close();
        self.stays.wait().await;
    }
}

fn hand_over(entries: &HashMap<SessionId, Entry>, session: SessionId, arrival: Arrival) -> Result<(), Arrival> {
    match entries.get(&session).filter(|entry| !entry.arrivals.is_closed()) {
        Some(entry) => {
            // Full: the sockets before it are still on their way.
            let _ = entry.arrivals.try_send(arrival);
            Ok(())
        }
        None => Err(arrival),
    }
}
