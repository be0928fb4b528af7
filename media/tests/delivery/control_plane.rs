//! The other end of the link. Each test says how it answers; the rest is as the real one does it.

use axum::{
    Router,
    extract::{
        State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    routing::get,
};
use protocol::{
    ids::{ApplicationId, RecordingId},
    link::{Answer, Command, ControlMessage, Event, NodeMessage, PartRefusal, Query},
    names::RoomName,
    recording::{CaptureKey, RecordingSpec},
};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{net::TcpListener, sync::mpsc, task::JoinSet, time::timeout};

/// Nothing waited for in these tests takes anywhere near this long; it only turns a hang into a failure.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub fn spec() -> RecordingSpec {
    RecordingSpec {
        id: RecordingId::from_parts(1, [1; 10]),
        application: ApplicationId::from_parts(1, [1; 10]),
        room: RoomName::try_from("lobby".to_owned()).unwrap(),
        capture_key: CaptureKey::new([7; 32]),
        max_duration_seconds: 3600,
        idle_timeout_seconds: 3600,
        delivery: Default::default(),
    }
}

/// What a test does about a question.
pub enum Reaction {
    Answer(Answer),
    /// The link goes down before the question is answered.
    HangUp,
}

/// A question about the upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    Begin { refused: Option<PartRefusal> },
    Sign { upload: String, number: u16 },
}

type Script = Box<dyn FnMut(Asked) -> Reaction + Send>;

struct Shared {
    script: Mutex<Script>,
    told: mpsc::Sender<Event>,
    /// Highest event applied.
    last_event: Mutex<u64>,
    /// How often the recording is to be uploaded before it is good.
    uploads: u64,
    uploaded: Mutex<u64>,
    applied: mpsc::Sender<u64>,
}

pub struct ControlPlane {
    pub url: String,
    events: mpsc::Receiver<Event>,
    applied: mpsc::Receiver<u64>,
    _serving: JoinSet<()>,
}

impl ControlPlane {
    pub async fn start(script: impl FnMut(Asked) -> Reaction + Send + 'static) -> Self {
        Self::start_insatiable(1, script).await
    }

    /// One that wants the recording so many times.
    pub async fn start_insatiable(uploads: u64, script: impl FnMut(Asked) -> Reaction + Send + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("ws://{}/node/link", listener.local_addr().unwrap());
        let ((told, events), (noted, applied)) = (mpsc::channel(64), mpsc::channel(64));
        let shared = Arc::new(Shared {
            script: Mutex::new(Box::new(script)),
            told,
            last_event: Mutex::new(0),
            uploads,
            uploaded: Mutex::new(0),
            applied: noted,
        });
        let app = Router::new().route("/node/link", get(link)).with_state(shared);
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, events, applied, _serving: serving }
    }

    /// The next event of a recording.
    pub async fn event(&mut self) -> Event {
        loop {
            let event = timeout(PATIENCE, self.events.recv()).await.expect("an event in time").unwrap();
            if !is_presence(&event) {
                return event;
            }
        }
    }

    /// The number of the next command that the node has carried out.
    pub async fn command_applied(&mut self) -> u64 {
        timeout(PATIENCE, self.applied.recv()).await.expect("an acknowledgement in time").unwrap()
    }

    /// An event of a recording that is here already.
    pub fn event_now(&mut self) -> Option<Event> {
        std::iter::from_fn(|| self.events.try_recv().ok()).find(|event| !is_presence(event))
    }
}

/// Who is there is not what these tests are about.
fn is_presence(event: &Event) -> bool {
    matches!(event, Event::PeerJoined { .. } | Event::PeerLeft { .. })
}

async fn link(State(shared): State<Arc<Shared>>, upgrade: WebSocketUpgrade) -> axum::response::Response {
    upgrade.on_upgrade(async move |mut socket| {
        // An error is the end of the connection, which the node sees as well.
        let _ = converse(&shared, &mut socket).await;
    })
}

async fn converse(shared: &Shared, socket: &mut WebSocket) -> Option<()> {
    while let Some(Ok(message)) = socket.recv().await {
        let Message::Text(text) = message else { continue };
        match serde_json::from_str(&text).unwrap() {
            NodeMessage::Hello { .. } => {
                let last_event = *shared.last_event.lock().unwrap();
                send(socket, ControlMessage::Welcome { last_event, token_key: "00".repeat(32) }).await?;
            }
            NodeMessage::Event { sequence, event } => {
                *shared.last_event.lock().unwrap() = sequence;
                send(socket, ControlMessage::Applied { event: sequence }).await?;
                if let Event::RecordingUploaded { recording, .. } = &event {
                    let (sequence, command) = judge(shared, *recording);
                    send(socket, ControlMessage::Command { sequence, command }).await?;
                }
                shared.told.send(event).await.ok()?;
            }
            NodeMessage::Applied { command } => shared.applied.send(command).await.ok()?,
            NodeMessage::Report { .. } => {}
            // A recording does not depend on its picture.
            NodeMessage::Query { id, query: Query::SignPoster { .. } } => {
                send(socket, ControlMessage::Answer { id, answer: Answer::Unavailable }).await?;
            }
            NodeMessage::Query { id, query } => {
                let answer = match question(query) {
                    None => Answer::Recording { spec: spec() },
                    Some(asked) => match (shared.script.lock().unwrap())(asked) {
                        Reaction::Answer(answer) => answer,
                        Reaction::HangUp => return None,
                    },
                };
                send(socket, ControlMessage::Answer { id, answer }).await?;
            }
        }
    }
    None
}

fn judge(shared: &Shared, recording: RecordingId) -> (u64, Command) {
    let mut uploaded = shared.uploaded.lock().unwrap();
    *uploaded += 1;
    let ready = || Command::RecordingReady { recording, url: "https://example.com".into() };
    (*uploaded, if *uploaded < shared.uploads { Command::UploadAgain { recording } } else { ready() })
}

fn question(query: Query) -> Option<Asked> {
    match query {
        Query::BeginUpload { refused, .. } => Some(Asked::Begin { refused }),
        Query::SignParts { upload, parts, .. } => Some(Asked::Sign { upload, number: parts[0] }),
        Query::StartRecording { .. }
        | Query::ResumeRecording { .. }
        | Query::SignPoster { .. }
        | Query::OpenSession { .. }
        | Query::StartUpload { .. }
        | Query::UploadTarget { .. } => None,
    }
}

async fn send(socket: &mut WebSocket, message: ControlMessage) -> Option<()> {
    socket.send(Message::text(serde_json::to_string(&message).unwrap())).await.ok()
}
