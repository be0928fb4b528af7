//! What rooms and the recorder tell each other.

use super::RoomKey;
use crate::capture::CaptureHandle;
use protocol::{
    ids::{AppKeyId, PeerId, RecordingId, RequestId},
    names::DisplayName,
    recording::{FailureCause, RecordingSpec, StartRefusal, StopCause},
};
use std::time::Instant;

/// From a room to the recorder.
#[derive(Debug)]
pub enum RecordingRequest {
    /// A peer wants to record; answered with [`StartDecision`].
    Start { room: RoomKey, request: RequestId, app_key: AppKeyId, peer: PeerId },
    /// The room has written its last packet.
    Stopped { recording: RecordingId, cause: StopCause },
    /// Somebody came or went.
    Presence(Presence),
}

/// Who came or went, for the control plane.
#[derive(Debug)]
pub enum Presence {
    Joined { room: RoomKey, peer: PeerId, name: Option<DisplayName> },
    Left { peer: PeerId },
}

/// A capture log that is open and waiting for the room's media.
pub struct StartedRecording {
    pub spec: RecordingSpec,
    pub capture: CaptureHandle,
    /// Arrival times in the log count from here.
    pub started: Instant,
}

/// The answer to a start.
pub struct StartDecision {
    pub request: RequestId,
    pub result: Result<StartedRecording, StartRefusal>,
}

/// How a recording ended, for the peers who are still there.
#[derive(Debug, Clone)]
pub enum RecordingOutcome {
    Ready {
        url: String,
    },
    /// It is where its client wanted it.
    Delivered,
    Failed {
        cause: FailureCause,
    },
}
