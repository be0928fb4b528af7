//! Where secrets, identifiers and jitter come from.

use aws_lc_rs::rand::SystemRandom;
use sha2::{Digest, Sha256};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Source of random bytes.
#[derive(Debug, Clone, Default)]
pub enum Random {
    #[default]
    System,
    /// The same bytes in every run, for tests.
    Seeded { seed: u64, drawn: Arc<AtomicU64> },
}

/// The operating system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct NoRandomness;

impl Random {
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded { seed, drawn: Arc::default() }
    }

    /// Fills an array.
    pub fn bytes<const N: usize>(&self) -> Result<[u8; N], NoRandomness> {
        let mut bytes = [0; N];
        match self {
            Self::System => {
                aws_lc_rs::rand::SecureRandom::fill(&SystemRandom::new(), &mut bytes).map_err(|_| NoRandomness)?;
            }
            Self::Seeded { seed, drawn } => {
                for chunk in bytes.chunks_mut(32) {
                    let count = drawn.fetch_add(1, Ordering::SeqCst);
                    let block =
                        Sha256::new().chain_update(seed.to_be_bytes()).chain_update(count.to_be_bytes()).finalize();
                    chunk.copy_from_slice(&block[..chunk.len()]);
                }
            }
        }
        Ok(bytes)
    }

    /// A number in `0.0..1.0`.
    pub fn fraction(&self) -> Result<f64, NoRandomness> {
        Ok(f64::from(u32::from_be_bytes(self.bytes()?)) / (f64::from(u32::MAX) + 1.0))
    }
}
