//! How much the whole spool may hold.

use std::{
    fs, io,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

/// Bytes under the spool, shared by every capture of this node.
#[derive(Debug)]
pub struct SpoolBudget {
    max_bytes: u64,
    used: AtomicU64,
}

impl SpoolBudget {
    /// Counts what earlier runs left in `spool`.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn open(spool: &Path, max_bytes: u64) -> io::Result<Self> {
        let mut used = 0;
        for entry in fs::read_dir(spool)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                used += directory_bytes(&entry.path())?;
            }
        }
        Ok(Self { max_bytes, used: AtomicU64::new(used) })
    }

    /// Bytes in the spool now.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Whether nothing more fits.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.used() >= self.max_bytes
    }

    /// Takes `bytes` of the budget, or nothing when they do not fit.
    pub(super) fn take(&self, bytes: u64) -> bool {
        self.used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(bytes).filter(|&sum| sum <= self.max_bytes)
            })
            .is_ok()
    }

    /// Gives `bytes` back.
    pub(super) fn release(&self, bytes: u64) {
        let released =
            self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| Some(used.saturating_sub(bytes)));
        debug_assert!(released.is_ok());
    }
}

/// Size of the files directly in `directory`.
pub(super) fn directory_bytes(directory: &Path) -> io::Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(directory)? {
        let metadata = entry?.metadata()?;
        if metadata.is_file() {
            sum += metadata.len();
        }
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_takes_nothing() {
        let spool = tempfile::tempdir().unwrap();
        let recording = spool.path().join("rec_1");
        fs::create_dir(&recording).unwrap();
        fs::write(recording.join("events.log"), [0; 40]).unwrap();
        let budget = SpoolBudget::open(spool.path(), 100).unwrap();
        assert_eq!(budget.used(), 40);
        assert!(!budget.take(61));
        assert!(budget.take(60));
        assert!(budget.is_full());
        budget.release(10);
        assert_eq!(budget.used(), 90);
    }
}
