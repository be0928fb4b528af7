//! How much work of each kind runs at the same time, and whose it is: nobody may take so many places that others wait.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// Who has how many of the places. `S` is whose work it is.
#[derive(Debug)]
pub struct Places<S> {
    taken: Mutex<HashMap<S, usize>>,
    freed: Notify,
}

impl<S> Default for Places<S> {
    fn default() -> Self {
        Self { taken: Mutex::default(), freed: Notify::new() }
    }
}

impl<S: Clone + Eq + Hash> Places<S> {
    fn taken(&self) -> MutexGuard<'_, HashMap<S, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes so many places of one share.
    pub fn take(self: &Arc<Self>, share: S, count: usize) -> Place<S> {
        *self.taken().entry(share.clone()).or_default() += count;
        Place { places: Arc::clone(self), share, count }
    }

    /// Places of all shares together.
    pub fn all_taken(&self) -> usize {
        self.taken().values().sum()
    }

    /// Shares with at least so many places.
    pub fn shares_with(&self, count: usize) -> Vec<S> {
        self.taken().iter().filter(|(_, taken)| **taken >= count).map(|(share, _)| share.clone()).collect()
    }

    /// The most that a share with fewer than `count` places has.
    pub fn most_below(&self, count: usize) -> usize {
        self.taken().values().copied().filter(|taken| *taken < count).max().unwrap_or(0)
    }

    /// Waits until a place became free.
    pub async fn freed(&self) {
        self.freed.notified().await;
    }
}

/// Places until they are dropped.
#[derive(Debug)]
pub struct Place<S: Clone + Eq + Hash> {
    places: Arc<Places<S>>,
    share: S,
    count: usize,
}

impl<S: Clone + Eq + Hash> Drop for Place<S> {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        if let Some(count) = taken.get_mut(&self.share) {
            *count = count.saturating_sub(self.count);
            if *count == 0 {
                taken.remove(&self.share);
            }
        }
        drop(taken);
        self.places.freed.notify_one();
    }
}
