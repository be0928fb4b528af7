//! What the control plane orders of a room that is in use: to be recorded, to end, to let somebody go.

use super::{
    capturing::Capturing,
    effects::{RecordingRequest, StartedRecording},
    room::{Aftermath, Phase, Room},
};
use protocol::{
    ids::PeerId,
    native::{ByeReason, RecordingSignal},
    recording::StopCause,
};
use std::time::Instant;

/// What a room is told to do.
pub enum Order {
    /// Record what no peer asked to record.
    Begin(StartedRecording),
    /// Record one stream of whoever publishes here.
    BeginStream { stream: usize, started: StartedRecording },
    /// Let everybody go; `cause` is why a recording stops.
    End { cause: StopCause },
    /// Let one peer go.
    Remove { peer: PeerId },
}

/// Ends a capture that its room has no use for, so that it too ends with a result.
pub(super) fn decline(now: Instant, started: StartedRecording, out: &mut Aftermath) {
    let capturing = Capturing::new(started);
    let recording = capturing.recording;
    capturing.stop(now, StopCause::RoomEmpty);
    out.requests.push(RecordingRequest::Stopped { recording, cause: StopCause::RoomEmpty });
}

impl Room {
    pub(super) fn obey(&mut self, now: Instant, order: Order, out: &mut Aftermath) {
        match order {
            Order::Begin(started) => self.begin_recording(now, started, out),
            Order::BeginStream { stream, started } => self.begin_stream(now, stream, started, out),
            Order::End { cause } => {
                self.stop_recording(now, cause, out);
                self.stop_streams(now, cause, out, |_| true);
                self.dismiss_where(ByeReason::RoomEnded, |_| true);
            }
            Order::Remove { peer } => self.dismiss_where(ByeReason::Removed, |found| found.id == peer),
        }
        self.settle(now, out);
    }

    fn begin_recording(&mut self, now: Instant, started: StartedRecording, out: &mut Aftermath) {
        if self.peers.is_empty() || self.recording().is_some() || !self.streams.is_empty() {
            decline(now, started, out);
        } else {
            let capturing = Box::new(Capturing::new(started));
            // A peer whose request to record is under way sees the recording start.
            self.phase = Phase::Active { capturing, app_key: None };
            self.capture_everyone(now);
            self.announce(RecordingSignal::Start, self.recording(), None, None);
            if !self.policy.recording {
                self.stop_recording(now, StopCause::SwitchedOff, out);
            }
        }
    }
}
