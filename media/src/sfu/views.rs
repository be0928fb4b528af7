//! Views: clients that take each other peer's media over a connection of its own have one for each. To everybody else
//! a view is not there.

use super::{
    exchange::{Newcomer, Watches},
    peer::Peer,
    room::{Aftermath, Room},
    slots::Lane,
};
use crate::rtc::Connection;
use protocol::{ids::PeerId, limits::ROOM_PEERS, streamrec::CLIENT_STREAMS};
use std::time::Instant;

impl Peer {
    pub(super) fn is_view(&self) -> bool {
        matches!(self.watches, Watches::Only(_))
    }

    /// Whether it is to get media of any of these.
    pub(super) fn may_watch(&self, publishers: &[PeerId]) -> bool {
        match self.watches {
            Watches::Everyone => true,
            Watches::Nobody => false,
            Watches::Only(publisher) => publishers.contains(&publisher),
        }
    }
}

impl Room {
    /// Everybody but views.
    pub(super) fn participants(&self) -> impl Iterator<Item = &Peer> {
        self.peers.values().filter(|peer| !peer.is_view())
    }

    /// Lets a view in. Its slots are there before its client offers to receive, so they meet.
    pub(super) fn join_view(
        &mut self,
        now: Instant,
        newcomer: Newcomer,
        publisher: PeerId,
        connection: Option<Connection>,
        out: &mut Aftermath,
    ) {
        let id = newcomer.peer;
        let mut peer = Peer::new(now, newcomer, connection);
        // As many as it can tell apart.
        let lanes = if peer.card.is_some() { usize::from(CLIENT_STREAMS) } else { 1 };
        for ordinal in 0..lanes {
            peer.slots.assign(Lane { peer: publisher, ordinal });
        }
        let ready = peer.connection.as_mut().is_some_and(|connection| connection.ensure_slots(lanes).is_ok());
        let views = self.peers.len() - self.participants().count();
        if !ready || !self.peers.contains_key(&publisher) || views >= ROOM_PEERS * ROOM_PEERS {
            out.gone.push(id);
            return;
        }
        self.peers.insert(id, peer);
        self.settle(now, out);
    }
}
