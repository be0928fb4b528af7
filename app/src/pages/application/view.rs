//! What the page of one application shows.

use protocol::{
    ids::{AppKeyId, ApplicationId, RecordingId},
    recording::{FailureCause, RecordingState, StopCause},
};
use serde::{Deserialize, Serialize};

/// One application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationView {
    pub id: ApplicationId,
    pub name: String,
    pub relay: bool,
    pub recording: bool,
    pub missing: Vec<MissingCondition>,
    pub keys: Vec<KeyView>,
    pub allowed_origins: Vec<String>,
    pub webhook: Option<String>,
    pub created_ms: u64,
}

/// Something Recording still needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingCondition {
    pub code: String,
    pub sentence: String,
}

/// Credential of end-user SDKs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyView {
    pub id: AppKeyId,
    pub created_ms: u64,
    pub revoked: bool,
}

/// One recording as the list shows it. Equal views are the same row, so a refresh leaves unchanged rows alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RecordingView {
    pub id: RecordingId,
    pub room: String,
    pub state: RecordingState,
    pub started_ms: u64,
    /// Of the file when it is ready, of the call so far before.
    pub duration_ms: Option<u64>,
    pub bytes: Option<u64>,
    pub picture: Option<(u32, u32)>,
    pub stop_cause: Option<StopCause>,
    pub failure_cause: Option<FailureCause>,
}

/// Part of the list, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingList {
    pub items: Vec<RecordingView>,
    /// Where the older ones begin.
    pub next: Option<String>,
}

impl RecordingList {
    /// How many have neither arrived nor failed.
    #[must_use]
    pub fn in_progress(&self) -> usize {
        self.items.iter().filter(|recording| !recording.state.is_final()).count()
    }
}

/// A finished file, ready to be played.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Playback {
    pub room: String,
    pub started_ms: u64,
    pub url: String,
}
