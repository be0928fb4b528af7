//! What clients are told.

use super::wire_names::{RECORDING_STATE, RECORDING_STOP, SDP_UPDATE, SESSION_TERMINATED, WARNING};
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
    /// Unix milliseconds after which the upload address takes nothing.
    pub address_expires_at: Option<u64>,
    /// Why it failed, or what may become of it.
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
    /// Something that is not as its client meant it, for people. Clients pass over what they do not know.
    Warning {
        msg: &'static str,
    },
    Terminated {
        cause: TerminationCause,
        /// More about it, for people.
        msg: Option<String>,
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
            Self::Warning { msg } => (WARNING, json!({ "msg": msg })),
            Self::Terminated { cause, msg } => (SESSION_TERMINATED, terminated(*cause, msg.as_deref())),
        };
        let id = grant.session.uuid().to_string();
        let mut message = json!({ "type": name, "client_id": grant.client, "session_id": id, "data": data });
        if grant.generation == Generation::V1 {
            message["rec_id"] = Value::from(id);
        }
        message.to_string()
    }
}

fn terminated(cause: TerminationCause, msg: Option<&str>) -> Value {
    let mut data = json!({ "termination_cause": cause });
    if let Some(msg) = msg {
        data["msg"] = msg.into();
    }
    data
}

fn recording(standing: &Standing) -> Value {
    let mut data = json!({ "state": standing.state, "stream_index": standing.stream });
    if let Some(recording) = standing.recording {
        data["rec_id"] = recording.uuid().to_string().into();
    }
    if let Some(at) = standing.started_at {
        data["started_at"] = at.into();
    }
    if let Some(at) = standing.address_expires_at {
        data["upload_url_expires_at"] = at.into();
    }
    if let Some(msg) = &standing.msg {
        data["msg"] = msg.as_str().into();
    }
    data
}
