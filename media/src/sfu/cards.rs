//! What some front doors need besides media: cards that peers show each other, notes between them, and a lock.

use super::{
    exchange::{Knocked, Opaque, PeerRequest, RoomMessage, Shown},
    peer::Peer,
    room::{Aftermath, Room},
};
use protocol::{
    ids::PeerId,
    limits::ROOM_PEERS,
    native::{ErrorCode, ServerMessage},
};
use std::time::Instant;

impl Room {
    /// Handles one request of a client.
    pub(super) fn request(&mut self, now: Instant, from: PeerId, request: PeerRequest, out: &mut Aftermath) {
        if !self.peers.contains_key(&from) {
            return;
        }
        match request {
            PeerRequest::Client(message) => return self.message(now, from, message, out),
            PeerRequest::Describe { with_spare } => self.describe(from, with_spare),
            PeerRequest::Accept { sdp } => self.accept(now, from, sdp, out),
            PeerRequest::Show(shown) => self.show(now, from, shown),
            PeerRequest::ShowCard(card) => self.show_card(from, card),
            PeerRequest::Tell { to: None, note } => self.tell_where(from, &note, |_| true),
            PeerRequest::Tell { to: Some(to), note } => self.tell_where(from, &note, |peer| peer == to),
            PeerRequest::Lock(locked) => self.locked = locked,
        }
        self.settle(now, out);
    }

    /// Whether a newcomer would be let in.
    pub(super) fn knock(&self) -> Knocked {
        if self.locked {
            Err(ErrorCode::RoomLocked)
        } else if self.participants().count() >= ROOM_PEERS {
            Err(ErrorCode::RoomFull)
        } else {
            Ok(())
        }
    }

    /// The cards of everybody a newcomer knows.
    pub(super) fn cards_for(&self, newcomer: &Peer) -> Vec<(PeerId, Opaque)> {
        let known = self.peers.values().filter(|peer| self.introductions.know(newcomer, peer));
        known.filter_map(|peer| Some((peer.id, peer.card.clone()?))).collect()
    }

    /// Shows the card of a peer that is not in the list of peers now to everybody it knows.
    pub(super) fn spread_card(&mut self, from: &Peer) {
        let Some(card) = &from.card else { return };
        let Self { peers, introductions, .. } = self;
        for peer in peers.values_mut().filter(|peer| introductions.know(from, peer)) {
            peer.send_extra(RoomMessage::Cards(vec![(from.id, card.clone())]));
        }
    }

    fn show_card(&mut self, from: PeerId, card: Opaque) {
        let Some(mut peer) = self.peers.remove(&from) else { return };
        peer.card = Some(card);
        self.spread_card(&peer);
        self.peers.insert(from, peer);
    }

    fn tell_where(&mut self, from: PeerId, note: &Opaque, chosen: impl Fn(PeerId) -> bool) {
        let others = self.peers.keys().copied().filter(|peer| *peer != from && chosen(*peer));
        let listeners: Vec<PeerId> = others.filter(|peer| self.acquainted(from, *peer)).collect();
        for listener in listeners {
            if let Some(peer) = self.peers.get_mut(&listener) {
                peer.send_extra(RoomMessage::Note { from, note: note.clone() });
            }
        }
    }

    fn describe(&mut self, from: PeerId, with_spare: bool) {
        let Some(peer) = self.peers.get_mut(&from) else { return };
        let slots = peer.slots.count() + usize::from(with_spare);
        match peer
            .connection
            .as_mut()
            .map(|connection| connection.ensure_slots(slots).and_then(|()| connection.offer()))
        {
            Some(Ok(sdp)) => peer.send_extra(RoomMessage::Offer { sdp }),
            Some(Err(error)) => {
                tracing::warn!(peer = %from, %error, "no offer for a peer");
                self.error(from, ErrorCode::InvalidDescription, "The node could not make an offer.");
            }
            None => self.error(from, ErrorCode::UnexpectedMessage, "Media Relay is off; offer to the other peers."),
        }
    }

    fn accept(&mut self, now: Instant, from: PeerId, sdp: String, out: &mut Aftermath) {
        let Some(peer) = self.peers.get_mut(&from) else { return };
        match peer.connection.as_mut().map(|connection| connection.accept(now, sdp)) {
            Some(Ok(())) => peer.send_extra(RoomMessage::Accepted),
            Some(Err(error)) => {
                tracing::info!(peer = %from, %error, "answer refused");
                self.error(from, ErrorCode::InvalidDescription, "The session description could not be used.");
            }
            None => self.error(from, ErrorCode::UnexpectedMessage, "Media Relay is off; offer to the other peers."),
        }
        self.outputs(now, from, out);
    }

    fn show(&mut self, now: Instant, from: PeerId, shown: Vec<Shown>) {
        if let Some(peer) = self.peers.get_mut(&from) {
            peer.shown = Some(shown);
        }
        self.want_keyframes_for(from);
        self.request_keyframes(now);
    }

    /// Refuses a newcomer; the answer is for [`super::peer::Peer::send`].
    pub(super) fn refusal(code: ErrorCode) -> ServerMessage {
        let message = match code {
            ErrorCode::RoomLocked => "This room is locked.".to_owned(),
            _ => format!("This room already has {ROOM_PEERS} peers."),
        };
        ServerMessage::Error { code, message, fatal: true }
    }
}
