//! Stops that are faster than the start they belong to: the control plane may stop a recording while its start is
//! still on its way to the room.

use protocol::{ids::RecordingId, recording::StopCause};
use std::collections::HashMap;

/// Stops remembered at most.
const REMEMBERED: usize = 1024;

/// Stops that came while some start was under way, whose recording is not known before its answer is read. When no
/// start is under way, none is early, and nothing is remembered.
#[derive(Debug, Default)]
pub(super) struct EarlyStops {
    starting: usize,
    causes: HashMap<RecordingId, StopCause>,
}

impl EarlyStops {
    /// A start is under way from here to [`Self::started`].
    pub(super) fn starting(&mut self) {
        self.starting += 1;
    }

    pub(super) fn stopped(&mut self, recording: RecordingId, cause: StopCause) {
        if self.starting > 0 && self.causes.len() < REMEMBERED {
            self.causes.insert(recording, cause);
        }
    }

    /// A start has reached its room, or failed. Why the recording was stopped before, if it was.
    pub(super) fn started(&mut self, recording: Option<RecordingId>) -> Option<StopCause> {
        let cause = recording.and_then(|recording| self.causes.remove(&recording));
        self.starting = self.starting.saturating_sub(1);
        if self.starting == 0 {
            self.causes = HashMap::new();
        }
        cause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(n: u8) -> RecordingId {
        RecordingId::from_parts(1, [n; 10])
    }

    #[test]
    fn only_stops_during_a_start_are_remembered_and_no_longer_than_it_takes() {
        let mut stops = EarlyStops::default();
        stops.stopped(recording(1), StopCause::ConsoleRequest);
        stops.starting();
        assert_eq!(stops.started(Some(recording(1))), None);

        stops.starting();
        stops.starting();
        stops.stopped(recording(1), StopCause::ConsoleRequest);
        stops.stopped(recording(9), StopCause::ConsoleRequest);
        assert_eq!(stops.started(None), None);
        assert_eq!(stops.started(Some(recording(1))), Some(StopCause::ConsoleRequest));
        stops.starting();
        assert_eq!(stops.started(Some(recording(9))), None);
    }
}
