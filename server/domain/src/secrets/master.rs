//! Master keys and where they come from.

use aws_lc_rs::hmac;
use sha2::{Digest, Sha256};
use std::{error::Error, fmt};
use zeroize::Zeroizing;

const WRAPPING: &[u8] = b"mixdown/key-wrapping/1";
const IDENTIFIER: &[u8] = b"mixdown/key-identifier/1";

/// 32 random bytes from which the key that wraps all others is derived; never stored in the database.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    #[must_use]
    pub fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    /// Names the key beside what it wrapped; tells nothing about it.
    #[must_use]
    pub fn id(&self) -> String {
        hex::encode(&Sha256::digest(self.derive(IDENTIFIER))[..8])
    }

    pub(super) fn wrapping_key(&self) -> Zeroizing<[u8; 32]> {
        self.derive(WRAPPING)
    }

    fn derive(&self, name: &[u8]) -> Zeroizing<[u8; 32]> {
        let master = hmac::Key::new(hmac::HMAC_SHA256, self.0.as_slice());
        let mut key = Zeroizing::new([0; 32]);
        key.copy_from_slice(hmac::sign(&master, name).as_ref());
        key
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MasterKey").field(&self.id()).finish()
    }
}

/// Where the master keys are kept. It is asked again while the process runs, so that a key can be replaced meanwhile.
pub trait KeySource: fmt::Debug + Send + Sync {
    /// Every key that a secret may be under, the one that seals first.
    ///
    /// # Errors
    /// When the keys cannot be had; those known already stay in use.
    fn read(&self) -> Result<Vec<MasterKey>, KeySourceError>;
}

/// Keys that never change.
impl KeySource for Vec<MasterKey> {
    fn read(&self) -> Result<Vec<MasterKey>, KeySourceError> {
        Ok(self.clone())
    }
}

/// Why the master keys cannot be had.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct KeySourceError(#[from] Box<dyn Error + Send + Sync>);

impl KeySourceError {
    pub fn new(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(reason.into())
    }
}
