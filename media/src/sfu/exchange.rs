//! What front doors and rooms tell each other about one peer.

use protocol::{
    ids::{AppKeyId, ApplicationId, PeerId},
    names::{DisplayName, RoomName},
    native::{ClientMessage, ErrorCode, ServerMessage},
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
    /// Its tracks are numbered as its description has them, not as their media comes.
    pub is_numbered: bool,
    /// How long its media may stay away before it is told; only with a card.
    pub media_within: Option<Duration>,
    /// Bounded; see `Peer::send`.
    pub outbox: Sender<RoomMessage>,
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
    /// for the front door to see to: an offer of the client makes the node's void.
    Describe,
    /// The client's answer to the node's latest offer.
    Accept { sdp: String },
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
    /// No packet came for as long as was said. `connected`: one could have come.
    NoMedia {
        connected: bool,
    },
    /// New cards of other peers; before the message that tells of those peers.
    Cards(Vec<(PeerId, Opaque)>),
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

/// Whether a room would let somebody in.
pub type Knocked = Result<(), ErrorCode>;
