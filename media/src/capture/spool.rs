//! Housekeeping in a capture's directory.

use super::{CaptureError, SpoolBudget, budget::directory_bytes};
use std::{fs, io, path::Path};

/// Removes a capture that is no longer needed and gives its bytes back. Removing one that is gone already succeeds.
/// The key's destruction is what makes the data unreadable; this frees the room.
///
/// # Errors
/// The directory cannot be removed.
pub fn erase(directory: &Path, budget: &SpoolBudget) -> Result<(), CaptureError> {
    let bytes = match directory_bytes(directory) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    fs::remove_dir_all(directory)?;
    budget.release(bytes);
    Ok(())
}

/// Makes the names created in `directory` durable.
pub(super) fn sync_names(directory: &Path) -> io::Result<()> {
    fs::File::open(directory)?.sync_all()
}
