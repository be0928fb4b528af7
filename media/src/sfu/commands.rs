//! What is asked of a worker.

use super::{
    directory::Inquiry,
    effects::{RecordingOutcome, StartDecision},
    exchange::{Knocked, Newcomer, PeerRequest, RoomKey},
    orders::Order,
    tcp::Frames,
};
use crate::rtc::Transport;
use protocol::{
    ids::{AppKeyId, ApplicationId, PeerId, RecordingId},
    policy::AppPolicy,
    recording::StopCause,
};
use std::net::SocketAddr;

/// What a worker can be told.
pub enum WorkerCommand {
    Join {
        room: RoomKey,
        policy: AppPolicy,
        newcomer: Newcomer,
    },
    Message {
        room: RoomKey,
        peer: PeerId,
        message: PeerRequest,
    },
    /// Asks whether a newcomer would be let in.
    Knock {
        room: RoomKey,
        answer: tokio::sync::oneshot::Sender<Knocked>,
    },
    Disconnected {
        room: RoomKey,
        peer: PeerId,
        session: u64,
    },
    SetPolicy {
        application: ApplicationId,
        policy: AppPolicy,
    },
    RevokeKey {
        app_key: AppKeyId,
    },
    Decided {
        room: RoomKey,
        decision: StartDecision,
    },
    Order {
        room: RoomKey,
        order: Order,
    },
    StopRecording {
        room: RoomKey,
        recording: RecordingId,
        cause: StopCause,
    },
    Deliver {
        room: RoomKey,
        recording: RecordingId,
        outcome: RecordingOutcome,
    },
    /// Put to every worker.
    Inquiry(Inquiry),
    /// Arrived at another worker's socket, or on a TCP connection.
    Datagram {
        from: SocketAddr,
        local: SocketAddr,
        transport: Transport,
        bytes: Vec<u8>,
    },
    /// A TCP connection is there, and goes.
    StreamOpened {
        from: SocketAddr,
        frames: Frames,
    },
    StreamClosed {
        from: SocketAddr,
    },
    ShutDown {
        done: tokio::sync::oneshot::Sender<()>,
    },
}
