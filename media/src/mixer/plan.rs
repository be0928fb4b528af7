//! What to mix: every track with its clock and its place in the picture.

use super::{
    clock::{ClockOffset, Nanoseconds, Point, SenderClock},
    scene::{Interval, Step, scenes},
    survey::{StreamSurvey, survey},
};
use crate::capture::{Capture, CaptureError, CaptureEvent, Place, TrackHeader, TrackKind, TrackLog};
use protocol::ids::PeerId;

/// A recording shorter than this is made this long, so that every player takes it for a film.
const MIN_DURATION: Nanoseconds = 100_000_000;
/// Sender reports that place packets further than this from their arrival are not believed.
const MAX_REPORT_ERROR: Nanoseconds = 5_000_000_000;

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
    pub log: TrackLog,
    clocks: Vec<Option<StreamClock>>,
    /// Where its picture is; empty for audio.
    pub steps: Vec<Step>,
}

impl PlannedTrack {
    /// The recording's time at which a packet's content was captured by its sender.
    pub fn time(&self, place: Place) -> Option<Nanoseconds> {
        self.clocks.get(place.stream)?.as_ref().map(|clock| clock.time(place.timestamp))
    }
}

#[derive(Debug)]
struct StreamClock {
    sender: SenderClock,
    offset: ClockOffset,
}

impl StreamClock {
    fn time(&self, timestamp: i64) -> Nanoseconds {
        self.offset.recording_time(self.sender.time(timestamp))
    }

    /// Whether it places packets near their arrival.
    fn is_plausible(&self, stream: &StreamSurvey) -> bool {
        let mut errors: Vec<_> = stream
            .envelope
            .points(&self.sender)
            .map(|point| self.offset.recording_time(point.sent).saturating_sub(point.arrival).saturating_abs())
            .collect();
        errors.sort_unstable();
        errors.get(errors.len() / 2).is_none_or(|&median| median <= MAX_REPORT_ERROR)
    }
}

struct Surveyed {
    log: TrackLog,
    streams: Vec<StreamSurvey>,
}

/// Plans the mix of a capture.
///
/// # Errors
/// A log cannot be opened.
pub fn plan(capture: Capture) -> Result<Plan, CaptureError> {
    let duration =
        Nanoseconds::try_from(capture.end_us.saturating_mul(1000)).unwrap_or(Nanoseconds::MAX).max(MIN_DURATION);
    let mut tracks = Vec::new();
    for log in capture.tracks {
        let streams = survey(&log)?;
        if streams.iter().any(|stream| stream.first_timestamp.is_some()) {
            tracks.push(Surveyed { log, streams });
        }
    }
    let mut approximate_sync = false;
    let (mut audio, mut video, mut shown) = (Vec::new(), Vec::new(), Vec::new());
    let clocks: Vec<_> = tracks.iter().map(|track| track_clocks(track, &tracks)).collect();
    for (track, clocks) in tracks.into_iter().zip(clocks) {
        approximate_sync |= clocks.iter().flatten().any(|clock| !clock.sender.is_reported());
        let start = first_time(&track.streams, &clocks);
        let end = ended(&track.log.header, &capture.events).unwrap_or(duration).min(duration);
        let planned = PlannedTrack { log: track.log, clocks, steps: Vec::new() };
        match planned.log.header.kind {
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

fn first_time(streams: &[StreamSurvey], clocks: &[Option<StreamClock>]) -> Nanoseconds {
    let first =
        |(stream, clock): (&StreamSurvey, &Option<StreamClock>)| Some(clock.as_ref()?.time(stream.first_timestamp?));
    streams.iter().zip(clocks).filter_map(first).min().unwrap_or(0).max(0)
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

fn track_clocks(track: &Surveyed, all: &[Surveyed]) -> Vec<Option<StreamClock>> {
    let peer_offset = peer_offset(track.log.header.peer, all);
    let clock = |stream: &StreamSurvey| {
        let reported = || {
            let clock = StreamClock { sender: stream.clock.clone(), offset: peer_offset? };
            (stream.clock.is_reported() && clock.is_plausible(stream)).then_some(clock)
        };
        reported().or_else(|| by_arrival(stream, track.log.header.clock_rate))
    };
    track.streams.iter().map(clock).collect()
}

fn by_arrival(stream: &StreamSurvey, clock_rate: u32) -> Option<StreamClock> {
    let sender = SenderClock::new(clock_rate, Vec::new());
    let offset = ClockOffset::fit(stream.envelope.points(&sender).collect())?;
    Some(StreamClock { sender, offset })
}

/// Ties a peer's wall clock to the recording's time, by its audio when that has reports: audio packets are small,
/// sent at once and not paced, so the fastest of them are faster than any of video.
fn peer_offset(peer: PeerId, all: &[Surveyed]) -> Option<ClockOffset> {
    let of_kind = |kind: TrackKind| -> Vec<Point> {
        all.iter()
            .filter(|track| track.log.header.peer == peer && track.log.header.kind == kind)
            .flat_map(|track| &track.streams)
            .filter(|stream| stream.clock.is_reported())
            .flat_map(|stream| stream.envelope.points(&stream.clock))
            .collect()
    };
    ClockOffset::fit(of_kind(TrackKind::Audio)).or_else(|| ClockOffset::fit(of_kind(TrackKind::Video)))
}
