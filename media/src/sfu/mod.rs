//! The relay. A room is pinned to one worker thread, its only owner; commands go in, messages to peers and effects
//! come out. Workers share one UDP port, and the kernel brings each its own.

mod arrivals;
mod capturing;
mod cards;
mod commands;
mod directory;
mod effects;
mod exchange;
mod introductions;
mod keyframes;
mod orders;
mod peer;
mod policies;
mod relay;
mod rewrite;
mod room;
mod routes;
mod slots;
mod socket;
mod steering;
mod streams;
mod tcp;
mod views;
mod worker;
mod workers;

pub use commands::WorkerCommand;
pub use directory::{Attendance, Inquiry};
pub use effects::{Presence, RecordingOutcome, RecordingRequest, StartDecision, StartedRecording};
pub use exchange::{Knocked, Newcomer, Opaque, PeerRequest, RoomKey, RoomMessage, Shown, Watched, Watches};
pub use orders::Order;
pub use tcp::MediaListener;
pub use workers::{RelayCounts, RelaySettings, Workers, WorkersError};
