//! What clients are told.

use super::wire_names::{RECORDING_STATE, RECORDING_STOP, SDP_UPDATE, SESSION_TERMINATED};
use protocol::{
    ids::RecordingId,
    streamrec::{Generation, SessionGrant, TerminationCause},
};
use serde_json::{Value, json};

/// How a recording stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub recording: Option<RecordingId>,
    pub stream: u8,
    pub state: &'static str,
    /// Unix milliseconds.
    pub started_at: Option<u64>,
    /// Why it failed.
    pub msg: Option<String>,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outgoing {
    Answer {
        sdp: String,
    },
    Recording(Standing),
    /// The first generation is asked to stop, too.
    RecordingStop,
    Terminated {
        cause: TerminationCause,
    },
}

impl Outgoing {
    /// As it is sent to whoever has this session.
    #[must_use]
    pub fn text(&self, grant: &SessionGrant) -> String {
        let (name, data) = match self {
            Self::Answer { sdp } => (SDP_UPDATE, json!({ "sdp": { "type": "answer", "sdp": sdp } })),
            Self::Recording(standing) => (RECORDING_STATE, recording(standing)),
            Self::RecordingStop => (RECORDING_STOP, json!({})),
            Self::Terminated { cause } => (SESSION_TERMINATED, json!({ "termination_cause": cause })),
        };
        let id = grant.session.uuid().to_string();
        let mut message = json!({ "type": name, "client_id": grant.client, "session_id": id, "data": data });
        if grant.generation == Generation::V1 {
            message["rec_id"] = Value::from(id);
        }
        message.to_string()
    }
}

fn recording(standing: &Standing) -> Value {
    let mut data = json!({ "state": standing.state, "stream_index": standing.stream });
    if let Some(recording) = standing.recording {
        data["rec_id"] = recording.uuid().to_string().into();
    }
    if let Some(at) = standing.started_at {
        data["started_at"] = at.into();
    }
    if let Some(msg) = &standing.msg {
        data["msg"] = msg.as_str().into();
    }
    data
}
