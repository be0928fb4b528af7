//! The link between a media node and the control plane: JSON text messages over a WebSocket that the node opens at
//! `/node/link`, with its secret as bearer token.
//!
//! Events (node → control plane) and commands (control plane → node) are durable: each carries a sequence number,
//! is stored by its sender until acknowledged, and is applied once by its receiver, in order, over any number of
//! reconnects and restarts. Queries are neither: the node asks, waits, and asks again.

use crate::{
    ids::{AppKeyId, ApplicationId, BootId, NodeId, PeerId, RecordingId, RequestId, SessionId},
    names::{DisplayName, RoomName},
    policy::AppPolicy,
    recording::{Artifact, FailureCause, FirstFrame, RecordingSpec, StartRefusal, StopCause, UploadedPart},
    streamrec::{Confidential, SessionGrant, TerminationCause},
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Version of the link; the control plane refuses another one.
pub const LINK_VERSION: u32 = 2;

/// From node to control plane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum NodeMessage {
    /// Must come first.
    Hello {
        version: u32,
        node: NodeId,
        boot: BootId,
        /// Where clients reach this node, for example `ws://localhost:3001`.
        signaling_url: String,
        /// Highest command applied, 0 for none.
        last_command: u64,
    },
    Event {
        sequence: u64,
        event: Event,
    },
    /// Every command up to and including this one was applied.
    Applied {
        command: u64,
    },
    /// `id` is unique within the connection and returned with the answer.
    Query {
        id: u64,
        query: Query,
    },
    /// Sent every five seconds; keeps the lease on these recordings.
    Report {
        rooms: u32,
        peers: u32,
        recordings: Vec<RecordingId>,
        /// The node is stopping and takes nobody any more.
        leaving: bool,
    },
}

/// From control plane to node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ControlMessage {
    /// Answer to `hello`. The node drops stored events up to `last_event` and sends the rest.
    Welcome {
        last_event: u64,
        /// Verifies join tokens for this node: 32 bytes, hexadecimal.
        token_key: String,
    },
    Command {
        sequence: u64,
        command: Command,
    },
    /// Every event up to and including this one was applied.
    Applied {
        event: u64,
    },
    Answer {
        id: u64,
        answer: Answer,
    },
}

/// What happened on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Event {
    /// Times are Unix milliseconds.
    RecordingStarted {
        recording: RecordingId,
        at: u64,
    },
    RecordingStopped {
        recording: RecordingId,
        at: u64,
        cause: StopCause,
    },
    RecordingMixing {
        recording: RecordingId,
    },
    RecordingUploaded {
        recording: RecordingId,
        upload: String,
        parts: Vec<UploadedPart>,
        artifact: Artifact,
    },
    /// `detail` is for the operator's log.
    RecordingFailed {
        recording: RecordingId,
        cause: FailureCause,
        detail: String,
    },
    /// A peer whose node has started again since is gone, though nobody said so; hence `boot`.
    PeerJoined {
        boot: BootId,
        application: ApplicationId,
        room: RoomName,
        peer: PeerId,
        name: Option<DisplayName>,
        at: u64,
    },
    PeerLeft {
        peer: PeerId,
        at: u64,
    },
    /// The client sent an offer. `webhook` is where the end is to be told.
    SessionStarted {
        session: SessionId,
        at: u64,
        webhook: Option<String>,
        version: Option<String>,
    },
    SessionEnded {
        session: SessionId,
        at: u64,
        cause: TerminationCause,
    },
    /// The address that the client chose took the file.
    RecordingDelivered {
        recording: RecordingId,
        artifact: Artifact,
        first_frame: FirstFrame,
    },
    /// The address that the client chose does not take the file, however often it is asked. `revision` says which
    /// address that was; `status` is 0 when there was no answer.
    UploadRefused {
        recording: RecordingId,
        revision: u32,
        status: u16,
        detail: String,
    },
}

/// What a node is told to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Command {
    SetPolicy {
        application: ApplicationId,
        policy: AppPolicy,
    },
    RevokeAppKey {
        app_key: AppKeyId,
    },
    /// The control plane was asked to record this room; what else there is to know, `ResumeRecording` answers.
    StartRecording {
        application: ApplicationId,
        room: RoomName,
        recording: RecordingId,
    },
    StopRecording {
        recording: RecordingId,
        cause: StopCause,
    },
    /// Let everyone go; a recording is stopped and delivered.
    EndRoom {
        application: ApplicationId,
        room: RoomName,
        /// Why a recording stops.
        cause: StopCause,
    },
    RemovePeer {
        application: ApplicationId,
        room: RoomName,
        peer: PeerId,
    },
    /// The object was verified: tell the peers still there, destroy the capture.
    RecordingReady {
        recording: RecordingId,
        url: String,
    },
    /// It is where its client wanted it: tell the peers still there, destroy the capture.
    RecordingDelivered {
        recording: RecordingId,
    },
    /// The bucket lost what was uploaded, or another bucket takes it: make the file and upload it once more.
    UploadAgain {
        recording: RecordingId,
    },
    /// The recording is over without an object: tell the peers still there, destroy the capture.
    RecordingFailed {
        recording: RecordingId,
        cause: FailureCause,
    },
}

/// What a node asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Query {
    /// The same `request` always gets the same recording.
    StartRecording { request: RequestId, application: ApplicationId, app_key: AppKeyId, room: RoomName, peer: PeerId },
    /// A capture was found in the spool after a restart, or a start was ordered.
    ResumeRecording { recording: RecordingId },
    /// Begin the upload afresh; an earlier unfinished one is aborted. `refused` is why the previous one was given up.
    BeginUpload { recording: RecordingId, refused: Option<PartRefusal> },
    /// One URL per number, at most [`crate::limits::PARTS_PER_REQUEST`].
    SignParts { recording: RecordingId, upload: String, parts: Vec<u16> },
    /// A client opened the socket of its session, from a page of this origin.
    OpenSession { session: SessionId, token: Confidential, origin: Option<String> },
    /// A client wants one of its streams recorded; the same `request` always gets the same recording.
    StartUpload { request: RequestId, session: SessionId, stream: u8, url: Confidential, webhook: Option<String> },
    /// Where the client wants the file.
    UploadTarget { recording: RecordingId },
    /// Where a picture of the recording goes, beside what this upload makes.
    SignPoster { recording: RecordingId, upload: String },
}

/// What the control plane answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Answer {
    /// To `StartRecording` and `ResumeRecording`.
    Recording { spec: RecordingSpec },
    /// To `StartRecording`.
    Refused { refusal: StartRefusal },
    /// To anything about a recording that has ended or never was: destroy what the node has of it.
    Gone,
    /// To `BeginUpload`.
    Upload { upload: String, destination: Destination },
    /// To `BeginUpload`: the storage does not work at present; to `UploadTarget`: the address has refused the file and
    /// there is no other yet. Keep the capture and ask again.
    Held { retry_seconds: u32 },
    /// To `SignParts`, in the order asked.
    Parts { urls: Vec<String> },
    /// To `OpenSession`.
    Session { grant: SessionGrant },
    /// To `OpenSession`: there is no such session, or not for this token.
    SessionOver { cause: TerminationCause },
    /// To `UploadTarget`. Another address has another revision.
    Target { url: Confidential, revision: u32 },
    /// To `SignPoster`: to be PUT with these headers.
    Poster { url: String, headers: Vec<(String, String)> },
    /// It could not be done now; ask again later.
    Unavailable,
}

/// What a node has to know of a store besides signed URLs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Destination {
    /// PEM; trusted besides the system's authorities.
    pub ca_certificate: Option<String>,
    /// It belongs to the installation, so it may be on a private address.
    pub trusted: bool,
}

/// How a bucket refused a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartRefusal {
    /// None when there was no answer.
    pub status: Option<u16>,
    /// The bucket's error code, or why there was no answer; no address, no secret.
    pub detail: String,
}

impl fmt::Display for PartRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => write!(f, "the bucket answered {status} {}", self.detail),
            None => f.write_str(&self.detail),
        }
    }
}
