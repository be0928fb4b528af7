//! Messages of the relay that say the same to everybody, and the reasons clients know.

use super::{
    incoming::{Incoming, Kind},
    negotiation::Manners,
};
use crate::sfu::Attendance;
use protocol::{
    ids::PeerId,
    native::{ByeReason, ErrorCode},
    skylink::{Generation, MCU},
};
use serde_json::{Value, json};

/// A client never gives way to this weight when offers cross.
pub const LOSING_WEIGHT: i64 = -1;
/// A client always gives way to this one: it is above every tie-breaker.
const WINNING_WEIGHT: i64 = 1 << 32;

/// The weight of an offer.
#[must_use]
pub const fn offer_weight(manners: Manners) -> i64 {
    match manners {
        Manners::Polite => LOSING_WEIGHT,
        Manners::Impolite => WINNING_WEIGHT,
    }
}

/// What the room says first, before it tells of anybody else.
#[must_use]
pub fn welcome(generation: Generation, to: PeerId, peers_in_room: &[Value]) -> Value {
    let modern = generation == Generation::Modern;
    json!({
        "type": "welcome", "mid": MCU, "target": to, "agent": "Skylink MCU", "version": "1.0.0", "os": "linux",
        "weight": LOSING_WEIGHT, "enableIceTrickle": true, "enableIceRestart": true,
        // 2.x clients cannot leave without a data channel; the others do better without.
        "enableDataChannel": modern,
        "receiveOnly": false, "SMProtocolVersion": if modern { "2.1.0" } else { "0.1.2.4" },
        "DTProtocolVersion": "0.1.3", "temasysPluginVersion": null,
        "userInfo": {"userData": "", "settings": {}, "mediaStatus": {}},
        "peersInRoom": peers_in_room,
    })
}

/// What a client gets that has joined. `turn_host` is any host: 0.9 clients make no connection without a TURN server.
#[must_use]
pub fn in_room(me: &str, room_key: &str, tie_breaker: u32, turn_host: &str) -> Value {
    let server = json!({"url": format!("turn:none@{turn_host}"), "credential": "none"});
    json!({
        "type": "inRoom", "sid": me, "mid": me, "rid": room_key, "tieBreaker": tie_breaker,
        "pc_config": {"iceServers": [server]},
    })
}

/// The client's answer is in force; the target is added.
#[must_use]
pub fn answer_ack() -> Value {
    json!({"type": "answerAck", "mid": MCU, "success": true})
}

/// Said by the relay.
#[must_use]
pub fn from_relay(mut message: Value) -> Value {
    message["mid"] = MCU.into();
    message
}

/// The client is out; the room key is added.
#[must_use]
pub fn rejection(me: &str, reason: &str, info: &str) -> Value {
    json!({"type": "redirect", "mid": me, "action": "reject", "reason": reason, "info": info})
}

/// Peers by room; `all`: those of privileged keys, too.
#[must_use]
pub fn peer_list(rooms: &[Attendance], all: bool) -> Value {
    let listed = |room: &Attendance| {
        let peers = room.peers.iter().filter(|(_, privileged)| all || !privileged);
        let peers: Vec<String> = peers.map(|(peer, _)| peer.to_string()).collect();
        (!peers.is_empty()).then(|| (room.room.to_string(), Value::from(peers)))
    };
    json!({"type": "peerList", "result": Value::Object(rooms.iter().filter_map(listed).collect())})
}

/// The clients' word for a refusal.
#[must_use]
pub fn reason_of(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::RoomLocked => "locked",
        ErrorCode::TokenExpired => "oldTimeStamp",
        ErrorCode::InvalidToken => "credentialError",
        ErrorCode::TooManyMessages => "fastmsg",
        _ => "serverError",
    }
}

/// The clients' word for a good-bye, and a sentence.
#[must_use]
pub fn farewell(reason: ByeReason) -> (&'static str, &'static str) {
    match reason {
        ByeReason::RelayChanged => ("roomclose", "Media Relay was switched; join again."),
        ByeReason::KeyRevoked => ("keyFailed", "The app key was revoked."),
        ByeReason::RoomEnded => ("roomclose", "The room was ended."),
        ByeReason::Removed => ("serverError", "You were removed from the room."),
        ByeReason::Replaced => ("duplicatedLogin", "The same credentials joined again."),
        ByeReason::ConnectionLost => ("serverError", "The media connection was lost."),
        ByeReason::Shutdown => ("toclose", "The media node stops; join again."),
    }
}

/// Whether this is between two peers that connect to each other.
#[must_use]
pub fn is_direct(message: &Incoming) -> bool {
    use Kind::{Answer, AnswerAck, Candidate, EndOfCandidates, Offer, Restart, Welcome};
    matches!(message.kind, Welcome | Offer | Answer | AnswerAck | Candidate | EndOfCandidates | Restart)
}
