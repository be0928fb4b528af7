//! What to mix: every track with its clock and its place in the picture.

use super::scene::{Interval, Step, scenes};
use crate::{
    capture::{Capture, CaptureError, CaptureEvent, TrackHeader, TrackKind},
    timing::{Nanoseconds, TimedTrack, time_tracks},
};

/// A recording shorter than this is made this long, so that every player takes it for a film.
const MIN_DURATION: Nanoseconds = 100_000_000;

/// The whole mix.
#[derive(Debug)]
pub struct Plan {
    pub duration: Nanoseconds,
    pub audio: Vec<PlannedTrack>,
    pub video: Vec<PlannedTrack>,
    /// Some track's times rest on its arrival alone.
    pub approximate_sync: bool,
}

/// One track, ready to be read once more and mixed.
#[derive(Debug)]
pub struct PlannedTrack {
    pub timed: TimedTrack,
    /// Where its picture is; empty for audio.
    pub steps: Vec<Step>,
}

/// Plans the mix of a capture.
///
/// # Errors
/// A log cannot be opened.
pub fn plan(capture: Capture) -> Result<Plan, CaptureError> {
    let duration =
        Nanoseconds::try_from(capture.end_us.saturating_mul(1000)).unwrap_or(Nanoseconds::MAX).max(MIN_DURATION);
    let mut approximate_sync = false;
    let (mut audio, mut video, mut shown) = (Vec::new(), Vec::new(), Vec::new());
    for timed in time_tracks(capture.tracks)? {
        approximate_sync |= timed.is_approximate();
        let start = timed.first_time.max(0);
        let end = ended(&timed.log.header, &capture.events).unwrap_or(duration).min(duration);
        let planned = PlannedTrack { timed, steps: Vec::new() };
        match planned.timed.log.header.kind {
            TrackKind::Audio => audio.push(planned),
            TrackKind::Video if start < end => {
                shown.push(Interval { start, end });
                video.push(planned);
            }
            TrackKind::Video => {}
        }
    }
    for (track, steps) in video.iter_mut().zip(scenes(&shown)) {
        track.steps = steps;
    }
    Ok(Plan { duration, audio, video, approximate_sync })
}

/// When a track or its peer went.
fn ended(header: &TrackHeader, events: &[(u64, CaptureEvent)]) -> Option<Nanoseconds> {
    let ends = events.iter().find(|(_, event)| match event {
        CaptureEvent::TrackEnded { track } => *track == header.track,
        CaptureEvent::PeerLeft { peer } => *peer == header.peer,
        CaptureEvent::PeerJoined { .. } | CaptureEvent::Overflow { .. } | CaptureEvent::Stopped { .. } => false,
    });
    ends.and_then(|&(arrival_us, _)| Nanoseconds::try_from(arrival_us.saturating_mul(1000)).ok())
}
