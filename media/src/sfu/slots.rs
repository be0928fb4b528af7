//! Which other peer each receive slot of a peer carries.

use protocol::ids::PeerId;

/// Slots of one subscriber. A slot freed by someone who left is given to the next one who comes, so a busy room does
/// not grow its session description for ever.
#[derive(Debug, Default)]
pub struct Slots(Vec<Option<PeerId>>);

impl Slots {
    /// Gives `peer` a slot unless it has one. Returns whether anything changed.
    pub fn assign(&mut self, peer: PeerId) -> bool {
        if self.of(peer).is_some() {
            return false;
        }
        match self.0.iter_mut().find(|slot| slot.is_none()) {
            Some(free) => *free = Some(peer),
            None => self.0.push(Some(peer)),
        }
        true
    }

    /// Frees the slot of `peer`. Returns whether anything changed.
    pub fn release(&mut self, peer: PeerId) -> bool {
        let slot = self.0.iter_mut().find(|slot| **slot == Some(peer));
        slot.is_some_and(|slot| slot.take().is_some())
    }

    #[must_use]
    pub fn of(&self, peer: PeerId) -> Option<usize> {
        self.0.iter().position(|slot| *slot == Some(peer))
    }

    #[must_use]
    pub fn peer(&self, slot: usize) -> Option<PeerId> {
        self.0.get(slot).copied().flatten()
    }

    /// Slots ever needed at once, free ones included.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    pub fn occupied(&self) -> impl Iterator<Item = (usize, PeerId)> {
        self.0.iter().enumerate().filter_map(|(slot, peer)| peer.map(|peer| (slot, peer)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(n: u8) -> PeerId {
        PeerId::from_parts(0, [n; 10])
    }

    #[test]
    fn freed_slots_are_used_again() {
        let mut slots = Slots::default();
        assert!(slots.assign(peer(1)));
        assert!(!slots.assign(peer(1)));
        assert!(slots.assign(peer(2)));
        assert!(slots.release(peer(1)));
        assert!(!slots.release(peer(1)));
        assert!(slots.assign(peer(3)));
        assert_eq!(slots.count(), 2);
        assert_eq!(slots.occupied().collect::<Vec<_>>(), [(0, peer(3)), (1, peer(2))]);
        assert_eq!((slots.of(peer(3)), slots.peer(1), slots.peer(9)), (Some(0), Some(peer(2)), None));
    }
}
