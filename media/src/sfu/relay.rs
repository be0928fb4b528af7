//! The media half of a room: offers, packets, keyframes, and who watches whom.

use super::{
    exchange::{RoomMessage, Watched},
    peer::{Peer, Track},
    room::{Aftermath, Room, earliest},
    slots::Lane,
    streams::capturing,
};
use crate::rtc::{self, Datagram, MediaKind, Output, PublishedTrack, RtpPacket, SenderReport, Transmit};
use protocol::{
    ids::{PeerId, TrackId},
    limits::PEER_TRACKS,
    native::{ByeReason, ErrorCode, ServerMessage},
};
use std::{collections::BTreeSet, time::Instant};

impl Room {
    pub(super) fn offer(&mut self, now: Instant, from: PeerId, sdp: String, out: &mut Aftermath) {
        let Some(peer) = self.peers.get_mut(&from) else { return };
        // Of a view alone: others send what they offer.
        let (codec, lacking) = (peer.video.codec().encoding(), peer.is_view() && peer.video.is_lacking_in(&sdp));
        let Some(connection) = &mut peer.connection else {
            return self.error(from, ErrorCode::UnexpectedMessage, "Media Relay is off; offer to the other peers.");
        };
        if lacking {
            let message = format!("The pictures are {codec}, which the offer lacks.");
            return self.error(from, ErrorCode::InvalidDescription, &message);
        }
        match connection.answer(now, sdp) {
            Ok(sdp) => peer.send(ServerMessage::Answer { sdp }),
            Err(error) => {
                tracing::info!(peer = %from, %error, "offer refused");
                self.error(from, ErrorCode::InvalidDescription, "The session description could not be used.");
            }
        }
        self.outputs(now, from, out);
    }

    /// A datagram of this peer arrived. What is to be sent because of it is collected by [`Self::drain`], once for all
    /// that arrived together.
    pub(super) fn datagram(&mut self, now: Instant, peer: PeerId, datagram: Datagram<'_>, out: &mut Aftermath) {
        if let Some(connection) = self.peers.get_mut(&peer).and_then(|peer| peer.connection.as_mut()) {
            connection.receive(now, datagram);
            self.outputs(now, peer, out);
        }
    }

    /// Lets connections whose time has come do their timed work.
    pub(super) fn tick(&mut self, now: Instant, out: &mut Aftermath) {
        let due: Vec<PeerId> =
            self.peers.values().filter(|peer| peer.deadline.is_some_and(|at| at <= now)).map(|peer| peer.id).collect();
        for id in due {
            if let Some(connection) = self.peers.get_mut(&id).and_then(|peer| peer.connection.as_mut()) {
                connection.timeout(now);
            }
            self.outputs(now, id, out);
        }
        self.request_keyframes(now);
        self.check_limits(now, out);
        self.settle(now, out);
    }

    /// When [`Self::tick`] wants to be called, by a walk over everybody.
    pub(super) fn deadline(&self, now: Instant) -> Option<Instant> {
        let peers = self.peers.values().filter_map(|peer| peer.deadline);
        let tracks = self.peers.values().flat_map(|peer| &peer.tracks);
        let keyframes = tracks.flat_map(|track| [track.keyframes.deadline(now), track.loss.deadline()]).flatten();
        peers.chain(keyframes).chain(self.limit_deadline()).min()
    }

    /// Handles what has happened on a connection.
    pub(super) fn outputs(&mut self, now: Instant, from: PeerId, out: &mut Aftermath) {
        let mut touched = false;
        while let Some(output) =
            self.peers.get_mut(&from).and_then(|peer| peer.connection.as_mut()).and_then(rtc::Connection::output)
        {
            match output {
                Output::Connected => {
                    if let Some(peer) = self.peers.get_mut(&from) {
                        peer.connected = true;
                    }
                    self.want_keyframes_for(from);
                }
                Output::Failed => {
                    if let Some(peer) = self.peers.get_mut(&from) {
                        peer.dismiss(ByeReason::ConnectionLost);
                    }
                }
                Output::TrackOpened { track, stream } => self.track_opened(now, from, track, stream),
                Output::TrackEnded { ssrc } => self.track_ended(now, from, ssrc),
                Output::Rtp { ssrc, packet } => {
                    self.packet(now, from, ssrc, packet);
                    continue;
                }
                Output::SenderReport(report) => self.sender_report(now, from, report),
                Output::KeyframeRequested { slot } => self.keyframe_requested(from, slot),
            }
            touched = true;
        }
        if touched {
            self.request_keyframes(now);
            self.settle(now, out);
        } else if let Some(peer) = self.peers.get_mut(&from) {
            peer.undrained = true;
        }
    }

    /// Collects what connections want to send.
    pub(super) fn drain(&mut self, transmits: &mut Vec<Transmit>) {
        for peer in self.peers.values_mut().filter(|peer| peer.undrained) {
            peer.drain(transmits);
            self.next = earliest(self.next, peer.deadline);
        }
    }

    /// The hot path: capture first, so that nothing about forwarding can cost the recording a packet.
    fn packet(&mut self, now: Instant, from: PeerId, ssrc: u32, mut packet: RtpPacket) {
        let Some(peer) = self.peers.get_mut(&from) else { return };
        peer.last_media = now;
        let Some(track) = peer.track(ssrc) else { return };
        rtc::strip_extensions(&mut packet);
        packet.header.payload_type = track.published.codec.payload_type();
        if let Some(capturing) = capturing(&self.phase, &self.streams, track) {
            capturing.rtp(now, track, &packet);
            if track.published.kind == MediaKind::Video {
                track.loss.arrived(now, packet.header.sequence_number);
                self.next = earliest(self.next, track.loss.deadline());
            }
        }
        let (published, lane) = (track.published, Lane { peer: from, ordinal: track.ordinal });
        for (id, watcher) in &mut self.peers {
            if *id != from {
                watcher.forward(now, lane, published, &packet);
            }
        }
    }

    fn sender_report(&mut self, now: Instant, from: PeerId, report: SenderReport) {
        let Some(track) = self.peers.get_mut(&from).and_then(|peer| peer.track(report.ssrc)) else { return };
        track.last_report = Some(report);
        if let Some(capturing) = capturing(&self.phase, &self.streams, track) {
            capturing.sender_report(now, track, report);
        }
    }

    fn track_opened(&mut self, now: Instant, from: PeerId, published: PublishedTrack, stream: String) {
        let Some(peer) = self.peers.get_mut(&from) else { return };
        // A view only watches.
        if peer.is_view() || peer.tracks.len() >= PEER_TRACKS || peer.track(published.ssrc).is_some() {
            return;
        }
        let Ok(random) = crate::random::bytes() else { return };
        let mut track = Track {
            id: TrackId::from_parts(crate::clock::unix_ms(), random),
            published,
            stream: stream.into(),
            ordinal: if peer.is_numbered { published.place } else { peer.free_ordinal(published.kind) },
            keyframes: Default::default(),
            loss: Default::default(),
            last_report: None,
            capture: None,
        };
        if let Some(capturing) = capturing(&self.phase, &self.streams, &track) {
            capturing.open(now, from, peer.name.as_ref().map(ToString::to_string), &mut track);
        }
        peer.tracks.push(track);
        let others = self.peers.keys().copied().filter(|id| *id != from);
        let watchers: Vec<PeerId> = others.filter(|id| self.acquainted(*id, from)).collect();
        for watcher in watchers {
            self.watch(watcher, &[from]);
        }
    }

    fn track_ended(&mut self, now: Instant, from: PeerId, ssrc: u32) {
        let Some(peer) = self.peers.get_mut(&from) else { return };
        let Some(at) = peer.tracks.iter().position(|track| track.published.ssrc == ssrc) else { return };
        // Those whose tracks are numbered keep them: their streams end by their own word.
        if peer.is_numbered {
            return;
        }
        let track = peer.tracks.remove(at);
        let lane = Lane { peer: from, ordinal: track.ordinal };
        let empty = peer.tracks.iter().all(|other| other.ordinal != lane.ordinal);
        if let Some(capturing) = capturing(&self.phase, &self.streams, &track) {
            capturing.track_ended(now, &track);
        }
        let watchers: Vec<PeerId> =
            self.peers.values().filter(|peer| peer.slots.of(lane).is_some()).map(|peer| peer.id).collect();
        for watcher in watchers {
            if let Some(peer) = self.peers.get_mut(&watcher).filter(|peer| empty && !peer.is_view()) {
                peer.slots.release(lane);
            }
            self.tell_subscriptions(watcher);
        }
    }

    /// Subscribes a newcomer to everyone who publishes.
    pub(super) fn watch_everyone(&mut self, watcher: PeerId) {
        let publishers: Vec<PeerId> = self
            .peers
            .values()
            .filter(|peer| peer.id != watcher && !peer.tracks.is_empty() && self.acquainted(watcher, peer.id))
            .map(|peer| peer.id)
            .collect();
        if !publishers.is_empty() {
            self.watch(watcher, &publishers);
        }
    }

    pub(super) fn watch(&mut self, watcher: PeerId, publishers: &[PeerId]) {
        if !self.peers.get(&watcher).is_some_and(|peer| peer.may_watch(publishers)) {
            return;
        }
        let lanes: Vec<Lane> = publishers.iter().flat_map(|publisher| self.lanes(watcher, *publisher)).collect();
        let Some(peer) = self.peers.get_mut(&watcher) else { return };
        let Some(connection) = &mut peer.connection else { return };
        let before = peer.slots.count();
        for lane in lanes {
            peer.slots.assign(lane);
        }
        let count = peer.slots.count();
        if count > before {
            if let Err(error) = connection.ensure_slots(count) {
                tracing::warn!(peer = %watcher, %error, "no slot for another publisher");
                return;
            }
            peer.send(ServerMessage::Negotiate { slots: count });
        }
        self.tell_subscriptions(watcher);
        self.want_keyframes_for(watcher);
    }

    /// What a watcher gets of a publisher. More than one audio and one video is for those only who can tell them
    /// apart, which takes a card.
    fn lanes(&self, watcher: PeerId, publisher: PeerId) -> impl Iterator<Item = Lane> {
        let all = self.peers.get(&watcher).is_some_and(|watcher| watcher.card.is_some());
        let tracks = self.peers.get(&publisher).map(|publisher| publisher.tracks.as_slice()).unwrap_or_default();
        let ordinals: BTreeSet<usize> = tracks.iter().map(|track| track.ordinal).collect();
        let wanted = ordinals.into_iter().filter(move |ordinal| all || *ordinal == 0);
        wanted.map(move |ordinal| Lane { peer: publisher, ordinal })
    }

    /// Frees the slots that carried a peer who left.
    pub(super) fn unwatch(&mut self, gone: PeerId) {
        let watchers: Vec<PeerId> =
            self.peers.values_mut().filter_map(|peer| peer.slots.release_peer(gone).then_some(peer.id)).collect();
        for watcher in watchers {
            self.tell_subscriptions(watcher);
        }
    }

    fn tell_subscriptions(&mut self, watcher: PeerId) {
        let Some(peer) = self.peers.get(&watcher) else { return };
        let watched: Vec<Watched> = peer.slots.occupied().map(|(slot, lane)| self.watched(slot, lane)).collect();
        let Some(peer) = self.peers.get_mut(&watcher) else { return };
        if peer.shown.is_some() {
            peer.send_extra(RoomMessage::Watching(watched));
        } else {
            let subscriptions = watched.iter().map(Watched::subscription).collect();
            peer.send(ServerMessage::Subscriptions { subscriptions });
        }
    }

    fn watched(&self, slot: usize, Lane { peer, ordinal }: Lane) -> Watched {
        let tracks = self.peers.get(&peer).map(|publisher| publisher.tracks.as_slice()).unwrap_or_default();
        let stream = |kind| {
            let track = tracks.iter().find(|track| track.ordinal == ordinal && track.published.kind == kind)?;
            Some(track.stream.clone())
        };
        Watched { slot, peer, audio: stream(MediaKind::Audio), video: stream(MediaKind::Video) }
    }

    /// Everyone this peer watches should send a picture it can begin with.
    pub(super) fn want_keyframes_for(&mut self, watcher: PeerId) {
        let Some(peer) = self.peers.get(&watcher) else { return };
        let publishers: Vec<PeerId> = peer.slots.occupied().map(|(_, lane)| lane.peer).collect();
        for publisher in publishers {
            self.want_keyframe(publisher);
        }
    }

    fn keyframe_requested(&mut self, watcher: PeerId, slot: usize) {
        if let Some(publisher) = self.peers.get(&watcher).and_then(|peer| peer.slots.peer(slot)) {
            self.want_keyframe(publisher);
        }
    }

    fn want_keyframe(&mut self, publisher: PeerId) {
        let tracks = self.peers.get_mut(&publisher).map(|peer| &mut peer.tracks);
        for track in tracks.into_iter().flatten().filter(|track| track.published.kind == MediaKind::Video) {
            track.keyframes.want();
        }
    }

    pub(super) fn request_keyframes(&mut self, now: Instant) {
        for Peer { tracks, connection, .. } in self.peers.values_mut() {
            for track in tracks {
                if track.loss.lost(now) {
                    track.keyframes.want();
                }
                if let (true, Some(connection)) = (track.keyframes.due(now), connection.as_mut()) {
                    connection.request_keyframe(now, track.published.ssrc);
                }
            }
        }
    }
}
