//! One connected client as its room sees it.

use super::{
    exchange::{Newcomer, Opaque, RoomMessage, Shown, Watches},
    keyframes::{KeyframeRequests, LossWatch},
    rewrite::{Position, Rewriter},
    slots::{Lane, Slots},
};
use crate::{
    capture::TrackIndex,
    rtc::{Codec, Connection, MediaKind, PublishedTrack, RtpPacket, SenderReport, Transmit, VideoFormat},
};
use protocol::{
    ids::{AppKeyId, PeerId, TrackId},
    names::DisplayName,
    native::{ByeReason, ErrorCode, PeerInfo, ServerMessage},
    skylink::KeySettings,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::mpsc::{Sender, error::TrySendError};

/// Lines that a client gets before one is used again: more people than come to most rooms, and a description that
/// browsers still take easily.
const FRESH_SLOTS: usize = 48;

/// A track this peer publishes.
#[derive(Debug)]
pub(super) struct Track {
    pub id: TrackId,
    pub published: PublishedTrack,
    /// The stream it is part of, as the peer calls it.
    pub stream: Arc<str>,
    /// Which of its kind it is; that of a track that ended is used again.
    pub ordinal: usize,
    pub keyframes: KeyframeRequests,
    pub loss: LossWatch,
    pub last_report: Option<SenderReport>,
    /// Where it is being captured.
    pub capture: Option<TrackIndex>,
}

#[derive(Debug)]
struct SlotRewriters {
    audio: Rewriter,
    video: Rewriter,
}

pub(super) struct Peer {
    pub id: PeerId,
    pub session: u64,
    pub name: Option<DisplayName>,
    pub app_key: Option<AppKeyId>,
    /// What it shows to peers that understand it.
    pub card: Option<Opaque>,
    pub watches: Watches,
    /// What its app key lets it do.
    pub settings: KeySettings,
    /// Its tracks are numbered as its description has them.
    pub is_numbered: bool,
    /// What its pictures are.
    pub video: VideoFormat,
    /// How long its media may stay away.
    pub media_within: Option<Duration>,
    /// When its latest packet came, or when it joined.
    pub last_media: Instant,
    /// Its connection has been up.
    pub connected: bool,
    /// `None` when peers connect to each other.
    pub connection: Option<Connection>,
    pub tracks: Vec<Track>,
    /// Whom this peer watches.
    pub slots: Slots,
    rewriters: Vec<SlotRewriters>,
    /// What it may be sent; `None`: everything.
    pub shown: Option<Vec<Shown>>,
    outbox: Sender<RoomMessage>,
    /// Set when the peer has to go; the room removes it at the end of the turn.
    pub leaving: bool,
    /// Its connection may have something to send since [`Self::drain`].
    pub undrained: bool,
    /// When the connection wants to be looked at.
    pub deadline: Option<Instant>,
}

impl Peer {
    pub(super) fn new(now: Instant, newcomer: Newcomer, connection: Option<Connection>) -> Self {
        let offered = newcomer.is_offered();
        let Newcomer { peer: id, session, name, app_key, card, watches, settings, .. } = newcomer;
        let Newcomer { is_numbered, video, media_within, outbox, .. } = newcomer;
        Self {
            shown: offered.then(Vec::new),
            id,
            session,
            name,
            app_key,
            card,
            watches,
            settings,
            is_numbered,
            video,
            media_within,
            last_media: now,
            connected: false,
            connection,
            tracks: Vec::new(),
            slots: if offered { Slots::with_fresh(FRESH_SLOTS) } else { Slots::default() },
            rewriters: Vec::new(),
            outbox,
            leaving: false,
            undrained: false,
            deadline: None,
        }
    }

    /// When its media has been away for too long.
    pub(super) fn silence_deadline(&self) -> Option<Instant> {
        self.media_within.map(|within| self.last_media + within)
    }

    pub(super) fn info(&self) -> PeerInfo {
        PeerInfo { id: self.id, name: self.name.clone() }
    }

    /// The lowest ordinal that no track of this kind has.
    pub(super) fn free_ordinal(&self, kind: MediaKind) -> usize {
        let taken = |ordinal| self.tracks.iter().any(|track| track.published.kind == kind && track.ordinal == ordinal);
        (0..).find(|&ordinal| !taken(ordinal)).unwrap_or(self.tracks.len())
    }

    pub(super) fn track(&mut self, ssrc: u32) -> Option<&mut Track> {
        self.tracks.iter_mut().find(|track| track.published.ssrc == ssrc)
    }

    /// Queues a message for the client. The queue is bounded: a client that does not read is let go rather than
    /// waited for.
    pub(super) fn send(&mut self, message: ServerMessage) {
        self.queue(message.into());
    }

    /// As [`Self::send`], for what only some front doors understand.
    pub(super) fn send_extra(&mut self, message: RoomMessage) {
        if self.card.is_some() {
            self.queue(message);
        }
    }

    fn queue(&mut self, message: RoomMessage) {
        match self.outbox.try_send(message) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                tracing::info!(peer = %self.id, code = ?ErrorCode::TooSlow, "client does not read its messages");
                self.leaving = true;
            }
            Err(TrySendError::Closed(_)) => self.leaving = true,
        }
    }

    pub(super) fn dismiss(&mut self, reason: ByeReason) {
        self.send(ServerMessage::Bye { reason });
        self.leaving = true;
    }

    /// Sends a publisher's packet on this peer's slot for it.
    pub(super) fn forward(&mut self, now: Instant, lane: Lane, track: PublishedTrack, packet: &RtpPacket) {
        let (Some(slot), Some(connection)) = (self.slots.of(lane), &mut self.connection) else { return };
        let medium = Shown { slot, kind: track.kind, peer: lane.peer };
        if self.shown.as_ref().is_some_and(|shown| !shown.contains(&medium)) {
            return;
        }
        while self.rewriters.len() <= slot {
            let audio = Rewriter::new(Codec::Opus.clock_rate());
            self.rewriters.push(SlotRewriters { audio, video: Rewriter::new(Codec::Vp8.clock_rate()) });
        }
        let rewriter = match track.kind {
            MediaKind::Audio => &mut self.rewriters[slot].audio,
            MediaKind::Video => &mut self.rewriters[slot].video,
        };
        let incoming = Position { sequence: packet.header.sequence_number, timestamp: packet.header.timestamp };
        let outgoing = rewriter.rewrite(now, track.ssrc, incoming);
        let mut packet = packet.clone();
        packet.header.sequence_number = outgoing.sequence;
        packet.header.timestamp = outgoing.timestamp;
        connection.send(now, slot, track.kind, packet);
        self.undrained = true;
    }

    /// Moves what the connection wants to send to `transmits` and notes when it wants to be looked at again.
    pub(super) fn drain(&mut self, transmits: &mut Vec<Transmit>) {
        self.undrained = false;
        let Some(connection) = &mut self.connection else { return };
        while let Some(transmit) = connection.transmit() {
            transmits.push(transmit);
        }
        self.deadline = connection.deadline();
    }
}
