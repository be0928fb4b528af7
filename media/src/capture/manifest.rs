//! `recording.json`: what a capture is of, readable without the key, so that a restarted node knows what it has.

use super::{CaptureError, spool::sync_names};
use protocol::{
    ids::{ApplicationId, RecordingId},
    names::RoomName,
    recording::RecordingSpec,
};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    io::{Read as _, Write as _},
    path::Path,
};

const FILE: &str = "recording.json";
const MAX_BYTES: u64 = 64 * 1024;

/// The recording a capture belongs to, and when it began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    pub id: RecordingId,
    pub application: ApplicationId,
    pub room: RoomName,
    /// Unix milliseconds, wall clock of the node; arrival times count from here.
    pub started_ms: u64,
}

impl Manifest {
    pub(super) fn new(spec: &RecordingSpec, started_ms: u64) -> Self {
        Self { id: spec.id, application: spec.application, room: spec.room.clone(), started_ms }
    }

    /// Reads the manifest of the capture in `directory`.
    ///
    /// # Errors
    /// There is none, or it is not one.
    pub fn read(directory: &Path) -> Result<Self, CaptureError> {
        let mut text = String::new();
        fs::File::open(directory.join(FILE))?
            .take(MAX_BYTES)
            .read_to_string(&mut text)
            .map_err(|_| CaptureError::NotACapture)?;
        serde_json::from_str(&text).map_err(|_| CaptureError::NotACapture)
    }

    /// Writes it so that it is there whole or not at all; answers its size.
    pub(super) fn write(&self, directory: &Path) -> Result<u64, CaptureError> {
        let text = serde_json::to_vec(self).map_err(|error| CaptureError::Io(error.into()))?;
        let unfinished = directory.join("recording.json.new");
        let mut file = fs::File::create_new(&unfinished)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&unfinished, directory.join(FILE))?;
        sync_names(directory)?;
        Ok(text.len() as u64)
    }
}
