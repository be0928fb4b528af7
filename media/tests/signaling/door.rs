//! A node's front door with every protocol, and what opens it.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use media::{
    clock,
    sfu::{RelaySettings, Workers},
    signaling::{self, Limits, NativeSettings, SkylinkSettings, TokenKey},
};
use protocol::{
    ids::{AppKeyId, ApplicationId, NodeId, OrgId, PeerId},
    names::RoomName,
    policy::AppPolicy,
    token::JoinClaims,
};
use serde::Serialize;
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use tokio_util::sync::CancellationToken;

/// Nothing waited for in these tests takes anywhere near this long; it only turns a hang into a failure.
pub const PATIENCE: Duration = Duration::from_secs(30);
pub const SECRET: [u8; 32] = [7; 32];
/// What clients are told of where the node is.
pub const HOST: &str = "media.example";

pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A node's front door, with rooms behind it.
pub struct Door {
    pub address: SocketAddr,
    _serving: JoinSet<()>,
}

impl Door {
    pub async fn open(limits: Limits) -> Self {
        let (requests, _) = mpsc::channel(64);
        let relay = RelaySettings { udp_port: 0, tcp_port: 0, advertise: vec![Ipv4Addr::LOCALHOST.into()], workers: 2 };
        let token_key = TokenKey::default();
        assert!(token_key.set(&hex::encode(SECRET)));
        let (workers, _) = Workers::start(&relay, &requests).unwrap();
        let sessions = Arc::default();
        let skylink = SkylinkSettings {
            node: node(),
            token_key: token_key.clone(),
            workers: workers.clone(),
            sessions: Arc::clone(&sessions),
            host: HOST.to_owned(),
        };
        let router = signaling::router(NativeSettings { node: node(), token_key, workers, sessions });
        let router = signaling::with_skylink(router, skylink);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut serving = JoinSet::new();
        serving.spawn(signaling::serve(listener, router, limits, CancellationToken::new()));
        Self { address, _serving: serving }
    }

    /// Connects and says nothing.
    pub async fn tcp(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// A WebSocket on which nothing was said.
    pub async fn web_socket(&self, path: &str) -> Socket {
        connect_async(format!("ws://{}{path}", self.address)).await.unwrap().0
    }
}

pub fn node() -> NodeId {
    NodeId::from_parts(1, [1; 10])
}

pub fn peer_id(n: u8) -> PeerId {
    PeerId::from_parts(1, [n; 10])
}

/// Good for so many seconds.
pub fn join_claims(peer: u8, room: &str, seconds: i64) -> JoinClaims {
    let now = clock::unix_ms() / 1000;
    JoinClaims {
        aud: node(),
        sub: peer_id(peer),
        iat: now,
        exp: now.saturating_add_signed(seconds),
        org: OrgId::from_parts(1, [1; 10]),
        application: ApplicationId::from_parts(1, [1; 10]),
        app_key: AppKeyId::from_parts(1, [1; 10]),
        room: RoomName::try_from(room.to_owned()).unwrap(),
        name: None,
        policy: AppPolicy {
            revision: 1,
            relay: true,
            recording: true,
            max_duration_seconds: 60,
            idle_timeout_seconds: 60,
            allowed_origins: vec![],
        },
    }
}

pub fn signed(claims: &impl Serialize, secret: &[u8]) -> String {
    encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(secret)).unwrap()
}
