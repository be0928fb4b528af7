//! The relay. A room is pinned to one worker thread, its only owner; commands go in, messages to peers and effects
//! come out. Workers share one UDP port.

mod capturing;
mod effects;
mod keyframes;
mod peer;
mod policies;
mod relay;
mod rewrite;
mod room;
mod slots;
mod socket;
mod worker;
mod workers;

pub use effects::{RecordingOutcome, RecordingRequest, StartDecision, StartedRecording};
pub use room::{Newcomer, RoomKey};
pub use worker::WorkerCommand;
pub use workers::{RelayCounts, RelaySettings, Workers, WorkersError};
