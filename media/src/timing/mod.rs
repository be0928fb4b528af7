//! When captured packets happened, on the recording's own time and on their sender's clock.
//!
//! A first pass over each track ([`survey`](survey::survey)) finds out what its clock says; [`time_tracks`] joins the
//! clocks of all tracks.

mod clock;
mod survey;
mod tracks;

pub use clock::Nanoseconds;
pub use tracks::{MAX_REPORT_ERROR, TimedTrack, time_tracks};
