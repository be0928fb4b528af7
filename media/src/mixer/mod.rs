//! Turns a capture into one playable file, in a process of its own.
//!
//! [`run`] reads a track twice. The first pass ([`crate::timing`]) finds out when its packets happened; [`plan`] decides
//! who is seen when and where. The second pass ([`feed`]) hands the packets, in the order of sending and on the
//! recording's own time, to a GStreamer [`pipeline`], whose sink lets the file go in [`parts`]: there is never a whole
//! file here, neither in memory nor on disk.

mod branch;
mod elements;
mod feed;
mod layout;
mod moov;
mod output;
mod part_sink;
mod parts;
mod pipeline;
mod plan;
mod poster;
mod requirements;
mod run;
mod scene;

pub use output::Line;
pub use parts::PartError;
pub use requirements::check;
pub use run::{MixError, run};
