//! Which other peer each receive slot of a peer carries.

use protocol::ids::PeerId;

/// What fits into one slot: a peer's first audio and first video, or its second of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lane {
    pub peer: PeerId,
    pub ordinal: usize,
}

/// Slots of one subscriber. A slot freed by someone who left is given to the next one who comes, so a busy room does
/// not grow its session description for ever.
#[derive(Debug, Default)]
pub struct Slots {
    lanes: Vec<Option<Lane>>,
    /// Slots made before freed ones are given again.
    fresh: usize,
}

impl Slots {
    /// Slots of a client whose lines end while nobody is on them. Chrome does not connect a line that begins again to
    /// what shows it, as long as its SSRC is the same (`RestartMediaChannel_w` of libwebrtc's receivers returns early):
    /// its packets are decoded, and nobody sees or hears them. So each newcomer gets a line of its own, up to so many.
    #[must_use]
    pub fn with_fresh(fresh: usize) -> Self {
        Self { lanes: Vec::new(), fresh }
    }

    /// Gives `lane` a slot unless it has one. Returns whether anything changed.
    pub fn assign(&mut self, lane: Lane) -> bool {
        if self.of(lane).is_some() {
            return false;
        }
        let reusable = self.lanes.len() >= self.fresh;
        match self.lanes.iter_mut().find(|slot| reusable && slot.is_none()) {
            Some(free) => *free = Some(lane),
            None => self.lanes.push(Some(lane)),
        }
        true
    }

    /// Frees the slot of `lane`.
    pub fn release(&mut self, lane: Lane) {
        for slot in self.lanes.iter_mut().filter(|slot| **slot == Some(lane)) {
            *slot = None;
        }
    }

    /// Frees the slots of `peer`. Returns whether anything changed.
    pub fn release_peer(&mut self, peer: PeerId) -> bool {
        let mut released = false;
        for slot in self.lanes.iter_mut().filter(|slot| slot.is_some_and(|lane| lane.peer == peer)) {
            *slot = None;
            released = true;
        }
        released
    }

    #[must_use]
    pub fn of(&self, lane: Lane) -> Option<usize> {
        self.lanes.iter().position(|slot| *slot == Some(lane))
    }

    #[must_use]
    pub fn peer(&self, slot: usize) -> Option<PeerId> {
        self.lanes.get(slot).copied().flatten().map(|lane| lane.peer)
    }

    /// Slots ever needed at once, free ones included.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lanes.len()
    }

    pub fn occupied(&self) -> impl Iterator<Item = (usize, Lane)> {
        self.lanes.iter().enumerate().filter_map(|(slot, lane)| lane.map(|lane| (slot, lane)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(n: u8, ordinal: usize) -> Lane {
        Lane { peer: PeerId::from_parts(0, [n; 10]), ordinal }
    }

    #[test]
    fn freed_slots_are_left_alone_while_there_may_be_fresh_ones() {
        let mut slots = Slots::with_fresh(2);
        slots.assign(lane(1, 0));
        slots.release_peer(lane(1, 0).peer);
        slots.assign(lane(2, 0));
        assert_eq!(slots.occupied().collect::<Vec<_>>(), [(1, lane(2, 0))]);
        slots.assign(lane(3, 0));
        assert_eq!((slots.of(lane(3, 0)), slots.count()), (Some(0), 2));
    }

    #[test]
    fn freed_slots_are_used_again() {
        let mut slots = Slots::default();
        assert!(slots.assign(lane(1, 0)));
        assert!(!slots.assign(lane(1, 0)));
        assert!(slots.assign(lane(2, 0)));
        assert!(slots.assign(lane(1, 1)));
        assert!(slots.release_peer(lane(1, 0).peer));
        assert!(!slots.release_peer(lane(1, 0).peer));
        assert!(slots.assign(lane(3, 0)));
        assert_eq!(slots.count(), 3);
        assert_eq!(slots.occupied().collect::<Vec<_>>(), [(0, lane(3, 0)), (1, lane(2, 0))]);
        assert_eq!((slots.of(lane(3, 0)), slots.peer(1), slots.peer(9)), (Some(0), Some(lane(2, 0).peer), None));
        slots.assign(lane(3, 1));
        slots.release(lane(3, 0));
        assert_eq!(slots.occupied().collect::<Vec<_>>(), [(1, lane(2, 0)), (2, lane(3, 1))]);
    }
}
