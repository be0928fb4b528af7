//! The keys at hand: one seals, all of them open.

use super::master::{KeySource, KeySourceError, MasterKey};
use crate::clock::Clock;
use std::{
    error::Error as StdError,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};
use zeroize::Zeroizing;

/// A key that is no longer in its source leaves the memory after this long.
const REREAD_MS: u64 = 30 * 1000;

/// The wrapping keys of the master keys.
pub(crate) struct KeyRing {
    source: Arc<dyn KeySource>,
    clock: Clock,
    held: RwLock<Held>,
}

struct Held {
    /// Never empty; the first seals.
    keys: Vec<Arc<WrappingKey>>,
    read_at: u64,
}

/// Wraps the keys of secrets.
pub(super) struct WrappingKey {
    pub id: String,
    pub key: Zeroizing<[u8; 32]>,
}

impl KeyRing {
    pub(super) fn open(source: Arc<dyn KeySource>, clock: Clock) -> Result<Self, KeySourceError> {
        let held = RwLock::new(Held { keys: read(&*source)?, read_at: clock.unix_ms() });
        Ok(Self { source, clock, held })
    }

    /// The key that seals. Sealing is rare, so the source is asked each time: from the moment a new key is in it, no
    /// process seals with the one before.
    pub(super) fn sealing(&self) -> Option<Arc<WrappingKey>> {
        self.reread();
        self.all().into_iter().next()
    }

    /// The key of this name. One that is not known may just have been added, so the source is asked before giving up.
    pub(super) fn find(&self, id: &str) -> Option<Arc<WrappingKey>> {
        if self.clock.unix_ms().saturating_sub(self.read_at()) >= REREAD_MS {
            self.reread();
        }
        let find = || self.all().into_iter().find(|key| key.id == id);
        find().or_else(|| {
            self.reread();
            find()
        })
    }

    /// Names of all keys, the sealing one first.
    pub(super) fn ids(&self) -> Vec<String> {
        self.reread();
        self.all().iter().map(|key| key.id.clone()).collect()
    }

    /// Reads under the lock, so that an older answer of the source never replaces a newer one.
    fn reread(&self) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        match read(&*self.source) {
            Ok(keys) => *held = Held { keys, read_at: self.clock.unix_ms() },
            Err(error) => {
                held.read_at = self.clock.unix_ms();
                tracing::warn!(error = &error as &dyn StdError, "the master keys could not be read again");
            }
        }
    }

    fn all(&self) -> Vec<Arc<WrappingKey>> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).keys.clone()
    }

    fn read_at(&self) -> u64 {
        self.held.read().unwrap_or_else(PoisonError::into_inner).read_at
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<String> = self.all().iter().map(|key| key.id.clone()).collect();
        f.debug_struct("KeyRing").field("ids", &ids).finish_non_exhaustive()
    }
}

fn read(source: &dyn KeySource) -> Result<Vec<Arc<WrappingKey>>, KeySourceError> {
    let masters = source.read()?;
    if masters.is_empty() {
        return Err(KeySourceError::new("there is no master key"));
    }
    let wrapping = |master: &MasterKey| Arc::new(WrappingKey { id: master.id(), key: master.wrapping_key() });
    Ok(masters.iter().map(wrapping).collect())
}
