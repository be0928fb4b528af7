//! One client's stay in one room: a message comes in, from the client or from the room, and effects come out. It knows
//! neither sockets nor time.

use super::{
    card::{Card, listed},
    incoming::{Incoming, Kind},
    negotiation::{Manners, Negotiation},
    recording::News,
    sdp::{self, Writing},
    view::{Roster, View},
    words,
};
use crate::sfu::{Opaque, PeerRequest, RoomMessage};
use protocol::{
    ids::{PeerId, RecordingId},
    native::{ClientMessage, ErrorCode, RecordingSignal, ServerMessage},
    skylink::{Generation, KeySettings, MCU, SkylinkStay},
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The recording server of peer-to-peer rooms, which we have none of.
const RECORDING_SERVER: &str = "REC_SRV";

/// What is to be done.
#[derive(Debug)]
pub enum Effect {
    /// Send this to the client.
    Send(Value),
    /// Enter the room.
    Join(Card),
    /// Ask this of the room.
    Ask(PeerRequest),
    /// Early clients: pass an offer to the view of a peer, or close that.
    Watch(PeerId, String),
    Unwatch(PeerId),
    /// Tell the client who is in the rooms of its application; `all`: those of privileged keys, too.
    ListPeers {
        all: bool,
    },
    /// Make two peers known to each other, wherever in the application they are.
    Introduce {
        sending: PeerId,
        receiving: PeerId,
    },
    /// The stay is over.
    End,
}

/// One stay.
#[derive(Debug)]
pub struct Session {
    me: PeerId,
    generation: Generation,
    room_key: String,
    /// What the client was told by the room server.
    relay: bool,
    key: KeySettings,
    /// What the others see of this client, once it has entered.
    card: Option<Card>,
    in_room: bool,
    roster: Roster,
    present: BTreeSet<PeerId>,
    negotiation: Negotiation,
    view: View,
    /// On which media lines the client sends, by its latest offer, or is asked to send.
    sends: BTreeMap<String, bool>,
    /// The client has something to send and no line for it.
    needs_line: bool,
    /// To be told once the client is connected.
    running: Option<RecordingId>,
    refusals: u64,
    effects: Vec<Effect>,
}

impl Session {
    #[must_use]
    pub fn new(me: PeerId, stay: &SkylinkStay, relay: bool) -> Self {
        let SkylinkStay { generation, ref room_key, key, .. } = *stay;
        Self {
            me,
            generation,
            room_key: room_key.clone(),
            relay,
            key,
            card: None,
            in_room: false,
            roster: Roster::new(),
            present: BTreeSet::new(),
            negotiation: Negotiation::new(manners(generation)),
            view: View::new(generation),
            sends: BTreeMap::new(),
            needs_line: false,
            running: None,
            refusals: 0,
            effects: Vec::new(),
        }
    }

    /// Whether the client owes the answer to a description.
    #[must_use]
    pub fn awaits_client(&self) -> bool {
        self.negotiation.awaits_client()
    }

    /// Handles a message of the client.
    pub fn client(&mut self, message: Incoming) -> Vec<Effect> {
        match message.kind {
            Kind::Enter => self.enter(&message),
            _ if !self.in_room => {}
            Kind::Bye => self.effects.push(Effect::End),
            Kind::StartRecordingRoom if message.text("target") != Some(RECORDING_SERVER) => {
                self.ask(ClientMessage::StartRecording);
            }
            Kind::StopRecordingRoom => self.ask(ClientMessage::StopRecording),
            Kind::GetPeers => self.list_peers(&message),
            Kind::Introduce => self.introduce(&message),
            _ if words::is_direct(&message) && !self.relay => self.direct(message),
            Kind::Offer => self.client_offers(&message),
            Kind::Answer => self.client_answers(&message),
            Kind::AnswerAck => self.client_acknowledges(&message),
            _ => self.tell(&message),
        }
        self.finish()
    }

    /// Handles a message of the room.
    pub fn room(&mut self, message: RoomMessage) -> Vec<Effect> {
        match message {
            RoomMessage::Client(message) => self.server(message),
            RoomMessage::Offer { sdp } => self.room_offers(&sdp),
            RoomMessage::Accepted => {
                self.view.taken();
                self.show_known();
                self.negotiation.accepted();
                self.send(words::answer_ack());
            }
            RoomMessage::Watching(_) if self.has_views() => {}
            RoomMessage::Watching(watched) => {
                self.view.want(watched);
                self.negotiation.want();
            }
            RoomMessage::Cards(cards) => {
                for (peer, card) in cards {
                    if let Some(card) = card.read::<Card>() {
                        self.roster.insert(peer, (*card).clone());
                    }
                }
            }
            RoomMessage::Introduced { peer, approaching } => self.introduced(&peer, approaching),
            RoomMessage::Note { from, note } => self.told(from, &note),
            // Asked for by other front doors only.
            RoomMessage::NoMedia { .. } => {}
        }
        self.finish()
    }

    fn finish(&mut self) -> Vec<Effect> {
        if self.negotiation.begin() {
            self.effects.push(Effect::Ask(PeerRequest::Describe { with_spare: self.needs_line }));
        }
        std::mem::take(&mut self.effects)
    }

    fn enter(&mut self, message: &Incoming) {
        if self.card.is_some() {
            return;
        }
        let card = Card::entering(self.generation, &self.me.to_string(), &message.fields);
        self.card = Some(card.clone());
        self.effects.push(Effect::Join(card));
    }

    fn server(&mut self, message: ServerMessage) {
        match message {
            ServerMessage::Welcome { relay, peers, recording, .. } => self.welcome(relay, &peers, recording),
            ServerMessage::PeerJoined { peer } => {
                self.meet(&peer);
                self.show(peer.id);
            }
            ServerMessage::PeerLeft { peer } => self.part(peer),
            ServerMessage::Answer { sdp } => self.room_answers(&sdp),
            ServerMessage::RecordingState { state, recording, url, error } => {
                self.recording(&News { state, recording, url, error });
            }
            ServerMessage::Error { code, fatal, message } => {
                if fatal || code == ErrorCode::InvalidDescription {
                    self.dismiss(words::reason_of(code), &message);
                }
            }
            ServerMessage::Bye { reason } => {
                let (code, info) = words::farewell(reason);
                self.dismiss(code, info);
            }
            // Offers are made for what is watched, which always follows; and only native clients signal natively.
            ServerMessage::Negotiate { .. } | ServerMessage::Subscriptions { .. } | ServerMessage::Signal { .. } => {}
        }
    }

    fn client_offers(&mut self, message: &Incoming) {
        let Some(sdp) = message.text("sdp").filter(|_| self.relay) else { return };
        let target = message.text("target").and_then(|target| target.parse().ok());
        if let Some(peer) = target.filter(|peer| self.has_views() && self.present.contains(peer)) {
            return self.effects.push(Effect::Watch(peer, sdp::tidied(sdp)));
        }
        let read = sdp::from_client(sdp);
        if !self.negotiation.client_offers() {
            return self.crossed(read.sends);
        }
        self.take_media(message);
        (self.sends, self.needs_line) = (read.sends, false);
        self.ask(ClientMessage::Offer { sdp: read.sdp });
    }

    fn room_answers(&mut self, sdp: &str) {
        if self.negotiation.room_answers() {
            self.view.answer();
            self.show_known();
            self.describe("answer", sdp);
            // Early clients do not say that they have it.
            if self.has_views() {
                self.settled();
            }
        }
    }

    fn client_acknowledges(&mut self, message: &Incoming) {
        if !message.flag("success") {
            return self.dismiss("serverError", "The session description could not be used.");
        }
        self.settled();
    }

    /// The client's own media are agreed.
    fn settled(&mut self) {
        self.negotiation.client_acknowledges();
        if let Some(recording) = self.running.take() {
            self.recording(&News { state: RecordingSignal::Start, recording: Some(recording), url: None, error: None });
        }
    }

    fn room_offers(&mut self, sdp: &str) {
        if !self.negotiation.room_offers() {
            return;
        }
        let lines = sdp::slot_lines(sdp);
        self.hand_out_spare(&lines);
        if self.view.offer(&lines, &self.roster) {
            self.negotiation.want();
        }
        self.show_known();
        self.describe("offer", sdp);
    }

    fn show_known(&mut self) {
        if !self.has_views() {
            self.effects.push(Effect::Ask(PeerRequest::Show(self.view.known())));
        }
    }

    fn client_answers(&mut self, message: &Incoming) {
        let Some(sdp) = message.text("sdp") else { return };
        if self.negotiation.client_answers() {
            self.take_media(message);
            let sdp = sdp::from_client(sdp).sdp;
            self.effects.push(Effect::Ask(PeerRequest::Accept { sdp }));
        }
    }

    /// 2.x clients list their media with every description.
    fn take_media(&mut self, message: &Incoming) {
        let (Some(list), Some(card)) = (message.fields.get("mediaInfoList"), &mut self.card) else { return };
        let media = listed(list);
        if self.generation == Generation::Modern && media != card.media {
            card.media = media;
            let card = Opaque::new(card.clone());
            self.effects.push(Effect::Ask(PeerRequest::ShowCard(card)));
        }
    }

    fn describe(&mut self, kind: &str, sdp: &str) {
        let answering = kind == "answer";
        let writing = Writing {
            streams: &self.view.streams(),
            sends: &self.sends,
            answering,
            hide_directions: answering && self.generation != Generation::Modern,
        };
        let sdp = sdp::for_client(sdp, &writing);
        self.send(json!({
            "type": kind, "mid": MCU, "target": self.me, "sdp": sdp, "weight": words::offer_weight(manners(self.generation)),
            "transceiverIdPeerIdMap": self.view.peers(), "mediaInfoList": self.view.media(&self.roster),
        }));
    }

    fn dismiss(&mut self, reason: &str, info: &str) {
        self.send(words::rejection(&self.me.to_string(), reason, info));
        self.effects.push(Effect::End);
    }

    fn ask(&mut self, message: ClientMessage) {
        self.effects.push(Effect::Ask(message.into()));
    }

    /// Every message names the room: 2.x clients drop those that do not.
    fn send(&mut self, mut message: Value) {
        message["rid"] = self.room_key.clone().into();
        if matches!(message["type"].as_str(), Some("answerAck")) {
            message["target"] = self.me.to_string().into();
        }
        self.effects.push(Effect::Send(message));
    }
}

/// Only 2.x clients give way when they are told to.
fn manners(generation: Generation) -> Manners {
    match generation {
        Generation::Modern => Manners::Impolite,
        Generation::Classic | Generation::Early => Manners::Polite,
    }
}

mod crossing;
mod presence;
mod telling;
#[cfg(test)]
mod tests;
