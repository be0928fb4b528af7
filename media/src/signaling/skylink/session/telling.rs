//! What peers tell each other through the room, and what the room tells of its recording.

use super::{
    super::{
        incoming::Incoming,
        notes::{self, Note},
        recording::{self, News},
        words,
    },
    Effect, Session,
};
use crate::sfu::{Opaque, PeerRequest};
use protocol::ids::PeerId;
use serde_json::Value;

impl Session {
    pub(super) fn tell(&mut self, message: &Incoming) {
        let Some(card) = &mut self.card else { return };
        let Some(note) = notes::note(message, card) else { return };
        if let Note::Lock(lock) = note {
            self.effects.push(Effect::Ask(PeerRequest::Lock(lock)));
        }
        if matches!(note, Note::UserData { .. } | Note::Media(_)) {
            self.effects.push(Effect::Ask(PeerRequest::ShowCard(Opaque::new(card.clone()))));
        }
        let to = match &note {
            // The relay is named as the target of what is for everybody.
            Note::Chat { private: true, .. } => match message.text("target").and_then(|target| target.parse().ok()) {
                Some(target) => Some(target),
                None => return,
            },
            _ => None,
        };
        self.effects.push(Effect::Ask(PeerRequest::Tell { to, note: Opaque::new(note) }));
    }

    pub(super) fn direct(&mut self, message: Incoming) {
        let Some(to) = message.text("target").and_then(|target| target.parse().ok()) else { return };
        let note = Opaque::new(Note::Direct(message.fields));
        self.effects.push(Effect::Ask(PeerRequest::Tell { to: Some(to), note }));
    }

    pub(super) fn told(&mut self, from: PeerId, note: &Opaque) {
        let (Some(note), true) = (note.read::<Note>(), self.present.contains(&from)) else { return };
        let written = note.written(from, self.generation, |info| self.view.line(from, &info.media_id));
        if let Some(Value::Object(mut fields)) = written {
            fields.insert("mid".into(), from.to_string().into());
            fields.insert("target".into(), self.me.to_string().into());
            self.send(Value::Object(fields));
        }
    }

    pub(super) fn recording(&mut self, news: &News) {
        for event in recording::written(news, self.generation, &mut self.refusals) {
            self.send(words::from_relay(event));
        }
        if self.key.link_messages
            && let Some(message) = recording::link_message(news, self.generation)
        {
            self.send(words::from_relay(message));
        }
    }
}
