//! What front doors and rooms tell each other about one peer.

use crate::rtc::{MediaKind, VideoFormat};
use protocol::{
    ids::{AppKeyId, ApplicationId, PeerId},
    names::{DisplayName, RoomName},
    native::{ClientMessage, ErrorCode, PeerInfo, ServerMessage, Subscription},
    skylink::KeySettings,
};
use std::{any::Any, fmt, sync::Arc, time::Duration};
use tokio::sync::mpsc::Sender;

/// A room is known by its application and its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RoomKey {
    pub application: ApplicationId,
    pub room: RoomName,
}

/// Somebody with a valid token.
pub struct Newcomer {
    pub peer: PeerId,
    /// Tells two sockets with the same token apart.
    pub session: u64,
    pub name: Option<DisplayName>,
    /// What it came with; none when something else vouched for it.
    pub app_key: Option<AppKeyId>,
    /// Only of front doors whose peers have more to tell each other than that they are there.
    pub card: Option<Opaque>,
    pub watches: Watches,
    /// What its app key lets it do.
    pub settings: KeySettings,
    /// Its tracks are numbered as its description has them, not as their media comes.
    pub is_numbered: bool,
    /// What its pictures are; of a view, those of whom it watches.
    pub video: VideoFormat,
    /// How long its media may stay away before it is told; only with a card.
    pub media_within: Option<Duration>,
    /// Bounded; see `Peer::send`.
    pub outbox: Sender<RoomMessage>,
}

impl Newcomer {
    /// Whether the node offers to it and it is told which stream each line carries. Such clients also add tracks and
    /// restart their connection as they like.
    #[must_use]
    pub fn is_offered(&self) -> bool {
        self.card.is_some() && !self.is_numbered
    }
}

/// Something that front doors tell each other through the room, which passes it on unread.
#[derive(Clone)]
pub struct Opaque(Arc<dyn Any + Send + Sync>);

impl Opaque {
    #[must_use]
    pub fn new<T: Any + Send + Sync>(value: T) -> Self {
        Self(Arc::new(value))
    }

    /// What it holds, if it comes from a front door of the same kind.
    #[must_use]
    pub fn read<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.0.clone().downcast().ok()
    }
}

impl fmt::Debug for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opaque")
    }
}

/// Whose media a peer gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watches {
    Everyone,
    /// It has a view for each peer instead.
    Nobody,
    /// It is a view: no participant, only another connection of one, for the media of this peer.
    Only(PeerId),
}

/// What a peer asks of its room.
#[derive(Debug)]
pub enum PeerRequest {
    /// What every client can say.
    Client(ClientMessage),
    /// The node is to offer; answered by [`RoomMessage::Offer`]. Only one of the two sides may be offering, which is
    /// for the front door to see to: an offer of the client makes the node's void. `with_spare`: the last slot is one
    /// that carries nobody, for the client to send on.
    Describe { with_spare: bool },
    /// The client's answer to the node's latest offer.
    Accept { sdp: String },
    /// What the client knows to be on its lines; complete, replaces earlier ones. Peers that are offered get nothing else.
    Show(Vec<Shown>),
    /// Replaces the peer's card.
    ShowCard(Opaque),
    /// For one other peer or for all of them, as far as they have cards.
    Tell { to: Option<PeerId>, note: Opaque },
    /// While a room is locked nobody else gets in.
    Lock(bool),
}

impl From<ClientMessage> for PeerRequest {
    fn from(message: ClientMessage) -> Self {
        Self::Client(message)
    }
}

/// What a room tells a peer. Those without a card hear only what every client understands.
#[derive(Debug, Clone)]
pub enum RoomMessage {
    Client(ServerMessage),
    /// An offer of the node. Void once the client has offered.
    Offer {
        sdp: String,
    },
    /// The client's answer is in force.
    Accepted,
    /// Instead of [`ServerMessage::Subscriptions`], for those who tell the media of one peer apart.
    Watching(Vec<Watched>),
    /// No packet came for as long as was said. `connected`: one could have come.
    NoMedia {
        connected: bool,
    },
    /// New cards of other peers; before the message that tells of those peers.
    Cards(Vec<(PeerId, Opaque)>),
    /// As [`ServerMessage::PeerJoined`], of somebody who was here before. One of the two approaches the other.
    Introduced {
        peer: PeerInfo,
        approaching: bool,
    },
    Note {
        from: PeerId,
        note: Opaque,
    },
}

impl From<ServerMessage> for RoomMessage {
    fn from(message: ServerMessage) -> Self {
        Self::Client(message)
    }
}

/// Audio or video of a peer on a slot, as agreed with the client. Browsers that get packets of a line before they know
/// of it take them for another line's, and stay with that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    pub slot: usize,
    pub kind: MediaKind,
    pub peer: PeerId,
}

/// What one slot carries: the streams of its audio and video, as their publisher calls them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    pub slot: usize,
    pub peer: PeerId,
    pub audio: Option<Arc<str>>,
    pub video: Option<Arc<str>>,
}

impl Watched {
    pub(super) fn subscription(&self) -> Subscription {
        let Self { slot, peer, audio, video } = self;
        Subscription { slot: *slot, peer: *peer, audio: audio.is_some(), video: video.is_some() }
    }
}

/// Whether a room would let somebody in.
pub type Knocked = Result<(), ErrorCode>;
