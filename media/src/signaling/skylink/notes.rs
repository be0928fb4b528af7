//! What peers tell each other in one room: taken from one generation's words, put into another's.

use super::{
    card::{Card, MediaInfo},
    incoming::{Incoming, Kind},
};
use protocol::{ids::PeerId, skylink::Generation};
use serde_json::{Map, Value, json};

/// One thing a peer tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Note {
    Chat {
        private: bool,
        data: Value,
        /// Encrypted by the application's secret; 2.x names which.
        secret: Option<Value>,
        secure: bool,
    },
    UserData {
        data: Value,
        stamp: Value,
    },
    Lock(bool),
    Media(MediaInfo),
    StreamEnded {
        from: Generation,
        fields: Map<String, Value>,
    },
    /// Without the relay: signaling between two peers, unread.
    Direct(Map<String, Value>),
}

/// What a message says to others, and to whom if not to all. `card` is that of the sender and follows what it says.
#[must_use]
pub fn note(message: &Incoming, card: &mut Card) -> Option<Note> {
    match message.kind {
        Kind::Public | Kind::Private | Kind::Message => Some(Note::Chat {
            private: message.kind == Kind::Private || message.text("target").is_some(),
            data: message.value("data"),
            secret: message.fields.get("secretId").cloned(),
            secure: message.flag("isSecure"),
        }),
        Kind::UpdateUserEvent => {
            card.set_user_data(message.value("userData"));
            Some(Note::UserData { data: message.value("userData"), stamp: message.value("stamp") })
        }
        Kind::RoomLockEvent => Some(Note::Lock(message.flag("lock"))),
        Kind::MuteAudioEvent | Kind::MuteVideoEvent => {
            let audio = message.kind == Kind::MuteAudioEvent;
            let info = card.media.iter_mut().find(|info| info.is_audio() == audio)?;
            info.media_state = if message.flag("muted") { "muted" } else { "active" }.to_owned();
            Some(Note::Media(info.clone()))
        }
        Kind::MediaInfoEvent => {
            let told = super::card::listed(&json!([message.fields])).pop()?;
            match card.media.iter_mut().find(|info| info.media_id == told.media_id) {
                Some(known) => known.clone_from(&told),
                None => return None,
            }
            Some(Note::Media(told))
        }
        Kind::Stream => Some(Note::StreamEnded { from: card.generation, fields: message.fields.clone() }),
        _ => None,
    }
}

impl Note {
    /// The message for a client of this generation, without what every message has. `line` finds the client's media
    /// line of a medium.
    #[must_use]
    pub fn written(
        &self,
        from: PeerId,
        reader: Generation,
        line: impl FnOnce(&MediaInfo) -> Option<String>,
    ) -> Option<Value> {
        let modern = reader == Generation::Modern;
        Some(match self {
            // Only 2.x can look a secret up.
            Self::Chat { secret: Some(_), .. } if !modern => return None,
            Self::Chat { private, data, secret: None, secure } => {
                json!({"type": if *private { "private" } else { "public" }, "data": data, "isSecure": secure})
            }
            Self::Chat { data, secret: Some(secret), .. } => {
                json!({"type": "message", "data": data, "secretId": secret})
            }
            Self::UserData { data, stamp } => {
                let data = match data {
                    // 2.x reads a text and nothing else.
                    Value::String(_) => data.clone(),
                    other if modern => Value::String(other.to_string()),
                    other => other.clone(),
                };
                json!({"type": "updateUserEvent", "userData": data, "stamp": stamp})
            }
            Self::Lock(lock) => json!({"type": "roomLockEvent", "lock": lock}),
            Self::Media(info) if modern => json!({
                "type": "mediaInfoEvent", "publisherId": from, "mediaId": info.media_id, "mediaType": info.media_type,
                "mediaState": info.media_state, "transceiverMid": line(info)?, "mediaMetaData": "", "simulcast": "",
            }),
            Self::Media(info) => {
                let kind = if info.is_audio() { "muteAudioEvent" } else { "muteVideoEvent" };
                json!({"type": kind, "muted": info.media_state == "muted"})
            }
            Self::StreamEnded { from, fields } => {
                // What a stream is differs between generations.
                let alike =
                    (*from == Generation::Modern) == modern && fields.get("settings").is_some_and(Value::is_object);
                return alike.then(|| Value::Object(fields.clone()));
            }
            Self::Direct(fields) => Value::Object(fields.clone()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signaling::skylink::incoming::read;

    fn peer() -> PeerId {
        PeerId::from_parts(0, [1; 10])
    }

    fn told(message: &Value, card: &mut Card) -> Note {
        note(&read(&message.to_string()).unwrap()[0], card).unwrap()
    }

    #[test]
    fn chat_reaches_every_generation_except_what_it_could_not_decrypt() {
        let mut card = Card::foreign("p1", None);
        let note = told(&json!({"type": "message", "data": "hi"}), &mut card);
        let classic = note.written(peer(), Generation::Classic, |_| None).unwrap();
        assert_eq!((&classic["type"], &classic["data"]), (&json!("public"), &json!("hi")));
        let note = told(&json!({"type": "message", "data": "x", "target": "p2", "secretId": "s"}), &mut card);
        assert_eq!(note.written(peer(), Generation::Classic, |_| None), None);
        assert_eq!(note.written(peer(), Generation::Modern, |_| None).unwrap()["secretId"], "s");
    }

    #[test]
    fn user_data_is_text_for_the_newest_clients_only() {
        let mut card = Card::foreign("p1", None);
        let note = told(&json!({"type": "updateUserEvent", "userData": {"a": 1}, "stamp": 5}), &mut card);
        let of = |generation| note.written(peer(), generation, |_| None).unwrap()["userData"].clone();
        assert_eq!([of(Generation::Modern), of(Generation::Early)], [json!(r#"{"a":1}"#), json!({"a": 1})]);
        assert_eq!(card.enter["userInfo"]["userData"], json!({"a": 1}));
    }

    #[test]
    fn muting_is_understood_both_ways() {
        let mut card = Card::foreign("p1", None);
        let note = told(&json!({"type": "muteVideoEvent", "muted": true}), &mut card);
        assert_eq!(card.medium(false, "").unwrap().media_state, "muted");
        let modern = note.written(peer(), Generation::Modern, |_| Some("s1".into())).unwrap();
        assert_eq!((&modern["mediaId"], &modern["mediaState"]), (&json!("VIDEO_p1-video"), &json!("muted")));
        assert_eq!(note.written(peer(), Generation::Modern, |_| None), None, "nothing of a line nobody has");
        let classic = note.written(peer(), Generation::Classic, |_| None).unwrap();
        assert_eq!((&classic["type"], &classic["muted"]), (&json!("muteVideoEvent"), &json!(true)));
    }
}
