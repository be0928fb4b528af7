//! Master keys that a test replaces while services run.

use domain::secrets::{KeySource, KeySourceError, MasterKey};
use std::sync::{Arc, Mutex};
use zeroize::Zeroizing;

/// Where the services find their master keys; each is named by the byte it consists of.
#[derive(Debug)]
pub struct Keys(Mutex<Vec<MasterKey>>);

impl Keys {
    pub fn new(keys: &[u8]) -> Arc<Self> {
        Arc::new(Self(Mutex::new(list(keys))))
    }

    /// The first seals.
    pub fn set(&self, keys: &[u8]) {
        *self.0.lock().unwrap() = list(keys);
    }
}

impl KeySource for Keys {
    fn read(&self) -> Result<Vec<MasterKey>, KeySourceError> {
        Ok(self.0.lock().unwrap().clone())
    }
}

pub fn master_key(byte: u8) -> MasterKey {
    MasterKey::new(Zeroizing::new([byte; 32]))
}

fn list(keys: &[u8]) -> Vec<MasterKey> {
    keys.iter().map(|byte| master_key(*byte)).collect()
}
