//! What a worker does with a datagram: it is a peer's of one of its rooms, or a sibling's.

use super::{
    commands::WorkerCommand,
    room::{Aftermath, earliest},
    routes::Route,
    worker::Worker,
};
use crate::rtc::{Datagram, Transport};
use protocol::ids::PeerId;
use std::{net::SocketAddr, time::Instant};

impl Worker {
    /// From this worker's socket.
    pub(super) fn datagram(&mut self, now: Instant, datagram: Datagram<'_>) {
        let Datagram { from, local, transport, bytes } = datagram;
        match self.routes.find((transport, from), bytes) {
            Some(Route::Here { room, peer }) => self.deliver(now, room, peer, datagram),
            Some(Route::Sibling(index)) => {
                // Steered here, it may be somebody else's by now.
                if let Some(Route::Here { peer, .. }) = self.routes.known((transport, from)) {
                    self.unsteer(peer);
                }
                let bytes = bytes.to_vec();
                self.siblings.pass(index, WorkerCommand::Datagram { from, local, transport, bytes });
                self.counts.note_detour();
            }
            None => {}
        }
    }

    /// From a sibling's socket, or from a TCP connection. Nothing is passed on twice: two workers could take each other
    /// for the owner.
    pub(super) fn detoured(&mut self, now: Instant, datagram: Datagram<'_>) {
        let Datagram { from, transport, bytes, .. } = datagram;
        match self.routes.find((transport, from), bytes) {
            Some(Route::Here { room, peer }) => {
                self.deliver(now, room, peer, datagram);
                if transport == Transport::Udp && self.heard_at(room, peer) == Some(now) {
                    self.steer(peer, from);
                }
            }
            // Nobody's, or of somebody who has gone: with its sender the connection ends.
            None if transport == Transport::Tcp => drop(self.streams.remove(&from)),
            Some(Route::Sibling(_)) | None => {}
        }
    }

    fn deliver(&mut self, now: Instant, number: u64, peer: PeerId, datagram: Datagram<'_>) {
        let Some(room) = self.rooms.get_mut(&number) else { return };
        let mut out = Aftermath { transmits: std::mem::take(&mut self.transmits), ..Default::default() };
        room.datagram(now, peer, datagram, &mut out);
        self.next = earliest(self.next, room.next);
        if self.reached.last() != Some(&number) {
            self.reached.push(number);
        }
        self.aftermath(out);
    }

    /// When something last came that only this peer can have sent.
    fn heard_at(&self, room: u64, peer: PeerId) -> Option<Instant> {
        self.rooms.get(&room)?.peers.get(&peer)?.connection.as_ref()?.heard_at
    }

    /// One flow of each peer, so that nobody fills the table.
    fn steer(&mut self, peer: PeerId, from: SocketAddr) {
        if self.steered.get(&peer) != Some(&from) {
            self.unsteer(peer);
            self.steered.insert(peer, from);
            self.steering.steer(from, self.index);
        }
    }

    pub(super) fn unsteer(&mut self, peer: PeerId) {
        if let Some(from) = self.steered.remove(&peer) {
            self.steering.release(from, self.index);
        }
    }
}
