//! Recordings of single streams: the audio and video of one lane of the peer that publishes, each stream for itself and
//! at the same time as others. Such a recording ends with its publisher.

use super::{
    capturing::Capturing,
    effects::{RecordingRequest, StartedRecording},
    exchange::RoomMessage,
    orders::decline,
    peer::{Peer, Track},
    room::{Aftermath, Phase, Room},
};
use protocol::{ids::RecordingId, native::RecordingSignal, recording::StopCause};
use std::{collections::BTreeMap, time::Instant};

/// What is being recorded of single streams, by their number.
pub(super) type Streams = BTreeMap<usize, Capturing>;

/// Where a track is captured, if it is.
pub(super) fn capturing<'a>(phase: &'a Phase, streams: &'a Streams, track: &Track) -> Option<&'a Capturing> {
    match phase {
        Phase::Active { capturing, .. } => Some(capturing),
        _ => streams.get(&track.ordinal),
    }
}

impl Room {
    /// Records one stream of whoever is here.
    pub(super) fn begin_stream(&mut self, now: Instant, stream: usize, started: StartedRecording, out: &mut Aftermath) {
        let busy = self.recording().is_some() || self.streams.contains_key(&stream);
        if busy || self.participants().next().is_none() {
            return decline(now, started, out);
        }
        let capturing = Capturing::new(started);
        let recording = capturing.recording;
        for peer in self.peers.values_mut().filter(|peer| !peer.is_view()) {
            capturing.peer_joined(now, peer);
            let name = peer.name.as_ref().map(ToString::to_string);
            for track in peer.tracks.iter_mut().filter(|track| track.ordinal == stream) {
                capturing.open(now, peer.id, name.clone(), track);
            }
        }
        self.streams.insert(stream, capturing);
        self.announce(RecordingSignal::Start, Some(recording), None, None);
        if !self.policy.recording {
            self.stop_streams(now, StopCause::SwitchedOff, out, |_| true);
        }
    }

    /// Ends a recording, of the room or of a stream.
    pub(super) fn stop(&mut self, now: Instant, recording: RecordingId, cause: StopCause, out: &mut Aftermath) {
        if self.recording() == Some(recording) {
            self.stop_recording(now, cause, out);
        } else {
            self.stop_streams(now, cause, out, |capturing| capturing.recording == recording);
        }
    }

    /// Ends recordings of streams.
    pub(super) fn stop_streams(
        &mut self,
        now: Instant,
        cause: StopCause,
        out: &mut Aftermath,
        chosen: impl Fn(&Capturing) -> bool,
    ) {
        let ended: Vec<usize> =
            self.streams.iter().filter(|(_, capturing)| chosen(capturing)).map(|(stream, _)| *stream).collect();
        for stream in ended {
            let Some(capturing) = self.streams.remove(&stream) else { continue };
            let recording = capturing.recording;
            capturing.stop(now, cause);
            for track in self.peers.values_mut().flat_map(|peer| &mut peer.tracks) {
                if track.ordinal == stream {
                    track.capture = None;
                }
            }
            self.announce(RecordingSignal::Stop, Some(recording), None, None);
            out.requests.push(RecordingRequest::Stopped { recording, cause });
        }
    }

    /// Tells those whose media was expected and did not come.
    pub(super) fn check_silence(&mut self, now: Instant) {
        for peer in self.peers.values_mut() {
            if peer.silence_deadline().is_some_and(|deadline| now >= deadline) {
                peer.media_within = None;
                let connected = peer.connected;
                peer.send_extra(RoomMessage::NoMedia { connected });
            }
        }
    }

    /// When [`Self::check_silence`] may have something to do.
    pub(super) fn silence_deadline(&self) -> Option<Instant> {
        self.peers.values().filter_map(Peer::silence_deadline).min()
    }

    /// When a recording of a stream has reached its longest allowed duration.
    pub(super) fn stream_deadline(&self) -> Option<Instant> {
        self.streams.values().map(Capturing::end).min()
    }
}
