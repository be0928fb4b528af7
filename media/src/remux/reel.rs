//! The tracks of one peer, in order, and their frames as one sequence.

use super::frames::{Frame, TrackFrames};
use crate::{
    capture::{Capture, CaptureError, Codec, TrackHeader, TrackKind},
    timing::{MAX_REPORT_ERROR, Nanoseconds, TimedTrack, time_tracks},
};
use std::iter::Peekable;

/// What goes into a file.
#[derive(Debug)]
pub struct Reel {
    video: Vec<Take>,
    audio: Vec<Take>,
    codec: Option<Codec>,
}

/// One log and when the next one of its kind takes over.
#[derive(Debug)]
struct Take {
    track: TimedTrack,
    end: Nanoseconds,
}

impl Reel {
    pub fn new(capture: Capture, wanted: impl Fn(&TrackHeader) -> bool) -> Result<Self, CaptureError> {
        let end = Nanoseconds::try_from(capture.end_us.saturating_mul(1000)).unwrap_or(Nanoseconds::MAX);
        let end = end.saturating_add(MAX_REPORT_ERROR);
        let logs = capture.tracks.into_iter().filter(|track| wanted(&track.header)).collect();
        let (mut video, audio): (Vec<_>, _) =
            time_tracks(logs)?.into_iter().partition(|track| track.log.header.kind == TrackKind::Video);
        // A file's pictures have one codec. A connection does not change its own.
        let codec = video.first().map(|track| track.log.header.codec);
        video.retain(|track| Some(track.log.header.codec) == codec);
        Ok(Self { video: takes(video, end), audio: takes(audio, end), codec })
    }

    /// How its pictures are coded.
    pub fn codec(&self) -> Option<Codec> {
        self.codec
    }

    pub fn is_approximate(&self) -> bool {
        self.video.iter().chain(&self.audio).any(|take| take.track.is_approximate())
    }

    /// All frames, by time.
    pub fn frames(&self) -> Result<impl Iterator<Item = Frame> + Send, CaptureError> {
        let (video, audio) = (open(&self.video)?, open(&self.audio)?);
        Ok(ByTime { video: video.peekable(), audio: audio.peekable() })
    }
}

fn takes(tracks: Vec<TimedTrack>, end: Nanoseconds) -> Vec<Take> {
    let mut takes: Vec<Take> = Vec::new();
    for track in tracks {
        if let Some(earlier) = takes.last_mut() {
            earlier.end = earlier.end.min(track.first_time);
        }
        takes.push(Take { track, end });
    }
    takes
}

/// The frames of one take after the other. All logs are opened at once, so that none can be missing later.
fn open(takes: &[Take]) -> Result<impl Iterator<Item = Frame> + Send, CaptureError> {
    let opened = takes.iter().map(|take| TrackFrames::open(&take.track, take.end)).collect::<Result<Vec<_>, _>>()?;
    let (mut last, mut waits_for_key) = (Nanoseconds::MIN, false);
    Ok(opened.into_iter().flatten().filter(move |frame| {
        if frame.time <= last {
            waits_for_key = true;
        } else if frame.is_key() {
            waits_for_key = false;
        }
        if !waits_for_key {
            last = frame.time;
        }
        !waits_for_key
    }))
}

/// Pictures and sound, whichever is earlier.
struct ByTime<V: Iterator, A: Iterator> {
    video: Peekable<V>,
    audio: Peekable<A>,
}

impl<V: Iterator<Item = Frame>, A: Iterator<Item = Frame>> Iterator for ByTime<V, A> {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        match (self.video.peek(), self.audio.peek()) {
            (Some(video), Some(audio)) if audio.time <= video.time => self.audio.next(),
            (Some(_), _) => self.video.next(),
            (None, _) => self.audio.next(),
        }
    }
}
