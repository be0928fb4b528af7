//! The signaling port as clients find it, and as those find it who would rather see it fall.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "the support of tests is test code too")]

use futures_util::{SinkExt as _, StreamExt as _};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use media::{
    clock,
    sfu::{RelaySettings, Workers},
    signaling::{self, Limits, NativeSettings, TokenKey},
};
use protocol::{
    ids::{AppKeyId, ApplicationId, NodeId, OrgId, PeerId},
    limits::SIGNALING_MESSAGE_BYTES,
    names::RoomName,
    native::{ClientMessage, ErrorCode, PROTOCOL_VERSION, ServerMessage},
    policy::AppPolicy,
    token::JoinClaims,
};
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
    time::timeout,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, protocol::frame::coding::CloseCode},
};
use tokio_util::sync::CancellationToken;

/// Nothing waited for in these tests takes anywhere near this long; it only turns a hang into a failure.
const PATIENCE: Duration = Duration::from_secs(30);
const SECRET: [u8; 32] = [7; 32];

/// A node's front door, with one room behind it.
struct Door {
    address: SocketAddr,
    _serving: JoinSet<()>,
}

impl Door {
    async fn open(limits: Limits) -> Self {
        let (requests, _) = mpsc::channel(1);
        let relay = RelaySettings { udp_port: 0, advertise: vec![Ipv4Addr::LOCALHOST.into()], workers: 1 };
        let token_key = TokenKey::default();
        assert!(token_key.set(&hex::encode(SECRET)));
        let workers = Workers::start(&relay, &requests).unwrap();
        let router = signaling::router(NativeSettings { node: node(), token_key, workers, sessions: Arc::default() });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut serving = JoinSet::new();
        serving.spawn(signaling::serve(listener, router, limits, CancellationToken::new()));
        Self { address, _serving: serving }
    }

    /// Connects and says nothing.
    async fn tcp(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn socket(&self) -> Client {
        Client(connect_async(format!("ws://{}/native", self.address)).await.unwrap().0)
    }

    /// Connects and says hello with a token that is valid for so many seconds.
    async fn hello(&self, peer: u8, seconds: i64) -> Client {
        let mut client = self.socket().await;
        let hello = ClientMessage::Hello { protocol: PROTOCOL_VERSION, token: token(peer, seconds) };
        client.0.send(Message::text(serde_json::to_string(&hello).unwrap())).await.unwrap();
        client
    }

    async fn join(&self, peer: u8) -> Client {
        let mut client = self.hello(peer, 60).await;
        assert!(matches!(client.next().await, ServerMessage::Welcome { .. }));
        client
    }
}

struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    async fn next(&mut self) -> ServerMessage {
        loop {
            match timeout(PATIENCE, self.0.next()).await.expect("a message in time") {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Ping(_))) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The last words of the node: an error, and the code it closes with.
    async fn refusal(&mut self) -> (ErrorCode, CloseCode) {
        let ServerMessage::Error { code, fatal: true, .. } = self.next().await else { panic!("no fatal error") };
        match timeout(PATIENCE, self.0.next()).await.expect("a close in time") {
            Some(Ok(Message::Close(Some(frame)))) => (code, frame.code),
            other => panic!("{other:?}"),
        }
    }
}

fn node() -> NodeId {
    NodeId::from_parts(1, [1; 10])
}

fn peer_id(n: u8) -> PeerId {
    PeerId::from_parts(1, [n; 10])
}

fn token(peer: u8, seconds: i64) -> String {
    let now = clock::unix_ms() / 1000;
    let claims = JoinClaims {
        aud: node(),
        sub: peer_id(peer),
        iat: now,
        exp: now.saturating_add_signed(seconds),
        org: OrgId::from_parts(1, [1; 10]),
        application: ApplicationId::from_parts(1, [1; 10]),
        app_key: AppKeyId::from_parts(1, [1; 10]),
        room: RoomName::try_from("room".to_owned()).unwrap(),
        name: None,
        policy: AppPolicy {
            revision: 1,
            relay: true,
            recording: true,
            max_duration_seconds: 60,
            idle_timeout_seconds: 60,
            allowed_origins: vec![],
        },
    };
    encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(&SECRET)).unwrap()
}

/// Whether the node ended the connection, with or without an answer.
async fn is_cut_off(mut stream: TcpStream) -> bool {
    let mut rest = Vec::new();
    // A reset is an end as well.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("an end in time");
    !String::from_utf8_lossy(&rest).contains("101 Switching")
}

#[tokio::test]
async fn an_expired_token_is_told_so_and_the_room_notices_nothing() {
    let door = Door::open(Limits::default()).await;
    let mut anna = door.join(1).await;
    let mut late = door.hello(2, -1).await;
    assert_eq!(late.refusal().await, (ErrorCode::TokenExpired, CloseCode::Normal));
    let _ben = door.join(3).await;
    let ServerMessage::PeerJoined { peer } = anna.next().await else { panic!("somebody else was heard of") };
    assert_eq!(peer.id, peer_id(3));
}

#[tokio::test]
async fn an_oversized_message_is_answered_and_a_monstrous_one_ends_with_its_reason() {
    let door = Door::open(Limits::default()).await;
    let mut anna = door.join(1).await;
    anna.0.send(Message::text(" ".repeat(SIGNALING_MESSAGE_BYTES + 1))).await.unwrap();
    assert!(matches!(anna.next().await, ServerMessage::Error { code: ErrorCode::MessageTooLarge, fatal: false, .. }));
    let monstrous = || Message::text(" ".repeat(3 * SIGNALING_MESSAGE_BYTES));
    anna.0.send(monstrous()).await.unwrap();
    assert_eq!(anna.refusal().await, (ErrorCode::MessageTooLarge, CloseCode::Size));
    let mut stranger = door.socket().await;
    stranger.0.send(monstrous()).await.unwrap();
    assert_eq!(stranger.refusal().await, (ErrorCode::MessageTooLarge, CloseCode::Size));
}

#[tokio::test]
async fn strangers_who_say_nothing_make_room_for_those_who_do() {
    let door = Door::open(Limits { doorstep: 3, ..Limits::default() }).await;
    let mut anna = door.join(1).await;
    let (silent, upgraded, _recent) = (door.tcp().await, door.socket().await, door.tcp().await);
    let mut ben = door.join(2).await;
    assert!(is_cut_off(silent).await);
    let _another = door.tcp().await;
    let _chris = door.join(3).await;
    let Client(mut upgraded) = upgraded;
    let end = timeout(PATIENCE, upgraded.next()).await.expect("an end in time");
    assert!(!matches!(end, Some(Ok(_))), "{end:?}");
    // Whoever is in does not stand on the doorstep any more.
    for n in [2, 3] {
        let ServerMessage::PeerJoined { peer } = anna.next().await else { panic!("Anna lost something") };
        assert_eq!(peer.id, peer_id(n));
    }
    assert!(matches!(ben.next().await, ServerMessage::PeerJoined { .. }));
}

#[tokio::test]
async fn a_request_head_that_never_ends_is_cut_off() {
    let door = Door::open(Limits { head_time: Duration::from_millis(50), ..Limits::default() }).await;
    let mut slow = door.tcp().await;
    slow.write_all(b"GET /native HTTP/1.1\r\nHost: local").await.unwrap();
    assert!(is_cut_off(slow).await);
    door.join(1).await;
}
