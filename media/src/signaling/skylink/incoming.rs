//! Reads what a client sends. A client is believed nothing about who it is or which room it is in.

use serde::Deserialize;
use serde_json::{Map, Value};

/// Deepest nesting of a message; what applications put into user data and chat comes on top of the envelope.
const DEPTH: usize = 32;
/// Messages that 0.9 clients send in one.
const GROUPED: usize = 16;

/// Types of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    JoinRoom,
    Enter,
    Welcome,
    Offer,
    Answer,
    AnswerAck,
    Candidate,
    EndOfCandidates,
    Restart,
    Bye,
    Group,
    UpdateUserEvent,
    RoomLockEvent,
    Stream,
    MuteAudioEvent,
    MuteVideoEvent,
    MediaInfoEvent,
    Public,
    Private,
    Message,
    StartRecordingRoom,
    StopRecordingRoom,
    GetPeers,
    Introduce,
    #[serde(other)]
    Unknown,
}

/// One message.
#[derive(Debug, Clone)]
pub struct Incoming {
    pub kind: Kind,
    pub fields: Map<String, Value>,
}

/// The text is not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

impl Incoming {
    /// A text field.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str)
    }

    /// A flag; absent is off.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.fields.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// A field as it is, or nothing.
    #[must_use]
    pub fn value(&self, name: &str) -> Value {
        self.fields.get(name).cloned().unwrap_or(Value::Null)
    }
}

/// Reads a text: one message, or as many as a group holds.
///
/// # Errors
/// It is no message; nothing of a group with one such is taken.
pub fn read(text: &str) -> Result<Vec<Incoming>, Malformed> {
    let message = one(text)?;
    if message.kind != Kind::Group {
        return Ok(vec![message]);
    }
    let Some(Value::Array(list)) = message.fields.get("lists") else { return Err(Malformed) };
    if list.len() > GROUPED {
        return Err(Malformed);
    }
    let texts = list.iter().map(|text| one(text.as_str().ok_or(Malformed)?));
    let messages: Vec<Incoming> = texts.collect::<Result<_, _>>()?;
    // A group within a group is nothing a client makes.
    if messages.iter().any(|message| message.kind == Kind::Group) { Err(Malformed) } else { Ok(messages) }
}

fn one(text: &str) -> Result<Incoming, Malformed> {
    let Ok(Value::Object(fields)) = serde_json::from_str(text) else { return Err(Malformed) };
    let kind = fields.get("type").ok_or(Malformed)?;
    let kind = Kind::deserialize(kind).map_err(|_| Malformed)?;
    if fields.values().any(|value| deeper_than(value, DEPTH)) {
        return Err(Malformed);
    }
    Ok(Incoming { kind, fields })
}

fn deeper_than(value: &Value, levels: usize) -> bool {
    let Some(rest) = levels.checked_sub(1) else { return true };
    match value {
        Value::Array(items) => items.iter().any(|item| deeper_than(item, rest)),
        Value::Object(fields) => fields.values().any(|field| deeper_than(field, rest)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn groups_are_taken_apart_in_order() {
        let grouped = serde_json::json!({"type": "group", "mid": "p", "lists": [
            r#"{"type":"muteVideoEvent","muted":true}"#, r#"{"type":"public","data":"a"}"#]});
        let messages = read(&grouped.to_string()).unwrap();
        assert_eq!(
            messages.iter().map(|message| message.kind).collect::<Vec<_>>(),
            [Kind::MuteVideoEvent, Kind::Public]
        );
        assert!(messages[0].flag("muted"));
    }

    #[test]
    fn what_no_client_sends_is_malformed() {
        let group = |text: &str, count| serde_json::json!({"type": "group", "lists": vec![text; count]}).to_string();
        let deep = format!(r#"{{"type":"public","data":{}1{}}}"#, "[".repeat(40), "]".repeat(40));
        for text in [
            "",
            "[]",
            "{}",
            r#"{"type":7}"#,
            &group(r#"{"type":"public"}"#, 17),
            &group(r#"{"type":"group","lists":[]}"#, 1),
            &group("nonsense", 1),
            &deep,
        ] {
            assert_eq!(read(text).unwrap_err(), Malformed, "{text}");
        }
        assert_eq!(read(r#"{"type":"anything"}"#).unwrap()[0].kind, Kind::Unknown);
    }

    proptest! {
        #[test]
        fn foreign_text_never_panics(text in ".{0,200}") {
            let _ = read(&text);
        }
    }
}
