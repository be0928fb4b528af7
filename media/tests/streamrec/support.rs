//! A node with a control plane that says yes, and who opens sockets there.

use axum::{
    Router,
    extract::{
        State,
        ws::{WebSocket, WebSocketUpgrade},
    },
    routing::get,
};
use futures_util::{SinkExt as _, StreamExt as _};
use media::{
    capture::SpoolBudget,
    clock,
    control::{self, Identity, Link, LinkSettings, Outbox},
    random,
    recorder::{Pauses, Recorder, RecorderSettings},
    sfu::{RelaySettings, Workers},
    signaling::{self, Limits, Patience, Registry, StreamrecSettings, TokenKey},
    uploader::{PartClient, PutClient, PutTimes},
};
use outbound::Outbound;
use protocol::{
    ids::{ApplicationId, BootId, OrgId, RecordingId, SessionId},
    link::{Answer, Command, ControlMessage, Event, NodeMessage, Query},
    names::ClientName,
    policy::AppPolicy,
    recording::StartRefusal,
    streamrec::{Generation, SessionGrant, SessionKind, TerminationCause, room_of},
};
use serde_json::{Value, json};
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Notify, mpsc},
    task::JoinSet,
    time::timeout,
};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

/// Nothing waited for in these tests takes anywhere near this long; it only turns a hang into a failure.
pub const PATIENCE: Duration = Duration::from_secs(30);
pub const OFFER: &str = include_str!("../relay/fixtures/chromium_offer.sdp");
/// The only token that is good.
pub const TOKEN: &str = "eyJ-token";

pub fn client_session() -> SessionId {
    SessionId::from_parts(1, [1; 10])
}

pub fn supervisor_session() -> SessionId {
    SessionId::from_parts(1, [2; 10])
}

pub fn early_session() -> SessionId {
    SessionId::from_parts(1, [3; 10])
}

fn grant(session: SessionId) -> SessionGrant {
    let monitored = (session == supervisor_session()).then(client_session);
    SessionGrant {
        session,
        kind: if monitored.is_some() { SessionKind::Supervisor } else { SessionKind::Client },
        generation: if session == early_session() { Generation::V1 } else { Generation::V2 },
        org: OrgId::from_parts(1, [1; 10]),
        application: ApplicationId::from_parts(1, [1; 10]),
        client: ClientName::try_from("c-0".to_owned()).unwrap(),
        room: room_of(monitored.unwrap_or(session)),
        monitored,
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

/// A node with its control plane.
pub struct Node {
    pub address: SocketAddr,
    events: mpsc::Receiver<Event>,
    pub workers: Workers,
    pub registry: Registry,
    pub link: Link,
    pub plane: Plane,
    _spool: TempDir,
    _running: JoinSet<()>,
}

impl Node {
    pub async fn start(patience: Patience) -> Self {
        let spool = tempfile::tempdir().unwrap();
        let mut running = JoinSet::new();
        let (told, events) = mpsc::channel(64);
        let plane = Plane { told, silent: Arc::default(), left: Arc::default() };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let control_url = format!("ws://{}/node/link", listener.local_addr().unwrap());
        let app = Router::new().route("/node/link", get(link)).with_state(plane.clone());
        running.spawn(async move { axum::serve(listener, app).await.unwrap() });

        let (identity, outbox) = (Identity::open(spool.path()).unwrap(), Outbox::open(spool.path()).unwrap());
        let settings = LinkSettings {
            control_url,
            secret: Zeroizing::new("secret".to_owned()),
            boot: BootId::from_parts(clock::unix_ms(), random::bytes().unwrap()),
            signaling_url: "ws://localhost:1".to_owned(),
            token_key: TokenKey::default(),
        };
        let (link, keep_link) = control::connect(settings, identity, outbox, CancellationToken::new());
        let (requests, requested) = mpsc::channel(64);
        let relay = RelaySettings { udp_port: 0, tcp_port: 0, advertise: vec![Ipv4Addr::LOCALHOST.into()], workers: 1 };
        let (workers, _) = Workers::start(&relay, &requests).unwrap();
        let outbound = Arc::new(Outbound::new("".parse().unwrap()).unwrap());
        let settings = RecorderSettings {
            spool: spool.path().to_owned(),
            budget: Arc::new(SpoolBudget::open(spool.path(), u64::MAX).unwrap()),
            mixer: "/bin/false".into(),
            mixes: 1,
            pauses: Pauses::default(),
        };
        let (parts, puts) = (PartClient::new(outbound.clone()), PutClient::new(outbound.clone(), PutTimes::default()));
        let recorder = Recorder::new(settings, link.clone(), workers.clone(), parts, puts);
        running.spawn(keep_link(Commands(recorder.clone())));
        running.spawn(recorder.clone().run(requested));
        let registry = Registry::default();
        let settings = StreamrecSettings {
            link: link.clone(),
            recorder,
            workers: workers.clone(),
            sessions: Arc::default(),
            registry: registry.clone(),
            outbound,
            patience,
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = signaling::streamrec_router(settings);
        running.spawn(signaling::serve(listener, router, Limits::default(), CancellationToken::new()));
        link.up().await;
        Self { address, events, workers, registry, link, plane, _spool: spool, _running: running }
    }

    /// A socket with the token in its address, as the first clients have it.
    pub async fn socket(&self) -> Client {
        self.socket_with(TOKEN).await
    }

    pub async fn socket_with(&self, token: &str) -> Client {
        Client(connect_async(format!("ws://{}/api/v2/io?auth_token={token}", self.address)).await.unwrap().0)
    }

    /// A client that has sent its offer and has its answer.
    pub async fn client(&mut self) -> Client {
        let mut client = self.socket().await;
        client.say(client_session(), "session_start", &json!({ "sdp": offer(), "webhook_url": "https://hook" })).await;
        assert_eq!(client.heard("sdp_update").await["data"]["sdp"]["type"], "answer");
        let Event::SessionStarted { session, webhook, .. } = self.event().await else { panic!("no start") };
        assert_eq!((session, webhook.as_deref()), (client_session(), Some("https://hook")));
        client
    }

    /// The next event about a session.
    async fn event(&mut self) -> Event {
        loop {
            let event = timeout(PATIENCE, self.events.recv()).await.expect("an event in time").unwrap();
            if matches!(event, Event::SessionStarted { .. } | Event::SessionEnded { .. }) {
                return event;
            }
        }
    }

    pub async fn ended(&mut self) -> (SessionId, TerminationCause) {
        loop {
            if let Event::SessionEnded { session, cause, .. } = self.event().await {
                return (session, cause);
            }
        }
    }
}

/// The control plane.
#[derive(Clone)]
pub struct Plane {
    told: mpsc::Sender<Event>,
    /// It knows nothing about sessions at present.
    pub silent: Arc<AtomicBool>,
    /// The node said that it takes nobody any more.
    pub left: Arc<Notify>,
}

struct Commands(Recorder);

impl control::Node for Commands {
    async fn apply(&self, command: Command) {
        self.0.command(command).await;
    }

    async fn report(&self) -> (u32, u32, Vec<RecordingId>) {
        (0, 0, self.0.recordings())
    }
}

async fn link(State(plane): State<Plane>, upgrade: WebSocketUpgrade) -> axum::response::Response {
    upgrade.on_upgrade(async move |mut socket| {
        // An error is the end of the connection, which the node sees as well.
        let _ = converse(&plane, &mut socket).await;
    })
}

async fn converse(plane: &Plane, socket: &mut WebSocket) -> Option<()> {
    while let Some(Ok(message)) = socket.recv().await {
        let axum::extract::ws::Message::Text(text) = message else { continue };
        let answer = match serde_json::from_str(&text).unwrap() {
            NodeMessage::Hello { .. } => ControlMessage::Welcome { last_event: 0, token_key: "00".repeat(32) },
            NodeMessage::Event { sequence, event } => {
                plane.told.send(event).await.ok()?;
                ControlMessage::Applied { event: sequence }
            }
            NodeMessage::Query { id, .. } if plane.silent.load(Ordering::Relaxed) => {
                ControlMessage::Answer { id, answer: Answer::Unavailable }
            }
            NodeMessage::Query { id, query } => ControlMessage::Answer { id, answer: answer(query) },
            NodeMessage::Report { leaving, .. } => {
                if leaving {
                    plane.left.notify_one();
                }
                continue;
            }
            NodeMessage::Applied { .. } => continue,
        };
        socket.send(axum::extract::ws::Message::text(serde_json::to_string(&answer).unwrap())).await.ok()?;
    }
    None
}

fn answer(query: Query) -> Answer {
    match query {
        Query::OpenSession { session, token, .. } if token.expose() == TOKEN => {
            Answer::Session { grant: grant(session) }
        }
        Query::OpenSession { .. } => Answer::SessionOver { cause: TerminationCause::TwoTimer },
        Query::StartUpload { .. } => Answer::Refused { refusal: StartRefusal::RecordingOff },
        _ => Answer::Gone,
    }
}

pub struct Client(pub WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    pub async fn say(&mut self, session: SessionId, name: &str, data: &Value) {
        let id = session.uuid().to_string();
        self.send(json!({ "type": name, "client_id": "c-0", "session_id": id, "data": data }).to_string()).await;
    }

    /// Says things in one go, more than anybody reads of somebody who is refused.
    pub async fn go_on_talking(&mut self) {
        for _ in 0..2000 {
            self.0.feed(Message::text(r#"{"type":"candidate","data":{"candidate":null}}"#)).await.unwrap();
        }
        self.0.flush().await.unwrap();
    }

    pub async fn send(&mut self, text: String) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    /// The next message of a type; others are passed over.
    pub async fn heard(&mut self, name: &str) -> Value {
        loop {
            match timeout(PATIENCE, self.0.next()).await.expect("a message in time") {
                Some(Ok(Message::Text(text))) => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    if message["type"] == name {
                        return message;
                    }
                }
                Some(Ok(Message::Ping(_))) => {}
                other => panic!("{name} expected: {other:?}"),
            }
        }
    }

    /// Why the session ended; then the socket is closed.
    pub async fn terminated(&mut self) -> String {
        let message = self.heard("session_terminated").await;
        let closed = timeout(PATIENCE, self.0.next()).await.expect("a close in time");
        assert!(matches!(closed, Some(Ok(Message::Close(Some(_))))), "{closed:?}");
        message["data"]["termination_cause"].as_str().unwrap().to_owned()
    }
}

pub fn offer() -> Value {
    json!({ "type": "offer", "sdp": OFFER })
}
