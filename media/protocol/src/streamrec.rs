//! What the control plane and the nodes agree on for StreamRec clients and their supervisors.

use crate::{
    ids::{ApplicationId, OrgId, PeerId, RecordingId, SessionId},
    names::{ClientName, RoomName},
    policy::AppPolicy,
    wire_enum,
};
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// Seconds a session may wait for its socket, and then for its offer.
pub const UNOPENED_SECONDS: u64 = 60;
/// Streams that one client publishes.
pub const CLIENT_STREAMS: u8 = 3;
/// Supervisors that watch one client.
pub const SUPERVISORS_PER_CLIENT: u8 = 3;
/// Begins the names of the rooms of sessions; nobody else may join one.
const ROOM_PREFIX: &str = "streamrec:";

wire_enum! {
    /// Why a session ended, or did not begin. Clients read these words.
    TerminationCause {
        ConnError = "CONN_ERROR",
        /// No socket, no connection for media, or no answer to pings.
        ConnTimeout = "CONN_TIMEOUT",
        TermByClient = "TERM_BY_CLIENT",
        /// For supervisors: the session they watched ended.
        AgentSessionTerm = "AGENT_SESSION_TERM",
        PeerconnFailed = "PEERCONN_FAILED",
        SdpError = "SDP_ERROR",
        /// The node stops, or the application's owner ended the session.
        ServiceShutdown = "SERVICE_SHUTDOWN",
        NoActiveAgent = "NO_ACTIVE_AGENT",
        /// The client or supervisor has a session already.
        TwoTimer = "TWO_TIMER",
        MaxSupervisorsPerAgent = "MAX_SUPERVISORS_PER_AGENT",
        NoPacketReceived = "NO_PACKET_RECEIVED",
    }
}

wire_enum! {
    /// Where a session is. Statistics show these words.
    SessionState {
        Created = "CREATED",
        Active = "ACTIVE",
        Terminated = "TERMINATED",
    }
}

wire_enum! {
    /// Whose session it is.
    SessionKind {
        Client = "client",
        Supervisor = "supervisor",
    }
}

wire_enum! {
    /// Which form of the protocol a session speaks.
    Generation {
        /// A session is one recording.
        V1 = "v1",
        V2 = "v2",
    }
}

/// What a node has to know of a session that opens its socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionGrant {
    pub session: SessionId,
    pub kind: SessionKind,
    pub generation: Generation,
    pub org: OrgId,
    pub application: ApplicationId,
    pub client: ClientName,
    /// Of the client's session, also for a supervisor.
    pub room: RoomName,
    /// The client's session that a supervisor watches.
    pub monitored: Option<SessionId>,
    pub policy: AppPolicy,
}

/// Text that opens something: an upload address, a token. Shown in no log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Confidential(String);

impl Confidential {
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Confidential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Confidential(redacted)")
    }
}

/// The room of a client's session.
#[must_use]
pub fn room_of(session: SessionId) -> RoomName {
    named(format!("{ROOM_PREFIX}{}", session.uuid()))
}

/// What the recording of one stream of a session is called: streams are recorded at the same time, each for itself.
#[must_use]
pub fn stream_of(session: SessionId, stream: u8) -> RoomName {
    named(format!("{ROOM_PREFIX}{}/{stream}", session.uuid()))
}

/// Whether this room is one of a session, which is entered through its session only.
#[must_use]
pub fn is_session_room(room: &RoomName) -> bool {
    room.as_str().starts_with(ROOM_PREFIX)
}

/// The peer that publishes in the room of a session.
#[must_use]
pub fn peer_of(session: SessionId) -> PeerId {
    PeerId::of_uuid(session.uuid())
}

/// A session by what clients call it: a plain UUID, or our own form of it.
#[must_use]
pub fn session_named(text: &str) -> Option<SessionId> {
    text.parse().ok().or_else(|| Uuid::try_parse(text).ok().map(SessionId::of_uuid))
}

/// A recording by what clients call it.
#[must_use]
pub fn recording_named(text: &str) -> Option<RecordingId> {
    text.parse().ok().or_else(|| Uuid::try_parse(text).ok().map(RecordingId::of_uuid))
}

/// Digits and a fixed prefix are a name.
fn named(text: String) -> RoomName {
    RoomName::of_digits(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_have_names_of_their_own() {
        let session = SessionId::from_parts(1, [7; 10]);
        let room = room_of(session);
        assert!(is_session_room(&room) && is_session_room(&stream_of(session, 2)));
        assert_eq!(RoomName::try_from(room.to_string()), Ok(room));
        assert!(!is_session_room(&RoomName::try_from("standup".to_owned()).unwrap()));
        assert_eq!(session_named(&session.uuid().to_string()), Some(session));
        assert_eq!(session_named(&session.to_string()), Some(session));
        assert_eq!(session_named("98f06660"), None);
    }

    #[test]
    fn what_opens_something_is_not_shown() {
        let url = Confidential::new("https://bucket.example/?signature".to_owned());
        assert!(!format!("{url:?}").contains("bucket"));
        assert_eq!(serde_json::to_string(&url).unwrap(), "\"https://bucket.example/?signature\"");
    }
}
