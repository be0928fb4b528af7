//! The front door for Skylink clients, as a program finds it that says what no client would say.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "the support of tests is test code too")]

use futures_util::{SinkExt as _, StreamExt as _};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use media::{
    clock,
    sfu::{RelaySettings, Workers},
    signaling::{self, Limits, SkylinkSettings, TokenKey},
};
use protocol::{
    ids::{AppKeyId, ApplicationId, NodeId, OrgId, PeerId},
    names::RoomName,
    policy::AppPolicy,
    skylink::{Generation, SkylinkClaims, SkylinkStay},
    token::JoinClaims,
};
use serde_json::{Value, json};
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
    time::timeout,
};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};
use tokio_util::sync::CancellationToken;

/// Nothing waited for in these tests takes anywhere near this long; it only turns a hang into a failure.
const PATIENCE: Duration = Duration::from_secs(30);
const SECRET: [u8; 32] = [7; 32];

struct Door {
    address: SocketAddr,
    _serving: JoinSet<()>,
}

impl Door {
    async fn open(limits: Limits) -> Self {
        let (requests, _) = mpsc::channel(64);
        let relay = RelaySettings { udp_port: 0, advertise: vec![Ipv4Addr::LOCALHOST.into()], workers: 1 };
        let token_key = TokenKey::default();
        assert!(token_key.set(&hex::encode(SECRET)));
        let workers = Workers::start(&relay, &requests).unwrap();
        let host = "media.example".to_owned();
        let settings = SkylinkSettings { node: node(), token_key, workers, sessions: Arc::default(), host };
        let router = signaling::with_skylink(axum::Router::new(), settings);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut serving = JoinSet::new();
        serving.spawn(signaling::serve(listener, router, limits, CancellationToken::new()));
        Self { address, _serving: serving }
    }

    /// A socket in the protocol of the clients, whose connection is complete.
    async fn socket(&self) -> Client {
        let url = format!("ws://{}/socket.io/?EIO=3&transport=websocket", self.address);
        let mut client = Client(connect_async(url).await.unwrap().0);
        assert!(client.packet().await.expect("an opening").starts_with('0'));
        assert_eq!(client.packet().await.as_deref(), Some("40"));
        client
    }

    async fn joined(&self, peer: u8, room: &str) -> Client {
        let mut client = self.socket().await;
        client
            .says(&json!({"type": "joinRoom", "rid": room, "userCred": token(peer, room), "uid": "forged",
            "isPrivileged": true}))
            .await;
        let in_room = client.hears("inRoom").await;
        assert_eq!((&in_room["sid"], &in_room["rid"]), (&json!(peer_id(peer)), &json!(room)));
        let servers = &in_room["pc_config"]["iceServers"];
        assert!(servers[0]["url"].as_str().unwrap().ends_with("@media.example"), "{servers}");
        client
            .says(
                &json!({"type": "enter", "rid": room, "target": "MCU", "mid": "forged", "userInfo": {"userData": "x"}}),
            )
            .await;
        assert_eq!(client.hears("welcome").await["mid"], "MCU");
        client
    }
}

struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    async fn packet(&mut self) -> Option<String> {
        loop {
            match timeout(PATIENCE, self.0.next()).await.expect("something in time") {
                Some(Ok(Message::Text(text))) => return Some(text.as_str().to_owned()),
                Some(Ok(Message::Ping(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                other => panic!("{other:?}"),
            }
        }
    }

    async fn says(&mut self, message: &Value) {
        let event = json!(["message", message.to_string()]);
        self.0.send(Message::text(format!("42{event}"))).await.unwrap();
    }

    /// The next message of this type; others are passed over. Every message names a room.
    async fn hears(&mut self, kind: &str) -> Value {
        loop {
            let packet = self.packet().await.expect("still connected");
            let Some(event) = packet.strip_prefix("42") else { continue };
            let event: (String, String) = serde_json::from_str(event).unwrap();
            let message: Value = serde_json::from_str(&event.1).unwrap();
            assert!(message["rid"].is_string(), "{message}");
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

fn node() -> NodeId {
    NodeId::from_parts(1, [1; 10])
}

fn peer_id(n: u8) -> PeerId {
    PeerId::from_parts(1, [n; 10])
}

fn claims(peer: u8, room: &str) -> SkylinkClaims {
    let now = clock::unix_ms() / 1000;
    let policy = AppPolicy {
        revision: 1,
        relay: true,
        recording: true,
        max_duration_seconds: 60,
        idle_timeout_seconds: 60,
        allowed_origins: vec![],
    };
    let join = JoinClaims {
        aud: node(),
        sub: peer_id(peer),
        iat: now,
        exp: now + 60,
        org: OrgId::from_parts(1, [1; 10]),
        application: ApplicationId::from_parts(1, [1; 10]),
        app_key: AppKeyId::from_parts(1, [1; 10]),
        room: RoomName::try_from(room.to_owned()).unwrap(),
        name: None,
        policy,
    };
    let skylink = SkylinkStay { generation: Generation::Classic, room_key: room.to_owned(), ends: None };
    SkylinkClaims { join, skylink }
}

fn signed(claims: &SkylinkClaims, secret: &[u8]) -> String {
    encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(secret)).unwrap()
}

fn token(peer: u8, room: &str) -> String {
    signed(&claims(peer, room), &SECRET)
}

#[tokio::test]
async fn who_a_client_is_and_where_says_its_token_and_nothing_else() {
    let door = Door::open(Limits::default()).await;
    let (mut ann, mut ben) = (door.joined(1, "a").await, door.joined(2, "a").await);
    let mut eve = door.joined(3, "b").await;
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
        let mut client = door.socket().await;
        client.says(&json!({"type": "joinRoom", "rid": room, "userCred": token})).await;
        assert_eq!(client.rejected().await, reason);
    }
}

#[tokio::test]
async fn a_locked_room_is_closed_to_others_and_one_that_floods_is_cut_off() {
    let door = Door::open(Limits::default()).await;
    let (mut ann, mut cid) = (door.joined(1, "a").await, door.joined(3, "a").await);
    ann.says(&json!({"type": "roomLockEvent", "rid": "a", "lock": true})).await;
    assert_eq!(cid.hears("roomLockEvent").await["lock"], true);
    let mut ben = door.socket().await;
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
    let mut ann = door.joined(1, "a").await;
    let mut stranger = door.socket().await;
    let ben = door.joined(2, "a").await;
    assert_eq!(stranger.packet().await.filter(|packet| packet != "41"), None);
    assert_eq!(ann.hears("enter").await["mid"], json!(peer_id(2)));
    drop(ben);
    ann.hears("bye").await;
}
