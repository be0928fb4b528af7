//! Who is here: whom the client met, whom it is introduced to, who left.

use super::{
    super::{card::Card, incoming::Incoming, words},
    Effect, Session,
};
use protocol::{
    ids::{PeerId, RecordingId},
    native::PeerInfo,
    skylink::Generation,
};
use serde_json::{Value, json};

impl Session {
    pub(super) fn welcome(&mut self, relay: bool, peers: &[PeerInfo], recording: Option<RecordingId>) {
        if relay != self.relay {
            return self.dismiss("roomclose", "Media Relay was switched; join again.");
        }
        self.in_room = true;
        self.running = recording;
        for peer in peers {
            self.meet(peer);
        }
        if self.relay {
            let entries: Vec<Value> = peers.iter().map(|peer| self.entry(peer.id, None)).collect();
            self.send(words::welcome(self.generation, self.me, &entries));
        }
        if self.has_views() {
            for peer in peers {
                self.show(peer.id);
            }
        }
    }

    /// Whether the client has a connection for each peer it watches.
    pub(super) fn has_views(&self) -> bool {
        self.relay && self.generation == Generation::Early
    }

    /// Tells of a peer that came. Where it has a connection of its own, the client is made to offer.
    pub(super) fn show(&mut self, peer: PeerId) {
        let mut enter = self.entry(peer, Some(self.me));
        if self.has_views() {
            enter["type"] = "welcome".into();
            enter["weight"] = words::LOSING_WEIGHT.into();
            enter["enableDataChannel"] = false.into();
        }
        self.send(enter);
    }

    /// The cards of those who show one came before.
    pub(super) fn meet(&mut self, peer: &PeerInfo) {
        self.present.insert(peer.id);
        self.roster.entry(peer.id).or_insert_with(|| Card::foreign(&peer.id.to_string(), peer.name.as_ref()));
    }

    fn entry(&self, peer: PeerId, target: Option<PeerId>) -> Value {
        let mut fields = self.roster.get(&peer).map(|card| card.enter.clone()).unwrap_or_default();
        fields.insert("type".into(), "enter".into());
        fields.insert("mid".into(), peer.to_string().into());
        fields.insert("publisherId".into(), peer.to_string().into());
        fields.insert("rid".into(), self.room_key.clone().into());
        if let Some(target) = target {
            fields.insert("target".into(), target.to_string().into());
        }
        Value::Object(fields)
    }

    /// Somebody was introduced to the client who was here before. Who approaches may enter once more; the room has
    /// seen to what that is for.
    pub(super) fn introduced(&mut self, peer: &PeerInfo, approaching: bool) {
        self.meet(peer);
        if approaching && self.generation != Generation::Modern {
            self.send(json!({"type": "approach", "target": peer.id}));
        }
        // Without the relay one of the two must hear of the other first, or both would offer.
        if self.relay || !approaching {
            self.show(peer.id);
        }
    }

    pub(super) fn part(&mut self, peer: PeerId) {
        self.present.remove(&peer);
        let modern = self.generation == Generation::Modern;
        // 2.x clients remember for ever whose line it was, and would take the next one on it for them.
        for media in self.view.media_of(peer).into_iter().filter(|_| modern) {
            self.send(json!({
                "type": "mediaInfoEvent", "mid": peer, "publisherId": peer, "target": self.me, "mediaId": media.media_id,
                "mediaType": media.media_type, "mediaState": "unavailable", "transceiverMid": null,
            }));
        }
        if self.has_views() {
            self.effects.push(Effect::Unwatch(peer));
        }
        self.roster.remove(&peer);
        self.send(json!({"type": "bye", "mid": peer, "publisherId": peer, "target": self.me}));
    }

    /// Clients whose key allows it ask who is in the rooms of their application.
    pub(super) fn list_peers(&mut self, message: &Incoming) {
        if self.key.privileged {
            self.effects.push(Effect::ListPeers { all: message.flag("showAll") });
        }
    }

    /// And introduce peers to each other.
    pub(super) fn introduce(&mut self, message: &Incoming) {
        let peer = |name| message.text(name).and_then(|id| id.parse().ok());
        match (peer("sendingPeerId"), peer("receivingPeerId")) {
            _ if !self.key.privileged => self.refuse_introduction(message, "notPrivileged"),
            (Some(sending), Some(receiving)) => self.effects.push(Effect::Introduce { sending, receiving }),
            _ => self.refuse_introduction(message, "peerNotFound"),
        }
    }

    /// The two are not in one room.
    #[must_use]
    pub fn not_introduced(&mut self, sending: PeerId, receiving: PeerId) -> Vec<Effect> {
        self.introduction_failed(&json!(sending), &json!(receiving), "peerNotFound");
        self.finish()
    }

    fn refuse_introduction(&mut self, message: &Incoming, reason: &str) {
        self.introduction_failed(&message.value("sendingPeerId"), &message.value("receivingPeerId"), reason);
    }

    fn introduction_failed(&mut self, sending: &Value, receiving: &Value, reason: &str) {
        // 2.x clients cannot introduce, and stumble over the answer.
        if self.generation != Generation::Modern {
            self.send(json!({"type": "introduceError", "reason": reason, "sendingPeerId": sending,
                "receivingPeerId": receiving}));
        }
    }
}
