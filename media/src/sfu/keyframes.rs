//! When to ask a publisher for a keyframe: many subscribers may want one at once, and a keyframe costs the publisher
//! and everyone watching, so requests are merged.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// At most one request per track in this time.
const SPACING: Duration = Duration::from_millis(500);
/// How long a missing packet may still be repaired by retransmission before a keyframe is wanted.
const REPAIR_TIME: Duration = Duration::from_millis(1000);
/// Missing packets watched; in a longer gap every further one is as good as lost.
const WATCHED: usize = 64;

/// Keyframe requests of one video track.
#[derive(Debug, Default)]
pub struct KeyframeRequests {
    wanted: bool,
    last: Option<Instant>,
}

impl KeyframeRequests {
    pub fn want(&mut self) {
        self.wanted = true;
    }

    /// Whether to send one now.
    pub fn due(&mut self, now: Instant) -> bool {
        if !self.wanted || self.last.is_some_and(|last| now < last + SPACING) {
            return false;
        }
        self.wanted = false;
        self.last = Some(now);
        true
    }

    /// When [`Self::due`] may next be true.
    #[must_use]
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        self.wanted.then(|| self.last.map_or(now, |last| last + SPACING))
    }
}

/// Notices packets that never came, for the sake of the capture: a recorder that waits for the next keyframe by
/// chance would freeze the picture.
#[derive(Debug, Default)]
pub struct LossWatch {
    newest: Option<u16>,
    missing: VecDeque<(u16, Instant)>,
}

impl LossWatch {
    /// Takes note of an arrived packet.
    pub fn arrived(&mut self, now: Instant, sequence: u16) {
        let Some(newest) = self.newest else {
            self.newest = Some(sequence);
            return;
        };
        let ahead = sequence.wrapping_sub(newest);
        if ahead == 0 || ahead >= 0x8000 {
            self.missing.retain(|(missing, _)| *missing != sequence);
            return;
        }
        for step in 1..ahead.min(u16::try_from(WATCHED).unwrap_or(u16::MAX)) {
            if self.missing.len() == WATCHED {
                self.missing.pop_front();
            }
            self.missing.push_back((newest.wrapping_add(step), now));
        }
        self.newest = Some(sequence);
    }

    /// Whether a packet was given up since the last call.
    pub fn lost(&mut self, now: Instant) -> bool {
        let before = self.missing.len();
        while self.missing.front().is_some_and(|(_, since)| now >= *since + REPAIR_TIME) {
            self.missing.pop_front();
        }
        self.missing.len() != before
    }

    /// When [`Self::lost`] may next be true.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.missing.front().map(|(_, since)| *since + REPAIR_TIME)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_merged_and_spaced() {
        let (mut requests, now) = (KeyframeRequests::default(), crate::clock::now());
        assert!(!requests.due(now));
        requests.want();
        requests.want();
        assert!(requests.due(now));
        requests.want();
        assert!(!requests.due(now));
        assert_eq!(requests.deadline(now), Some(now + SPACING));
        assert!(requests.due(now + SPACING));
        assert_eq!(requests.deadline(now), None);
    }

    #[test]
    fn only_unrepaired_gaps_count_as_lost() {
        let (mut watch, now) = (LossWatch::default(), crate::clock::now());
        for sequence in [65_534, 65_535, 2, 0, 1] {
            watch.arrived(now, sequence);
        }
        assert!(!watch.lost(now + REPAIR_TIME));
        watch.arrived(now, 4);
        assert!(!watch.lost(now));
        assert_eq!(watch.deadline(), Some(now + REPAIR_TIME));
        assert!(watch.lost(now + REPAIR_TIME));
        assert!(!watch.lost(now + REPAIR_TIME));
    }
}
