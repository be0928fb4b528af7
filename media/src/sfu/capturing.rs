//! The recorder as a subscriber of its room: it sees every track from the moment it is opened and asks for keyframes
//! like any other, but nothing it does can slow the room, because the capture log never blocks.

use super::{
    effects::StartedRecording,
    keyframes::LossWatch,
    peer::{Peer, Track},
};
use crate::{
    capture::{self, CaptureEvent, CaptureHandle, Record},
    rtc::{self, MediaKind, RtpPacket, SenderReport},
};
use protocol::{
    ids::{PeerId, RecordingId},
    recording::StopCause,
};
use std::time::{Duration, Instant};

pub(super) struct Capturing {
    pub recording: RecordingId,
    capture: CaptureHandle,
    started: Instant,
    max_duration: Duration,
    pub idle_timeout: Duration,
}

impl Capturing {
    pub(super) fn new(started: StartedRecording) -> Self {
        let StartedRecording { spec, capture, started } = started;
        Self {
            recording: spec.id,
            capture,
            started,
            max_duration: Duration::from_secs(spec.max_duration_seconds.into()),
            idle_timeout: Duration::from_secs(spec.idle_timeout_seconds.into()),
        }
    }

    /// Microseconds since the recording began.
    fn arrival(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.started).as_micros()).unwrap_or(u64::MAX)
    }

    /// When the recording has reached its longest allowed duration.
    pub(super) fn end(&self) -> Instant {
        self.started + self.max_duration
    }

    pub(super) fn peer_joined(&self, now: Instant, peer: &Peer) {
        let name = peer.name.as_ref().map(ToString::to_string);
        self.capture.event(self.arrival(now), CaptureEvent::PeerJoined { peer: peer.id, name });
    }

    pub(super) fn peer_left(&self, now: Instant, peer: PeerId) {
        self.capture.event(self.arrival(now), CaptureEvent::PeerLeft { peer });
    }

    /// Opens a log for the track and asks for the keyframe that the log has to begin with.
    pub(super) fn open(&self, now: Instant, peer: PeerId, name: Option<String>, track: &mut Track) {
        let published = track.published;
        let header = capture::TrackHeader {
            recording: self.recording,
            peer,
            name,
            track: track.id,
            kind: match published.kind {
                MediaKind::Audio => capture::TrackKind::Audio,
                MediaKind::Video => capture::TrackKind::Video,
            },
            codec: published.codec,
            payload_type: published.codec.payload_type(),
            clock_rate: published.codec.clock_rate(),
        };
        let index = self.capture.open_track(header);
        track.capture = Some(index);
        // Audio reports come every five seconds: without the last one the beginning would lack lip sync.
        if let Some(SenderReport { ssrc, ntp, rtp }) = track.last_report {
            self.capture.append(index, self.arrival(now), Record::SenderReport { ssrc, ntp, rtp });
        }
        if published.kind == MediaKind::Video {
            // What was missing before concerns nobody, and the numbering has gone on unwatched.
            track.loss = LossWatch::default();
            track.keyframes.want();
        }
    }

    pub(super) fn track_ended(&self, now: Instant, track: &Track) {
        if track.capture.is_some() {
            self.capture.event(self.arrival(now), CaptureEvent::TrackEnded { track: track.id });
        }
    }

    pub(super) fn rtp(&self, now: Instant, track: &Track, packet: &RtpPacket) {
        if let (Some(index), Some(bytes)) = (track.capture, rtc::packet_bytes(packet)) {
            self.capture.append(index, self.arrival(now), Record::Rtp(bytes));
        }
    }

    pub(super) fn sender_report(&self, now: Instant, track: &Track, report: SenderReport) {
        let SenderReport { ssrc, ntp, rtp } = report;
        if let Some(index) = track.capture {
            self.capture.append(index, self.arrival(now), Record::SenderReport { ssrc, ntp, rtp });
        }
    }

    pub(super) fn stop(self, now: Instant, cause: StopCause) {
        self.capture.stop(self.arrival(now), cause);
    }
}
