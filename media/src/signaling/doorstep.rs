//! Connections nobody has vouched for yet: from the first byte to the hello with a valid token. They have few places,
//! so that strangers cannot take all of the node's file descriptors. Whoever comes when every place is taken gets that
//! of the one who has been there longest: a client says hello at once.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio_util::sync::CancellationToken;

/// The places.
#[derive(Debug, Clone)]
pub struct Doorstep(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    places: usize,
    next: u64,
    waiting: BTreeMap<u64, CancellationToken>,
}

impl Doorstep {
    #[must_use]
    pub fn new(places: usize) -> Self {
        Self(Arc::new(Mutex::new(State { places, next: 0, waiting: BTreeMap::new() })))
    }

    /// A place for a new connection, until it is dropped.
    #[must_use]
    pub fn enter(&self) -> Place {
        let mut state = self.lock();
        if state.waiting.len() >= state.places
            && let Some((_, longest)) = state.waiting.pop_first()
        {
            longest.cancel();
        }
        let (number, lost) = (state.next, CancellationToken::new());
        state.next += 1;
        state.waiting.insert(number, lost.clone());
        Place { doorstep: self.clone(), number, lost }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place on the doorstep.
#[derive(Debug)]
pub struct Place {
    doorstep: Doorstep,
    number: u64,
    lost: CancellationToken,
}

impl Place {
    /// Waits until somebody else got this place.
    pub async fn lost(&self) {
        self.lost.cancelled().await;
    }

    /// Gives the place back before it is dropped.
    pub fn leave(&self) {
        self.doorstep.lock().waiting.remove(&self.number);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
    }
}
