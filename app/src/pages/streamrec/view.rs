//! What is shown of StreamRec.

use crate::pages::notifications::view::EndpointView;
use protocol::{
    ids::{ApplicationId, RecordingId, SessionId},
    recording::RecordingState,
    streamrec::{SessionKind, SessionState},
};
use serde::{Deserialize, Serialize};

/// What there is of StreamRec in an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamrecView {
    pub application: ApplicationId,
    /// Of the application.
    pub name: String,
    /// Of this installation, as browsers reach it.
    pub address: String,
    /// Newest first.
    pub sessions: Vec<SessionView>,
    /// Where the older ones begin.
    pub next: Option<String>,
    /// What verifies the webhooks to addresses of requests.
    pub public_key: Option<String>,
    /// These addresses, the latest ones.
    pub webhooks: Vec<EndpointView>,
}

/// A session of a client or a supervisor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    pub id: SessionId,
    pub kind: SessionKind,
    pub client: String,
    pub state: SessionState,
    /// Why it ended, in the word that its client heard.
    pub cause: Option<String>,
    pub created_ms: u64,
    /// Of one that began, so far.
    pub duration_ms: Option<u64>,
    pub recordings: Vec<StreamRecordingView>,
}

/// What was recorded of one stream in a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamRecordingView {
    pub id: RecordingId,
    /// Counts from 1.
    pub stream: u8,
    pub state: RecordingState,
    /// Its address did not take the file; for a day there may be another one.
    pub waits: bool,
    /// Host of the address.
    pub destination: String,
    /// Of the file when it is there, of what was captured before.
    pub duration_ms: Option<u64>,
    pub bytes: Option<u64>,
    /// Why there is no file, or not yet, and what to do about it.
    pub remark: Option<String>,
}
