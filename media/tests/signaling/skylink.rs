//! The front door for Skylink clients, as a program finds it that says what no client would say.

use crate::door::{Door, HOST, PATIENCE, SECRET, Socket, join_claims, peer_id, signed};
use futures_util::{SinkExt as _, StreamExt as _};
use media::{clock, signaling::Limits};
use protocol::skylink::{Generation, KeySettings, SkylinkClaims, SkylinkStay};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};
use tokio_tungstenite::tungstenite::Message;

/// How genuine clients open their socket: Socket.IO protocol 4 over Engine.IO 3.
const OLD: &str = "/socket.io/?EIO=3&transport=websocket";
/// How those of today do: protocol 5 over Engine.IO 4.
const NEW: &str = "/socket.io/?EIO=4&transport=websocket";

/// A socket in the protocol of the clients, whose connection is complete.
async fn socket(door: &Door) -> Client {
    let mut client = Client(door.web_socket(OLD).await);
    assert!(client.packet().await.expect("an opening").starts_with('0'));
    assert_eq!(client.packet().await.as_deref(), Some("40"));
    client
}

async fn joined(door: &Door, peer: u8, room: &str) -> Client {
    joined_with(door, claims(peer, room)).await
}

async fn joined_with(door: &Door, claims: SkylinkClaims) -> Client {
    let mut client = socket(door).await;
    client.joins(&claims).await;
    client
}

struct Client(Socket);

impl Client {
    async fn packet(&mut self) -> Option<String> {
        loop {
            match timeout(PATIENCE, self.0.next()).await.expect("something in time") {
                // Since protocol 5 it is the server who asks whether the other is there, at any time.
                Some(Ok(Message::Text(text))) if text.as_str() == "2" => {
                    self.0.send(Message::text("3")).await.unwrap();
                }
                Some(Ok(Message::Text(text))) => return Some(text.as_str().to_owned()),
                Some(Ok(Message::Ping(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                other => panic!("{other:?}"),
            }
        }
    }

    async fn joins(&mut self, claims: &SkylinkClaims) {
        let (me, room) = (claims.join.sub, &claims.skylink.room_key);
        self.says(&joining(claims)).await;
        let in_room = self.hears("inRoom").await;
        assert_eq!((&in_room["sid"], &in_room["rid"]), (&json!(me), &json!(room)));
        let servers = &in_room["pc_config"]["iceServers"];
        assert!(servers[0]["url"].as_str().unwrap().ends_with(&format!("@{HOST}")), "{servers}");
        self.says(
            &json!({"type": "enter", "rid": room, "target": "MCU", "mid": "forged", "userInfo": {"userData": "x"}}),
        )
        .await;
        assert_eq!(self.hears("welcome").await["mid"], "MCU");
    }

    async fn says(&mut self, message: &Value) {
        self.0.send(Message::text(said(message))).await.unwrap();
    }

    /// The next message of this type; others are passed over. Every message names a room.
    async fn hears(&mut self, kind: &str) -> Value {
        loop {
            let packet = self.packet().await.expect("still connected");
            let Some(message) = heard(&packet) else { continue };
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// Why it has to go; and then it is gone.
    async fn rejected(&mut self) -> String {
        let redirect = self.hears("redirect").await;
        assert_eq!(redirect["action"], "reject");
        while self.packet().await.is_some_and(|packet| packet != "41") {}
        redirect["reason"].as_str().unwrap().to_owned()
    }
}

/// A message as it is sent.
fn said(message: &Value) -> String {
    format!("42{}", json!(["message", message.to_string()]))
}

/// What a packet says, if it is a message.
fn heard(packet: &str) -> Option<Value> {
    let event: (String, String) = serde_json::from_str(packet.strip_prefix("42")?).unwrap();
    let message: Value = serde_json::from_str(&event.1).unwrap();
    assert!(message["rid"].is_string(), "{message}");
    Some(message)
}

fn joining(claims: &SkylinkClaims) -> Value {
    let token = signed(claims, &SECRET);
    let room = &claims.skylink.room_key;
    json!({"type": "joinRoom", "rid": room, "userCred": token, "uid": "forged", "isPrivileged": true})
}

fn claims(peer: u8, room: &str) -> SkylinkClaims {
    let (generation, key) = (Generation::Classic, KeySettings::default());
    let skylink = SkylinkStay { generation, room_key: room.to_owned(), ends: None, key };
    SkylinkClaims { join: join_claims(peer, room, 60), skylink }
}

fn claims_of_key(peer: u8, room: &str, key: KeySettings) -> SkylinkClaims {
    let mut claims = claims(peer, room);
    claims.skylink.key = key;
    claims
}

fn token(peer: u8, room: &str) -> String {
    signed(&claims(peer, room), &SECRET)
}

/// A request of a client that polls, and what is answered.
async fn request(door: &Door, method: &str, query: &str, body: &str) -> String {
    let mut stream = door.tcp().await;
    let head = format!(
        "{method} /socket.io/?transport=polling{query} HTTP/1.1\r\nhost: {HOST}\r\nconnection: close\r\n\
         content-type: text/plain; charset=UTF-8\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an answer in time").unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

/// The packets in what is answered to a poll: Engine.IO 3 writes their lengths before them.
fn packets(mut payload: &str) -> Vec<String> {
    let mut packets = Vec::new();
    while let Some((length, rest)) = payload.split_once(':') {
        let (packet, rest) = rest.split_at(length.parse().unwrap());
        packets.push(packet.to_owned());
        payload = rest;
    }
    packets
}

#[tokio::test]
async fn who_a_client_is_and_where_says_its_token_and_nothing_else() {
    let door = Door::open(Limits::default()).await;
    let (mut ann, mut ben) = (joined(&door, 1, "a").await, joined(&door, 2, "a").await);
    let mut eve = joined(&door, 3, "b").await;
    let entered = ann.hears("enter").await;
    assert_eq!((&entered["mid"], &entered["publisherId"]), (&json!(peer_id(2)), &json!(peer_id(2))));

    // From another room, as somebody else, to a room she is not in: nobody hears it.
    eve.says(&json!({"type": "private", "rid": "b", "target": peer_id(1), "mid": peer_id(2), "data": "psst"})).await;
    eve.says(&json!({"type": "public", "rid": "a", "mid": peer_id(2), "data": "psst"})).await;
    ben.says(&json!({"type": "public", "rid": "a", "mid": peer_id(3), "data": "hello"})).await;
    let heard = ann.hears("public").await;
    assert_eq!((&heard["data"], &heard["mid"]), (&json!("hello"), &json!(peer_id(2))));

    drop(ben);
    let gone = ann.hears("bye").await;
    assert_eq!((&gone["mid"], &gone["publisherId"]), (&json!(peer_id(2)), &json!(peer_id(2))));
}

#[tokio::test]
async fn only_a_token_for_this_room_that_is_still_good_opens_it() {
    let door = Door::open(Limits::default()).await;
    let mut over = claims(1, "a");
    over.skylink.ends = Some(clock::unix_ms() / 1000 - 1);
    for (room, token, reason) in [
        ("a", String::new(), "credentialError"),
        ("a", signed(&claims(1, "a"), &[8; 32]), "credentialError"),
        ("b", token(1, "a"), "credentialError"),
        ("a", signed(&over, &SECRET), "expired"),
    ] {
        let mut client = socket(&door).await;
        client.says(&json!({"type": "joinRoom", "rid": room, "userCred": token})).await;
        assert_eq!(client.rejected().await, reason);
    }
}

#[tokio::test]
async fn a_locked_room_is_closed_to_others_and_one_that_floods_is_cut_off() {
    let door = Door::open(Limits::default()).await;
    let (mut ann, mut cid) = (joined(&door, 1, "a").await, joined(&door, 3, "a").await);
    ann.says(&json!({"type": "roomLockEvent", "rid": "a", "lock": true})).await;
    assert_eq!(cid.hears("roomLockEvent").await["lock"], true);
    let mut ben = socket(&door).await;
    ben.says(&json!({"type": "joinRoom", "rid": "a", "userCred": token(2, "a")})).await;
    assert_eq!(ben.rejected().await, "locked");

    for _ in 0..500 {
        // Refused once the node has closed the socket.
        if ann.0.feed(Message::text(r#"42["message","{\"type\":\"anything\"}"]"#)).await.is_err() {
            break;
        }
    }
    let _ = ann.0.flush().await;
    assert_eq!(ann.rejected().await, "fastmsg");
}

#[tokio::test]
async fn strangers_make_room_for_one_another_and_not_who_has_joined() {
    let door = Door::open(Limits { doorstep: 1, ..Limits::default() }).await;
    let mut ann = joined(&door, 1, "a").await;
    let mut stranger = socket(&door).await;
    let ben = joined(&door, 2, "a").await;
    assert_eq!(stranger.packet().await.filter(|packet| packet != "41"), None);
    assert_eq!(ann.hears("enter").await["mid"], json!(peer_id(2)));
    drop(ben);
    ann.hears("bye").await;
}

#[tokio::test]
async fn a_client_of_today_speaks_protocol_5() {
    let door = Door::open(Limits::default()).await;
    let mut ann = joined(&door, 1, "a").await;
    let mut ben = Client(door.web_socket(NEW).await);
    assert!(ben.packet().await.expect("an opening").starts_with('0'));
    ben.0.send(Message::text("40")).await.unwrap();
    let name = ben.packet().await.expect("a name");
    assert!(name.starts_with("40{"), "{name}");
    ben.joins(&claims(2, "a")).await;
    assert_eq!(ann.hears("enter").await["mid"], json!(peer_id(2)));
    ben.says(&json!({"type": "public", "rid": "a", "data": "hello"})).await;
    assert_eq!(ann.hears("public").await["data"], "hello");
}

#[tokio::test]
async fn a_client_that_gets_no_web_socket_polls() {
    let door = Door::open(Limits::default()).await;
    let mut ann = joined(&door, 1, "a").await;
    let opening = packets(&request(&door, "GET", "&EIO=3", "").await);
    let opened: Value = serde_json::from_str(opening[0].strip_prefix('0').unwrap()).unwrap();
    let query = format!("&EIO=3&sid={}", opened["sid"].as_str().unwrap());
    let mut waiting: Vec<String> = opening[1..].to_vec();
    let ben = claims(2, "a");
    for (message, kind) in [
        (joining(&ben), "inRoom"),
        (json!({"type": "enter", "rid": "a", "userInfo": {}}), "welcome"),
        (json!({"type": "public", "rid": "a", "data": "hello"}), ""),
    ] {
        let packet = said(&message);
        assert_eq!(request(&door, "POST", &query, &format!("{}:{packet}", packet.len())).await, "ok");
        while !kind.is_empty() && !waiting.iter().filter_map(|packet| heard(packet)).any(|heard| heard["type"] == kind)
        {
            waiting = packets(&request(&door, "GET", &query, "").await);
        }
    }
    assert_eq!(ann.hears("public").await["mid"], json!(peer_id(2)));
    ann.says(&json!({"type": "private", "rid": "a", "target": peer_id(2), "data": "hello Ben"})).await;
    while !waiting.iter().filter_map(|packet| heard(packet)).any(|heard| heard["data"] == "hello Ben") {
        waiting = packets(&request(&door, "GET", &query, "").await);
    }
}

#[tokio::test]
async fn a_client_that_lost_its_socket_comes_again_and_nobody_is_there_twice() {
    let door = Door::open(Limits::default()).await;
    let mut ann = joined(&door, 1, "a").await;
    let ben = joined(&door, 2, "a").await;
    ann.hears("enter").await;
    drop(ben);
    ann.hears("bye").await;
    let mut ben = joined(&door, 2, "a").await;
    assert_eq!(ann.hears("enter").await["mid"], json!(peer_id(2)));

    // This time the old socket seems to live on.
    let mut again = socket(&door).await;
    again.joins(&claims(2, "a")).await;
    assert_eq!(ben.rejected().await, "duplicatedLogin");
    assert_eq!(ann.hears("bye").await["mid"], json!(peer_id(2)));
    assert_eq!(ann.hears("enter").await["mid"], json!(peer_id(2)));
    again.says(&json!({"type": "public", "rid": "a", "data": "still here"})).await;
    assert_eq!(ann.hears("public").await["data"], "still here");
}

#[tokio::test]
async fn a_privileged_client_lists_the_peers_of_its_application_and_introduces_them() {
    let shy = KeySettings { auto_introduce: false, ..KeySettings::default() };
    let door = Door::open(Limits::default()).await;
    let privileged = KeySettings { privileged: true, ..shy };
    let mut warden = joined_with(&door, claims_of_key(9, "office", privileged)).await;
    let mut elsewhere = claims_of_key(4, "a", shy);
    elsewhere.join.application = protocol::ids::ApplicationId::from_parts(1, [2; 10]);
    let _stranger = joined_with(&door, elsewhere).await;
    let mut ann = joined_with(&door, claims_of_key(1, "a", shy)).await;
    let mut ben = joined_with(&door, claims_of_key(2, "a", shy)).await;
    let _cid = joined_with(&door, claims_of_key(3, "b", shy)).await;

    warden.says(&json!({"type": "getPeers", "showAll": false})).await;
    let listed = warden.hears("peerList").await["result"].clone();
    let mut in_a: Vec<Value> = listed["a"].as_array().unwrap().clone();
    in_a.sort_by_key(ToString::to_string);
    assert_eq!((in_a, &listed["b"]), (vec![json!(peer_id(1)), json!(peer_id(2))], &json!([peer_id(3)])));
    assert_eq!(listed.get("office"), None);
    warden.says(&json!({"type": "getPeers", "showAll": true})).await;
    assert_eq!(warden.hears("peerList").await["result"]["office"], json!([peer_id(9)]));

    // Nobody has met anybody, so nobody hears of anybody.
    ann.says(&json!({"type": "public", "rid": "a", "data": "unheard"})).await;
    let introduce =
        |one, other| json!({"type": "introduce", "sendingPeerId": peer_id(one), "receivingPeerId": peer_id(other)});
    warden.says(&introduce(1, 3)).await;
    let error = warden.hears("introduceError").await;
    assert_eq!((&error["reason"], &error["receivingPeerId"]), (&json!("peerNotFound"), &json!(peer_id(3))));
    warden.says(&introduce(1, 2)).await;
    assert_eq!(ann.hears("approach").await["target"], json!(peer_id(2)));
    assert_eq!(ann.hears("enter").await["mid"], json!(peer_id(2)));
    assert_eq!(ben.packet().await.as_deref().and_then(heard).unwrap()["type"], "enter");
    ann.says(&json!({"type": "public", "rid": "a", "data": "heard"})).await;
    assert_eq!(ben.hears("public").await["data"], "heard");
}
