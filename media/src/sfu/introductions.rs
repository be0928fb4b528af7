//! Who knows whom. Peers whose app keys do not introduce them by themselves meet only when somebody does it for them.

use super::{
    exchange::RoomMessage,
    peer::Peer,
    room::{Aftermath, Room},
};
use protocol::{ids::PeerId, native::ServerMessage};
use std::{collections::BTreeSet, time::Instant};

/// Pairs of one room that were introduced to each other, the lower id first.
#[derive(Debug, Default)]
pub(super) struct Introductions(BTreeSet<(PeerId, PeerId)>);

impl Introductions {
    pub(super) fn know(&self, one: &Peer, other: &Peer) -> bool {
        let both = one.settings.auto_introduce && other.settings.auto_introduce;
        // A view is its client's, who was introduced before it could ask for one.
        both || one.is_view() || other.is_view() || self.0.contains(&pair(one.id, other.id))
    }

    pub(super) fn forget(&mut self, gone: PeerId) {
        self.0.retain(|(one, other)| *one != gone && *other != gone);
    }
}

fn pair(one: PeerId, other: PeerId) -> (PeerId, PeerId) {
    (one.min(other), one.max(other))
}

impl Room {
    /// Tells everybody who knows a peer of it.
    pub(super) fn tell_acquaintances(&mut self, about: &Peer, message: &ServerMessage) {
        let Self { peers, introductions, .. } = self;
        for peer in peers.values_mut().filter(|peer| !peer.is_view() && introductions.know(about, peer)) {
            peer.send(message.clone());
        }
    }

    /// Whether these two, who are here, know each other.
    pub(super) fn acquainted(&self, one: PeerId, other: PeerId) -> bool {
        let peers = self.peers.get(&one).zip(self.peers.get(&other));
        peers.is_some_and(|(one, other)| self.introductions.know(one, other))
    }

    /// Makes two peers known to each other; false when they are not both here.
    pub(super) fn introduce(&mut self, now: Instant, sending: PeerId, receiving: PeerId, out: &mut Aftermath) -> bool {
        let here = |peer| self.participants().any(|known| known.id == peer);
        if sending == receiving || !here(sending) || !here(receiving) {
            return false;
        }
        if self.acquainted(sending, receiving) {
            return true;
        }
        self.introductions.0.insert(pair(sending, receiving));
        self.present(sending, receiving, true);
        self.present(receiving, sending, false);
        for (watcher, publisher) in [(sending, receiving), (receiving, sending)] {
            if self.peers.get(&publisher).is_some_and(|peer| !peer.tracks.is_empty()) {
                self.watch(watcher, &[publisher]);
            }
        }
        self.settle(now, out);
        true
    }

    fn present(&mut self, to: PeerId, about: PeerId, approaching: bool) {
        let Some((peer, card)) = self.peers.get(&about).map(|peer| (peer.info(), peer.card.clone())) else { return };
        let Some(to) = self.peers.get_mut(&to) else { return };
        if to.card.is_none() {
            return to.send(ServerMessage::PeerJoined { peer });
        }
        to.send_extra(RoomMessage::Cards(card.map(|card| (about, card)).into_iter().collect()));
        to.send_extra(RoomMessage::Introduced { peer, approaching });
    }
}
