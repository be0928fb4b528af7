//! Words of the protocol. What clients say has aliases where the documents are silent; what we say has one word.

/// What a client says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    SessionStart,
    SupervisorJoin,
    SdpUpdate,
    Candidate,
    RecordingStart,
    RecordingStop,
    Stop,
}

/// Types of clients' messages.
const SAID: &[(Said, &[&str])] = &[
    (Said::SessionStart, &["session_start"]),
    (Said::SupervisorJoin, &["supervisor_join_session", "supervisor_session_start"]),
    (Said::SdpUpdate, &["sdp_update"]),
    (Said::Candidate, &["candidate"]),
    (Said::RecordingStart, &["recording_start"]),
    (Said::RecordingStop, &["recording_stop"]),
    (Said::Stop, &["session_stop", "session_terminate", "session_end", "session_close", "supervisor_leave_session"]),
];

/// Fields of clients' messages, the documented name first.
pub const SESSION: &[&str] = &["session_id", "rec_id"];
pub const SDP: &[&str] = &["sdp"];
pub const WEBHOOK: &[&str] = &["webhook_url", "webhook"];
pub const VERSION: &[&str] = &["version"];
pub const UPLOAD_URL: &[&str] = &["upload_url"];
pub const UPLOAD_URLS: &[&str] = &["upload_urls"];
pub const RECORDINGS: &[&str] = &["recordings"];
pub const STREAM: &[&str] = &["stream_index", "stream"];
pub const CAUSE: &[&str] = &["termination_cause"];
pub const RECORDING: &[&str] = &["rec_id", "recording_id"];

/// What we say.
pub const SDP_UPDATE: &str = "sdp_update";
pub const RECORDING_STATE: &str = "recording_state";
pub const RECORDING_STOP: &str = "recording_stop";
pub const SESSION_TERMINATED: &str = "session_terminated";
pub const WARNING: &str = "warning";

/// States of a recording, as clients hear them.
pub const RECORDING_RUNS: &str = "RECORDING";
pub const RECORDING_UPLOADS: &str = "UPLOADING";
pub const RECORDING_UPLOADED: &str = "UPLOADED";
pub const RECORDING_FAILED: &str = "FAILED";

/// What a type of message means; `None` when we know no such type.
#[must_use]
pub fn said(name: &str) -> Option<Said> {
    SAID.iter().find(|(_, names)| names.contains(&name)).map(|(said, _)| *said)
}
