use super::*;
use crate::{
    sfu::Watched,
    signaling::skylink::{incoming::read, notes::Note},
};
use protocol::{
    names::RoomName,
    native::{ByeReason, PeerInfo},
};

const OFFER: &str = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=sendrecv\r\n";
const ROOM: &str = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:c0\r\na=recvonly\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=msid:slot-0 slot-0-audio\r\na=sendonly\r\n";

fn peer(n: u8) -> PeerId {
    PeerId::from_parts(0, [n; 10])
}

/// A client and what it is sent and what it asks.
struct Client(Session);

impl Client {
    fn entering(generation: Generation, relay: bool) -> Self {
        Self::entering_with(generation, relay, KeySettings::default())
    }

    fn entering_with(generation: Generation, relay: bool, key: KeySettings) -> Self {
        let stay = SkylinkStay { generation, room_key: "rk".into(), ends: None, key };
        let mut client = Self(Session::new(peer(1), &stay, relay));
        let enter = json!({"type": "enter", "userInfo": {"userData": "Ann"}, "target": "MCU"});
        assert!(
            matches!(client.says(&enter).as_slice(), [Effect::Join(card)] if card.name().unwrap().as_str() == "Ann")
        );
        client
    }

    fn welcomed(generation: Generation, relay: bool, peers: Vec<PeerInfo>, recording: Option<RecordingId>) -> Self {
        Self::entering(generation, relay).welcome(relay, peers, recording)
    }

    fn welcome(self, relay: bool, peers: Vec<PeerInfo>, recording: Option<RecordingId>) -> Self {
        let mut client = self;
        let room = RoomName::try_from("room".to_owned()).unwrap();
        let sent = client.told(ServerMessage::Welcome { peer: peer(1), room, relay, peers, recording });
        assert_eq!(sent.iter().filter(|message| message["type"] == "welcome").count(), usize::from(relay));
        client
    }

    /// One that has agreed with the room on its own media.
    fn connected(generation: Generation) -> Self {
        let mut client = Self::welcomed(generation, true, vec![], None);
        client.says(&json!({"type": "offer", "sdp": OFFER}));
        client.told(ServerMessage::Answer { sdp: ROOM.into() });
        client.says(&json!({"type": "answerAck", "success": true}));
        client
    }

    fn says(&mut self, message: &Value) -> Vec<Effect> {
        self.0.client(read(&message.to_string()).unwrap().remove(0))
    }

    /// What it is sent when the room says this.
    fn told(&mut self, message: impl Into<RoomMessage>) -> Vec<Value> {
        let effects = self.0.room(message.into());
        effects
            .into_iter()
            .filter_map(|effect| if let Effect::Send(message) = effect { Some(message) } else { None })
            .collect()
    }

    fn asks(effects: &[Effect], wanted: impl Fn(&PeerRequest) -> bool) -> bool {
        effects.iter().any(|effect| matches!(effect, Effect::Ask(request) if wanted(request)))
    }
}

fn joined(n: u8) -> ServerMessage {
    ServerMessage::PeerJoined { peer: PeerInfo { id: peer(n), name: None } }
}

#[test]
fn the_relay_is_met_first_and_names_who_is_there() {
    let mut client = Client::entering(Generation::Modern, true);
    let card = Card::entering(Generation::Modern, "x", json!({"userInfo": {"userData": "Ben"}}).as_object().unwrap());
    assert!(client.told(RoomMessage::Cards(vec![(peer(2), Opaque::new(card))])).is_empty());
    let room = RoomName::try_from("room".to_owned()).unwrap();
    let peers = [2, 3].map(|n| PeerInfo { id: peer(n), name: None }).to_vec();
    let sent = client.told(ServerMessage::Welcome { peer: peer(1), room, relay: true, peers, recording: None });
    assert_eq!(
        (&sent[0]["mid"], &sent[0]["rid"], &sent[0]["enableDataChannel"]),
        (&json!("MCU"), &json!("rk"), &json!(true))
    );
    let there = sent[0]["peersInRoom"].as_array().unwrap();
    assert_eq!(
        (&there[0]["mid"], &there[0]["userInfo"]["userData"], &there[0]["rid"]),
        (&json!(peer(2)), &json!("Ben"), &json!("rk"))
    );
    assert_eq!(there[1]["mid"], json!(peer(3)), "somebody of another protocol");
}

#[test]
fn a_client_that_came_before_its_welcome_is_not_listened_to() {
    let mut client = Client::entering(Generation::Classic, true);
    assert!(client.says(&json!({"type": "startRecordingRoom", "target": "MCU"})).is_empty());
    assert!(client.says(&json!({"type": "enter"})).is_empty(), "it enters once");
}

#[test]
fn others_are_offered_one_exchange_at_a_time_and_acknowledged() {
    let mut client = Client::connected(Generation::Modern);
    client.told(joined(2));
    let watched = Watched { slot: 0, peer: peer(2), audio: Some("a".into()), video: None };
    let asked = client.0.room(RoomMessage::Watching(vec![watched]));
    assert!(Client::asks(&asked, |request| matches!(request, PeerRequest::Describe { with_spare: false })));
    let offer = client.told(RoomMessage::Offer { sdp: ROOM.into() }).remove(0);
    assert_eq!((&offer["weight"], &offer["transceiverIdPeerIdMap"]), (&json!(1_u64 << 32), &json!({"s0": peer(2)})));
    assert_eq!(offer["mediaInfoList"][0]["publisherId"], json!(peer(2)));
    assert_eq!((offer.get("userInfo"), offer.get("publisherId")), (None, None));
    assert!(offer["sdp"].as_str().unwrap().contains("a=sendonly\r\n"));

    // Somebody leaves while the client answers: that goes into the next offer.
    let [forgotten, bye] = client.told(ServerMessage::PeerLeft { peer: peer(2) }).try_into().unwrap();
    assert_eq!((&forgotten["type"], &forgotten["mediaState"]), (&json!("mediaInfoEvent"), &json!("unavailable")));
    assert_eq!((&bye["type"], &bye["publisherId"]), (&json!("bye"), &json!(peer(2))));
    assert!(client.0.room(RoomMessage::Watching(vec![])).is_empty());
    let answered = client.says(&json!({"type": "answer", "sdp": OFFER}));
    assert!(Client::asks(&answered, |request| matches!(request, PeerRequest::Accept { .. })));
    let after = client.0.room(RoomMessage::Accepted);
    assert!(matches!(&after[0], Effect::Ask(PeerRequest::Show(shown)) if shown.len() == 1 && shown[0].peer == peer(2)));
    assert!(matches!(&after[1], Effect::Send(ack) if ack["type"] == "answerAck" && ack["target"] == json!(peer(1))));
    assert!(Client::asks(&after, |request| matches!(request, PeerRequest::Describe { with_spare: false })));
    assert_eq!(client.told(RoomMessage::Offer { sdp: ROOM.into() })[0]["transceiverIdPeerIdMap"], json!({}));
}

#[test]
fn what_an_offer_that_crossed_was_to_send_is_asked_for_next() {
    let mut client = Client::connected(Generation::Modern);
    client.told(joined(2));
    let watched = Watched { slot: 0, peer: peer(2), audio: Some("a".into()), video: None };
    client.0.room(RoomMessage::Watching(vec![watched]));
    client.told(RoomMessage::Offer { sdp: ROOM.into() });

    let new = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:3\r\na=sendonly\r\n";
    let crossing = format!("{OFFER}m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:s0\r\na=sendrecv\r\n{new}");
    assert!(client.says(&json!({"type": "offer", "sdp": crossing})).is_empty(), "the node's offer stands");
    let answered = client.says(&json!({"type": "answer", "sdp": OFFER}));
    assert!(Client::asks(&answered, |request| matches!(request, PeerRequest::Accept { .. })));
    let after = client.0.room(RoomMessage::Accepted);
    assert!(Client::asks(&after, |request| matches!(request, PeerRequest::Describe { with_spare: true })));

    let spare = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=msid:slot-1 slot-1-video\r\na=sendonly\r\n";
    let offer = client.told(RoomMessage::Offer { sdp: format!("{ROOM}{spare}") }).remove(0);
    let sections: Vec<&str> = offer["sdp"].as_str().unwrap().split("m=").collect();
    assert!(sections[2].contains("a=mid:s0\r\n") && sections[2].contains("a=sendrecv\r\n"), "{offer}");
    assert!(sections[3].contains("a=mid:s1\r\n") && sections[3].contains("a=recvonly\r\n"), "{offer}");
}

#[test]
fn answers_hide_their_directions_from_clients_that_spoil_them() {
    for (generation, direction) in [(Generation::Classic, "a=recvonly \r\n"), (Generation::Modern, "a=recvonly\r\n")] {
        let mut client = Client::welcomed(generation, true, vec![], None);
        let offered = client.says(&json!({"type": "offer", "sdp": OFFER, "mid": "forged"}));
        let expected = |request: &PeerRequest| matches!(request, PeerRequest::Client(ClientMessage::Offer { sdp }) if sdp.contains("a=mid:c0"));
        assert!(Client::asks(&offered, expected));
        let answer = client.told(ServerMessage::Answer { sdp: ROOM.into() }).remove(0);
        assert!(answer["sdp"].as_str().unwrap().contains(direction), "{answer}");
    }
}

#[test]
fn a_late_client_learns_of_the_recording_once_it_is_connected() {
    let recording = RecordingId::from_parts(1, [7; 10]);
    let mut client = Client::welcomed(Generation::Classic, true, vec![], Some(recording));
    client.says(&json!({"type": "offer", "sdp": OFFER}));
    assert_eq!(client.told(ServerMessage::Answer { sdp: ROOM.into() }).len(), 1);
    let effects = client.says(&json!({"type": "answerAck", "success": true}));
    assert!(matches!(&effects[0], Effect::Send(on) if on["action"] == "on" && on["recordingId"] == json!(recording)));
}

#[test]
fn the_target_of_a_private_message_is_a_peer_and_the_sender_is_whom_the_room_knows() {
    let mut client = Client::connected(Generation::Classic);
    let sent = client.says(&json!({"type": "private", "mid": "forged", "target": peer(2), "data": 1}));
    assert!(Client::asks(&sent, |request| matches!(request, PeerRequest::Tell { to: Some(to), .. } if *to == peer(2))));
    assert!(client.says(&json!({"type": "private", "target": "everybody", "data": 1})).is_empty());

    let note = RoomMessage::Note {
        from: peer(2),
        note: Opaque::new(Note::Chat { private: false, data: json!("hi"), secret: None, secure: false }),
    };
    assert!(client.told(note.clone()).is_empty(), "nobody of that name was met");
    client.told(joined(2));
    let heard = client.told(note).remove(0);
    assert_eq!((&heard["mid"], &heard["data"], &heard["rid"]), (&json!(peer(2)), &json!("hi"), &json!("rk")));
}

#[test]
fn without_the_relay_signaling_passes_between_two_peers_only() {
    let mut client = Client::welcomed(Generation::Modern, false, vec![], None);
    let sent = client.says(&json!({"type": "offer", "target": peer(2), "sdp": "x"}));
    assert!(Client::asks(&sent, |request| matches!(request, PeerRequest::Tell { to: Some(to), .. } if *to == peer(2))));
    client.told(joined(2));
    let fields = json!({"type": "answer", "mid": "forged", "target": "forged", "rid": "forged", "sdp": "y"});
    let note = Opaque::new(Note::Direct(fields.as_object().unwrap().clone()));
    let heard = client.told(RoomMessage::Note { from: peer(2), note }).remove(0);
    assert_eq!(heard, json!({"type": "answer", "mid": peer(2), "target": peer(1), "rid": "rk", "sdp": "y"}));
    let recording = client.says(&json!({"type": "startRecordingRoom", "target": "REC_SRV"}));
    assert!(recording.is_empty(), "there is no such server");
}

#[test]
fn whoever_has_to_go_is_told_why_in_words_it_knows() {
    let mut client = Client::connected(Generation::Classic);
    let effects = client.0.room(ServerMessage::Bye { reason: ByeReason::Replaced }.into());
    let [Effect::Send(redirect), Effect::End] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!((&redirect["action"], &redirect["reason"]), (&json!("reject"), &json!("duplicatedLogin")));
    let mut client = Client::entering(Generation::Classic, true);
    let room = RoomName::try_from("room".to_owned()).unwrap();
    let switched = ServerMessage::Welcome { peer: peer(1), room, relay: false, peers: vec![], recording: None };
    assert_eq!(client.told(switched)[0]["reason"], "roomclose");
}

#[test]
fn only_who_came_with_a_privileged_key_lists_and_introduces() {
    let (list, introduce) = (
        json!({"type": "getPeers", "showAll": true, "isPrivileged": true}),
        json!({"type": "introduce", "sendingPeerId": peer(2), "receivingPeerId": peer(3)}),
    );
    let mut client = Client::connected(Generation::Classic);
    assert!(client.says(&list).is_empty());
    let effects = client.says(&introduce);
    let [Effect::Send(error)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!((&error["type"], &error["reason"]), (&json!("introduceError"), &json!("notPrivileged")));
    assert!(Client::connected(Generation::Modern).says(&introduce).is_empty(), "2.x stumbles over the answer");

    let key = KeySettings { privileged: true, ..KeySettings::default() };
    let mut client = Client::entering_with(Generation::Classic, true, key).welcome(true, vec![], None);
    assert!(matches!(client.says(&list).as_slice(), [Effect::ListPeers { all: true }]));
    let effects = client.says(&introduce);
    let [Effect::Introduce { sending, receiving }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!((*sending, *receiving), (peer(2), peer(3)));
    let failed = client.0.not_introduced(peer(2), peer(3));
    assert!(matches!(failed.as_slice(), [Effect::Send(error)] if error["reason"] == "peerNotFound"));
}

#[test]
fn who_is_introduced_is_met_and_who_approaches_is_told_so() {
    let introduced = |approaching| RoomMessage::Introduced { peer: PeerInfo { id: peer(2), name: None }, approaching };
    let kinds = |generation, relay, approaching| {
        let mut client = Client::welcomed(generation, relay, vec![], None);
        let sent = client.told(introduced(approaching));
        sent.iter().map(|message| message["type"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(kinds(Generation::Classic, true, true), ["approach", "enter"]);
    assert_eq!(kinds(Generation::Modern, true, true), ["enter"]);
    assert_eq!(kinds(Generation::Early, true, true), ["approach", "welcome"]);
    assert_eq!(kinds(Generation::Classic, true, false), ["enter"]);
    assert_eq!(kinds(Generation::Modern, false, false), ["enter"]);
    assert!(kinds(Generation::Modern, false, true).is_empty(), "it hears of the other by its offer");
}

#[test]
fn the_link_is_a_message_for_those_whose_key_wants_it() {
    let recording = Some(RecordingId::from_parts(1, [7; 10]));
    let link = ServerMessage::RecordingState {
        state: RecordingSignal::Link,
        recording,
        url: Some("https://link".into()),
        error: None,
    };
    let key = KeySettings { link_messages: true, ..KeySettings::default() };
    let mut client = Client::entering_with(Generation::Modern, true, key).welcome(true, vec![], None);
    let message = client.told(link.clone()).remove(0);
    assert_eq!((&message["type"], &message["mid"], &message["rid"]), (&json!("public"), &json!("MCU"), &json!("rk")));
    assert_eq!(message["data"], json!({"type": "recordingLink", "recordingId": recording, "url": "https://link"}));
    assert!(Client::connected(Generation::Modern).told(link).is_empty());
}
