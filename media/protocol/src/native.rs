//! The native signaling protocol: JSON text messages over a WebSocket at `/native` of a node.
//!
//! The first message of a client is [`ClientMessage::Hello`] with the join token; the node answers
//! [`ServerMessage::Welcome`] or [`ServerMessage::Error`] with `fatal`.
//!
//! With Media Relay on, the client is always the offerer, so offers never collide. It sends its own tracks in
//! its first offer. Whenever others publish, the node sends [`ServerMessage::Negotiate`] with the number of receive
//! slots it wants; a slot is one recvonly audio and one recvonly video transceiver, in that order. The client adds the
//! missing ones and offers again. [`ServerMessage::Subscriptions`] says whose media each slot carries; it may change
//! without a new offer.
//!
//! With Media Relay off, peers connect to each other: the one who joins offers to everyone already there, and
//! descriptions and candidates travel as [`ClientMessage::Signal`] / [`ServerMessage::Signal`].

use crate::{
    ids::{PeerId, RecordingId},
    names::{DisplayName, RoomName},
    recording::{FailureCause, StartRefusal},
};
use serde::{Deserialize, Serialize};

/// Version of this protocol; a client with another one is refused.
pub const PROTOCOL_VERSION: u32 = 1;

/// From client to node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum ClientMessage {
    /// Must come first.
    Hello {
        protocol: u32,
        token: String,
    },
    /// Relay: a session description; answered by `answer`.
    Offer {
        sdp: String,
    },
    /// Peer to peer: for one other peer.
    Signal {
        to: PeerId,
        signal: Signal,
    },
    StartRecording,
    StopRecording,
    Leave,
}

/// From node to client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ServerMessage {
    Welcome {
        peer: PeerId,
        room: RoomName,
        /// Whether media goes through the node.
        relay: bool,
        /// Everyone else in the room.
        peers: Vec<PeerInfo>,
        /// The recording in progress, if any.
        recording: Option<RecordingId>,
    },
    PeerJoined {
        peer: PeerInfo,
    },
    PeerLeft {
        peer: PeerId,
    },
    Answer {
        sdp: String,
    },
    /// Have this many receive slots and offer.
    Negotiate {
        slots: usize,
    },
    /// Whose media each slot carries; complete, replaces earlier ones.
    Subscriptions {
        subscriptions: Vec<Subscription>,
    },
    Signal {
        from: PeerId,
        signal: Signal,
    },
    RecordingState {
        state: RecordingSignal,
        #[serde(skip_serializing_if = "Option::is_none")]
        recording: Option<RecordingId>,
        /// With `link`: where the finished file can be fetched for a limited time.
        #[serde(skip_serializing_if = "Option::is_none")]
        url: Option<String>,
        /// With `error`.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<RecordingError>,
    },
    Error {
        code: ErrorCode,
        message: String,
        /// The node closes the socket after this message.
        fatal: bool,
    },
    /// The room ended for this peer; the node closes the socket after this message.
    Bye {
        reason: ByeReason,
    },
}

/// Another peer of the room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PeerInfo {
    pub id: PeerId,
    pub name: Option<DisplayName>,
}

/// One slot in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    /// 0-based; slot `n` is the `n`-th pair of recvonly transceivers.
    pub slot: usize,
    pub peer: PeerId,
    pub audio: bool,
    pub video: bool,
}

/// What peers tell each other when Media Relay is off; relayed unread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Signal {
    Offer { sdp: String },
    Answer { sdp: String },
    Candidate { candidate: String, sdp_mid: Option<String>, sdp_m_line_index: Option<u16> },
}

/// State of the room's recording as peers see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RecordingSignal {
    Start,
    Stop,
    Link,
    Error,
}

/// Why there is no recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordingError {
    /// A [`StartRefusal`] or [`FailureCause`] word, or `not_recording`.
    pub code: String,
    pub message: String,
}

impl From<StartRefusal> for RecordingError {
    fn from(refusal: StartRefusal) -> Self {
        Self { code: refusal.to_string(), message: refusal.sentence().to_owned() }
    }
}

impl From<FailureCause> for RecordingError {
    fn from(cause: FailureCause) -> Self {
        let message = match cause {
            FailureCause::CaptureLost => "Nothing was captured.",
            FailureCause::MixFailed => "The capture could not be turned into a file.",
            FailureCause::UploadFailed => "The bucket did not accept the file.",
            FailureCause::StorageUnavailable => {
                "The recording could not be stored: its bucket did not work for too long."
            }
            FailureCause::NodeLost => "The media node did not come back.",
        };
        Self { code: cause.to_string(), message: message.to_owned() }
    }
}

/// Stable codes of signaling errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    MalformedMessage,
    MessageTooLarge,
    TooManyMessages,
    HelloExpected,
    UnsupportedProtocol,
    InvalidToken,
    TokenExpired,
    OriginNotAllowed,
    RoomFull,
    RoomLocked,
    UnexpectedMessage,
    UnknownPeer,
    InvalidDescription,
    TooSlow,
}

/// Why the node ended a peer's stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ByeReason {
    /// Media Relay was switched on or off; join again for the other mode.
    RelayChanged,
    KeyRevoked,
    /// Somebody with the right to ended the room.
    RoomEnded,
    /// Somebody with the right to removed this peer.
    Removed,
    /// The same token connected again.
    Replaced,
    ConnectionLost,
    Shutdown,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wire_form_is_what_the_sdk_speaks() {
        let hello: ClientMessage = serde_json::from_str(r#"{"type":"hello","protocol":1,"token":"t"}"#).unwrap();
        assert_eq!(hello, ClientMessage::Hello { protocol: 1, token: "t".into() });
        assert_eq!(
            serde_json::from_str::<ClientMessage>(r#"{"type":"startRecording"}"#).unwrap(),
            ClientMessage::StartRecording
        );
        let state = ServerMessage::RecordingState {
            state: RecordingSignal::Error,
            recording: None,
            url: None,
            error: Some(StartRefusal::RecordingOff.into()),
        };
        assert_eq!(
            serde_json::to_value(&state).unwrap(),
            serde_json::json!({"type": "recordingState", "state": "error",
                "error": {"code": "recording_off", "message": "Recording is switched off for this application."}})
        );
    }

    #[test]
    fn unknown_types_and_fields_are_refused() {
        for text in [r#"{"type":"nope"}"#, r#"{"type":"offer","sdp":"","extra":1}"#, "[]", "null", ""] {
            assert!(serde_json::from_str::<ClientMessage>(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn foreign_text_never_panics(text in ".{0,200}") {
            let _ = serde_json::from_str::<ClientMessage>(&text);
        }
    }
}
