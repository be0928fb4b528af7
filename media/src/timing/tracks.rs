//! Tracks whose packets have their time.

use super::{
    clock::{ClockOffset, Nanoseconds, Point, SenderClock},
    survey::{StreamSurvey, survey},
};
use crate::capture::{CaptureError, Place, TrackKind, TrackLog};
use protocol::ids::PeerId;

/// Sender reports that place packets further than this from their arrival are not believed.
pub const MAX_REPORT_ERROR: Nanoseconds = 5_000_000_000;
/// From the beginning of NTP's time in 1900 to that of Unix.
const NTP_TO_UNIX: Nanoseconds = 2_208_988_800 * 1_000_000_000;
/// NTP timestamps count from zero again in 2036.
const NTP_ERA: Nanoseconds = (1 << 32) * 1_000_000_000;

/// A track of a capture that has packets.
#[derive(Debug)]
pub struct TimedTrack {
    pub log: TrackLog,
    /// When its first picture can be seen, or its first sound heard.
    pub first_time: Nanoseconds,
    clocks: Vec<Option<StreamClock>>,
}

impl TimedTrack {
    /// The recording's time at which a packet's content was captured by its sender.
    #[must_use]
    pub fn time(&self, place: Place) -> Option<Nanoseconds> {
        self.clocks.get(place.stream)?.as_ref().map(|clock| clock.time(place.timestamp))
    }

    /// The same on the sender's own clock, in Unix milliseconds; none when its reports never told.
    #[must_use]
    pub fn sender_unix_ms(&self, place: Place) -> Option<u64> {
        let clock = self.clocks.get(place.stream)?.as_ref().filter(|clock| clock.sender.is_reported())?;
        let since_1900 = clock.sender.time(place.timestamp);
        let era = if since_1900 < NTP_TO_UNIX { NTP_ERA } else { 0 };
        u64::try_from((since_1900 - NTP_TO_UNIX + era) / 1_000_000).ok()
    }

    /// Whether some of its times rest on arrival alone.
    #[must_use]
    pub fn is_approximate(&self) -> bool {
        self.clocks.iter().flatten().any(|clock| !clock.sender.is_reported())
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

/// Times the tracks of a capture; those without packets are left out.
///
/// # Errors
/// A log cannot be opened.
pub fn time_tracks(logs: Vec<TrackLog>) -> Result<Vec<TimedTrack>, CaptureError> {
    let mut tracks = Vec::new();
    for log in logs {
        let streams = survey(&log)?;
        if streams.iter().any(|stream| stream.first_timestamp.is_some()) {
            tracks.push(Surveyed { log, streams });
        }
    }
    let clocks: Vec<_> = tracks.iter().map(|track| track_clocks(track, &tracks)).collect();
    let timed = tracks.into_iter().zip(clocks).map(|(track, clocks)| TimedTrack {
        first_time: first_time(&track.streams, &clocks),
        log: track.log,
        clocks,
    });
    Ok(timed.collect())
}

fn first_time(streams: &[StreamSurvey], clocks: &[Option<StreamClock>]) -> Nanoseconds {
    let first =
        |(stream, clock): (&StreamSurvey, &Option<StreamClock>)| Some(clock.as_ref()?.time(stream.first_timestamp?));
    streams.iter().zip(clocks).filter_map(first).min().unwrap_or(0)
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
