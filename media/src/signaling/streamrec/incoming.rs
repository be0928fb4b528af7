//! Reads what clients say. Nothing in it is trusted; what is missing or unknown is passed over where that is sane.

use super::wire_names::{
    CAUSE, RECORDING, RECORDINGS, SDP, SESSION, STREAM, Said, UPLOAD_URL, UPLOAD_URLS, VERSION, WEBHOOK, said,
};
use protocol::{
    ids::{RecordingId, SessionId},
    streamrec::{CLIENT_STREAMS, Confidential, TerminationCause, recording_named, session_named},
};
use serde_json::{Map, Value};

/// A session description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Description {
    Offer(String),
    Answer(String),
}

/// One stream to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub stream: u8,
    pub url: Confidential,
    pub webhook: Option<String>,
}

/// One message of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A client or supervisor begins: its offer.
    Begin {
        sdp: Option<Description>,
        webhook: Option<String>,
        version: Option<String>,
    },
    Update {
        sdp: Option<Description>,
    },
    /// The node is reached by its own candidates, and learns those of clients from their checks.
    Candidate,
    /// With an offer it begins, too, as the first generation does.
    Record {
        sdp: Option<Description>,
        wanted: Vec<Wanted>,
        webhook: Option<String>,
    },
    /// Everything, or one recording.
    StopRecording {
        recording: Option<RecordingId>,
    },
    Stop {
        cause: TerminationCause,
    },
    /// Of a type that is not known.
    Unknown {
        name: String,
    },
}

/// A message with the session that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    pub session: Option<SessionId>,
    pub message: Incoming,
}

/// Longest text of a type that is logged.
const NAME_CHARS: usize = 40;

/// Reads one message; `None` when it is not one at all.
#[must_use]
pub fn read(text: &str) -> Option<Envelope> {
    let Ok(Value::Object(object)) = serde_json::from_str(text) else { return None };
    let name = object.get("type")?.as_str()?;
    let nothing = Map::new();
    let data = object.get("data").and_then(Value::as_object).unwrap_or(&nothing);
    let message = match said(name) {
        Some(Said::SessionStart | Said::SupervisorJoin) => {
            Incoming::Begin { sdp: description(data), webhook: text_of(data, WEBHOOK), version: text_of(data, VERSION) }
        }
        Some(Said::SdpUpdate) => Incoming::Update { sdp: description(data) },
        Some(Said::Candidate) => Incoming::Candidate,
        Some(Said::RecordingStart) => {
            Incoming::Record { sdp: description(data), wanted: wanted(data), webhook: text_of(data, WEBHOOK) }
        }
        Some(Said::RecordingStop) => match text_of(data, RECORDING).map(|text| recording_named(&text)) {
            None => Incoming::StopRecording { recording: None },
            Some(Some(recording)) => Incoming::StopRecording { recording: Some(recording) },
            // Not everything is stopped because of a name that means nothing.
            Some(None) => Incoming::Unknown { name: name.to_owned() },
        },
        Some(Said::Stop) => Incoming::Stop { cause: cause(data) },
        None => Incoming::Unknown { name: name.chars().filter(|c| !c.is_control()).take(NAME_CHARS).collect() },
    };
    Some(Envelope { session: text_of(&object, SESSION).and_then(|text| session_named(&text)), message })
}

fn field<'a>(object: &'a Map<String, Value>, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| object.get(*name)).filter(|value| !value.is_null())
}

fn text_of(object: &Map<String, Value>, names: &[&str]) -> Option<String> {
    field(object, names).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A client may find before we do that media has no way any more. All else that it ends, it ends of its own will.
fn cause(data: &Map<String, Value>) -> TerminationCause {
    let failed = TerminationCause::PeerconnFailed;
    if text_of(data, CAUSE).is_some_and(|text| text == failed.as_str()) {
        failed
    } else {
        TerminationCause::TermByClient
    }
}

fn description(data: &Map<String, Value>) -> Option<Description> {
    let value = field(data, SDP)?;
    let sdp = value.get("sdp").and_then(Value::as_str)?.to_owned();
    match value.get("type").and_then(Value::as_str)? {
        "offer" => Some(Description::Offer(sdp)),
        "answer" => Some(Description::Answer(sdp)),
        _ => None,
    }
}

/// One address, a list of them in the order of the streams, or a list of streams with an address each.
fn wanted(data: &Map<String, Value>) -> Vec<Wanted> {
    let shared = text_of(data, WEBHOOK);
    let one = |stream: usize, url: String, webhook: Option<String>| {
        let stream = u8::try_from(stream).unwrap_or(u8::MAX);
        Wanted { stream, url: Confidential::new(url), webhook: webhook.or_else(|| shared.clone()) }
    };
    let most = usize::from(CLIENT_STREAMS);
    if let Some(list) = field(data, RECORDINGS).and_then(Value::as_array) {
        let objects = list.iter().take(most).enumerate().filter_map(|(place, value)| Some((place, value.as_object()?)));
        let read = objects.filter_map(|(place, object)| {
            let stream = field(object, STREAM).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
            Some(one(stream.unwrap_or(place), text_of(object, UPLOAD_URL)?, text_of(object, WEBHOOK)))
        });
        return read.collect();
    }
    let many = field(data, UPLOAD_URLS).or_else(|| field(data, UPLOAD_URL)).and_then(Value::as_array);
    if let Some(list) = many {
        let texts = list.iter().take(most).enumerate();
        return texts.filter_map(|(stream, value)| Some(one(stream, value.as_str()?.to_owned(), None))).collect();
    }
    text_of(data, UPLOAD_URL).map(|url| one(0, url, None)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn message(value: &Value) -> Incoming {
        read(&value.to_string()).unwrap().message
    }

    fn urls(data: &Value) -> Vec<(u8, String, Option<String>)> {
        let Incoming::Record { wanted, .. } = message(&json!({ "type": "recording_start", "data": data })) else {
            panic!("not a start")
        };
        wanted.into_iter().map(|each| (each.stream, each.url.expose().to_owned(), each.webhook)).collect()
    }

    #[test]
    fn the_documented_messages_are_read() {
        let session = SessionId::from_parts(1, [7; 10]);
        let start = json!({ "type": "session_start", "client_id": "c-0", "session_id": session.uuid().to_string(),
            "data": { "sdp": { "type": "offer", "sdp": "v=0" }, "webhook_url": "https://a", "version": "v3.0.0" } });
        let read = read(&start.to_string()).unwrap();
        assert_eq!(read.session, Some(session));
        let sdp = Some(Description::Offer("v=0".to_owned()));
        let (webhook, version) = (Some("https://a".to_owned()), Some("v3.0.0".to_owned()));
        assert_eq!(read.message, Incoming::Begin { sdp, webhook, version });
        assert_eq!(message(&json!({ "type": "candidate", "data": { "candidate": null } })), Incoming::Candidate);
        assert_eq!(message(&json!({ "type": "recording_stop" })), Incoming::StopRecording { recording: None });
        let nonsense = message(&json!({ "type": "recording_stop", "data": { "rec_id": "all" } }));
        assert_eq!(nonsense, Incoming::Unknown { name: "recording_stop".to_owned() });
        let stop = |data: Value| message(&json!({ "type": "session_end", "data": data }));
        for data in [json!([]), json!({}), json!({ "termination_cause": "SERVICE_SHUTDOWN" })] {
            assert_eq!(stop(data), Incoming::Stop { cause: TerminationCause::TermByClient });
        }
        let failed = stop(json!({ "termination_cause": "PEERCONN_FAILED" }));
        assert_eq!(failed, Incoming::Stop { cause: TerminationCause::PeerconnFailed });
        assert_eq!(message(&json!({ "type": "sing" })), Incoming::Unknown { name: "sing".to_owned() });
    }

    #[test]
    fn addresses_come_in_every_form() {
        let hook = Some("https://hook".to_owned());
        let one = json!({ "upload_url": "https://a", "webhook_url": "https://hook" });
        assert_eq!(urls(&one), [(0, "https://a".to_owned(), hook.clone())]);
        for many in
            [json!({ "upload_urls": ["https://a", "https://b"] }), json!({ "upload_url": ["https://a", "https://b"] })]
        {
            assert_eq!(urls(&many), [(0, "https://a".to_owned(), None), (1, "https://b".to_owned(), None)]);
        }
        let listed = json!({ "recordings": [{ "stream_index": 2, "upload_url": "https://c" }, {}], "webhook_url": "https://hook" });
        assert_eq!(urls(&listed), [(2, "https://c".to_owned(), hook)]);
        assert_eq!(urls(&json!({})), []);
    }

    proptest! {
        #[test]
        fn foreign_text_never_panics(text in ".{0,200}") {
            let _ = read(&text);
            let _ = read(&json!({ "type": "recording_start", "session_id": text, "data": { "sdp": text } }).to_string());
        }
    }
}
