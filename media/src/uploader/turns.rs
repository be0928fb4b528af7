//! Who may go on: so many at the same time, and so many of one owner, so that nobody keeps everybody else waiting.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Hands out turns, in the order in which they are asked for.
#[derive(Debug, Clone)]
pub struct Turns<K> {
    all: Arc<Semaphore>,
    each: usize,
    owners: Arc<Mutex<HashMap<K, Arc<Semaphore>>>>,
}

/// Going on; the next one may when it is dropped.
#[derive(Debug)]
pub struct Turn {
    _own: Option<OwnedSemaphorePermit>,
    _shared: Option<OwnedSemaphorePermit>,
}

impl<K: Eq + Hash> Turns<K> {
    pub fn new(all: usize, each: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(all)), each, owners: Arc::default() }
    }

    /// Waits for a turn. An owner waits for its own first, so that it keeps no place that others could have.
    pub async fn take(&self, owner: K) -> Turn {
        let own = {
            let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
            // Those that nobody uses are forgotten.
            owners.retain(|_, turns| Arc::strong_count(turns) > 1);
            Arc::clone(owners.entry(owner).or_insert_with(|| Arc::new(Semaphore::new(self.each))))
        };
        // Semaphores are never closed.
        let own = own.acquire_owned().await.ok();
        Turn { _own: own, _shared: Arc::clone(&self.all).acquire_owned().await.ok() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    #[tokio::test]
    async fn one_owner_leaves_room_for_others() {
        let turns = Turns::new(3, 2);
        let (first, _second) = (turns.take("a").await, turns.take("a").await);
        assert!(turns.take("a").now_or_never().is_none(), "two are all it gets");
        let _third = turns.take("b").await;
        assert!(turns.take("c").now_or_never().is_none(), "three are all there are");
        drop(first);
        turns.take("c").await;
        assert_eq!(turns.owners.lock().unwrap().len(), 3);
    }

    #[tokio::test]
    async fn who_is_done_is_forgotten() {
        let turns = Turns::new(1, 1);
        for owner in 0..10 {
            drop(turns.take(owner).await);
        }
        assert_eq!(turns.owners.lock().unwrap().len(), 1);
    }
}
