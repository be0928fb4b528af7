//! A relay in this process, and people in its rooms.

pub mod client;

use media::{
    capture::{self, CaptureHandle, SpoolBudget},
    clock,
    rtc::VideoFormat,
    sfu::{
        Newcomer, Order, Presence, RecordingRequest, RelaySettings, RoomKey, RoomMessage, StartDecision,
        StartedRecording, Watches, WorkerCommand, Workers,
    },
};
use protocol::{
    ids::{AppKeyId, ApplicationId, PeerId, RecordingId, RequestId},
    limits::CLIENT_QUEUE,
    names::RoomName,
    native::{ClientMessage, RecordingSignal, ServerMessage},
    policy::AppPolicy,
    recording::{CaptureKey, RecordingSpec, StopCause},
    skylink::KeySettings,
};
use std::{collections::HashMap, net::Ipv4Addr, path::PathBuf, sync::Arc, time::Duration};
use tokio::{sync::mpsc, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

/// Nothing waited for in these tests takes anywhere near this long; it only turns a hang into a failure.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub fn application() -> ApplicationId {
    ApplicationId::from_parts(1, [1; 10])
}

pub fn app_key() -> AppKeyId {
    AppKeyId::from_parts(1, [2; 10])
}

pub fn policy(revision: u64, relay: bool, recording: bool) -> AppPolicy {
    AppPolicy {
        revision,
        relay,
        recording,
        max_duration_seconds: 60,
        idle_timeout_seconds: 60,
        allowed_origins: Vec::new(),
    }
}

pub fn room(name: &str) -> RoomKey {
    RoomKey { application: application(), room: RoomName::try_from(name.to_owned()).unwrap() }
}

pub fn spec(room: &RoomKey, n: u8) -> RecordingSpec {
    RecordingSpec {
        id: RecordingId::from_parts(u64::from(n), [n; 10]),
        application: room.application,
        room: room.room.clone(),
        capture_key: CaptureKey::new([n; 32]),
        max_duration_seconds: 60,
        idle_timeout_seconds: 60,
        delivery: Default::default(),
    }
}

pub struct Node {
    pub workers: Workers,
    pub outside: Ipv4Addr,
    pub tcp_port: u16,
    _tasks: JoinSet<()>,
    pub requests: mpsc::Receiver<RecordingRequest>,
    spool: tempfile::TempDir,
    budget: Arc<SpoolBudget>,
    captures: HashMap<RecordingId, CaptureHandle>,
    recorded: u8,
}

impl Node {
    pub fn start() -> Self {
        Self::advertising(Ipv4Addr::LOCALHOST)
    }

    /// A node that clients know by this address.
    pub fn advertising(outside: Ipv4Addr) -> Self {
        let (sender, requests) = mpsc::channel(64);
        let settings = RelaySettings { udp_port: 0, tcp_port: 0, advertise: vec![outside.into()], workers: 2 };
        let (workers, media) = Workers::start(&settings, &sender).unwrap();
        let (tcp_port, mut tasks) = (media.port(), JoinSet::new());
        tasks.spawn(media.serve(CancellationToken::new()));
        let spool = tempfile::tempdir().unwrap();
        let budget = Arc::new(SpoolBudget::open(spool.path(), u64::MAX).unwrap());
        Self {
            workers,
            outside,
            tcp_port,
            _tasks: tasks,
            requests,
            spool,
            budget,
            captures: HashMap::new(),
            recorded: 0,
        }
    }

    pub async fn join(&self, name: &str, n: u8) -> Person {
        self.join_with(name, n, policy(1, true, true)).await
    }

    pub async fn join_with(&self, name: &str, n: u8, policy: AppPolicy) -> Person {
        static SESSIONS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let session = SESSIONS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let (outbox, messages) = mpsc::channel(CLIENT_QUEUE);
        let id = PeerId::from_parts(u64::from(n), [n; 10]);
        let newcomer = Newcomer {
            peer: id,
            session,
            name: None,
            app_key: Some(app_key()),
            card: None,
            watches: Watches::Everyone,
            settings: KeySettings::default(),
            is_numbered: false,
            video: VideoFormat::default(),
            media_within: None,
            outbox,
        };
        let room = room(name);
        self.workers.to_room(&room, WorkerCommand::Join { room: room.clone(), policy, newcomer }).await;
        Person { id, session, messages }
    }

    pub async fn disconnect(&self, name: &str, person: &Person) {
        let (room, peer, session) = (room(name), person.id, person.session);
        self.workers.to_room(&room, WorkerCommand::Disconnected { room: room.clone(), peer, session }).await;
    }

    pub async fn say(&self, name: &str, person: &Person, message: ClientMessage) {
        let room = room(name);
        self.workers
            .to_room(&room, WorkerCommand::Message { room: room.clone(), peer: person.id, message: message.into() })
            .await;
    }

    pub async fn set_policy(&self, policy: AppPolicy) {
        let application = application();
        self.workers.to_all(|| WorkerCommand::SetPolicy { application, policy: policy.clone() }).await;
    }

    /// The recorder is asked for a start.
    pub async fn asked(&mut self) -> (RoomKey, RequestId) {
        match self.request().await {
            RecordingRequest::Start { room, request, .. } => (room, request),
            other => panic!("no start was asked for: {other:?}"),
        }
    }

    /// The recorder is told of a stop.
    pub async fn stopped(&mut self) -> (RecordingId, StopCause) {
        match self.request().await {
            RecordingRequest::Stopped { recording, cause } => (recording, cause),
            other => panic!("nothing was stopped: {other:?}"),
        }
    }

    /// The next thing the recorder is asked or told, but who comes and goes.
    async fn request(&mut self) -> RecordingRequest {
        loop {
            let request = timeout(PATIENCE, self.requests.recv()).await.expect("a request in time").unwrap();
            if !matches!(request, RecordingRequest::Presence(_)) {
                return request;
            }
        }
    }

    /// The control plane is told of somebody who came or went.
    pub async fn presence(&mut self) -> Presence {
        loop {
            if let RecordingRequest::Presence(presence) =
                timeout(PATIENCE, self.requests.recv()).await.expect("somebody in time").unwrap()
            {
                return presence;
            }
        }
    }

    /// Whether the recorder was asked for a start that nobody took yet.
    pub fn was_asked(&mut self) -> bool {
        std::iter::from_fn(|| self.requests.try_recv().ok())
            .any(|request| matches!(request, RecordingRequest::Start { .. }))
    }

    /// Begins a recording that the control plane ordered.
    pub async fn order(&mut self, room: &RoomKey, spec: RecordingSpec) -> RecordingId {
        let recording = spec.id;
        let started = self.open(spec);
        self.tell(room, Order::Begin(started)).await;
        recording
    }

    /// Gives an order of the control plane to a room.
    pub async fn tell(&self, room: &RoomKey, order: Order) {
        self.workers.to_room(room, WorkerCommand::Order { room: room.clone(), order }).await;
    }

    /// Opens a capture.
    pub fn open(&mut self, spec: RecordingSpec) -> StartedRecording {
        let directory = self.directory(spec.id);
        let problem = |problem| panic!("capture problem: {problem:?}");
        let capture = capture::start(&directory, &spec, clock::unix_ms(), self.budget.clone(), problem).unwrap();
        self.captures.insert(spec.id, capture.clone());
        StartedRecording { spec, capture, started: clock::now() }
    }

    /// Grants a start.
    pub async fn decide(&mut self, room: &RoomKey, request: RequestId, spec: RecordingSpec) -> RecordingId {
        let recording = spec.id;
        let decision = StartDecision { request, result: Ok(self.open(spec)) };
        self.workers.to_room(room, WorkerCommand::Decided { room: room.clone(), decision }).await;
        recording
    }

    /// Starts a recording all the way.
    pub async fn record(&mut self, name: &str, person: &mut Person) -> RecordingId {
        self.say(name, person, ClientMessage::StartRecording).await;
        let (room, request) = self.asked().await;
        self.recorded += 1;
        let recording = self.decide(&room, request, spec(&room, self.recorded)).await;
        assert_eq!(person.recording_state().await, (RecordingSignal::Start, Some(recording)));
        recording
    }

    /// Waits until a capture has ended and is on disk.
    pub async fn written(&self, recording: RecordingId) {
        timeout(PATIENCE, self.captures[&recording].finished()).await.unwrap();
    }

    /// What opens the capture of [`spec`].
    pub fn key(&self, recording: RecordingId) -> CaptureKey {
        let number = recording.uuid().as_bytes()[15];
        CaptureKey::new([number; 32])
    }

    pub fn directory(&self, recording: RecordingId) -> PathBuf {
        self.spool.path().join(recording.to_string())
    }
}

pub struct Person {
    pub id: PeerId,
    pub session: u64,
    pub messages: mpsc::Receiver<RoomMessage>,
}

impl Person {
    pub async fn next(&mut self) -> ServerMessage {
        match timeout(PATIENCE, self.messages.recv()).await.expect("a message in time").expect("still in the room") {
            RoomMessage::Client(message) => message,
            other => panic!("only for peers with cards: {other:?}"),
        }
    }

    /// The next message of the wanted kind; others are passed over.
    pub async fn expect(&mut self, wanted: impl Fn(&ServerMessage) -> bool) -> ServerMessage {
        loop {
            let message = self.next().await;
            if wanted(&message) {
                return message;
            }
        }
    }

    pub async fn recording_state(&mut self) -> (RecordingSignal, Option<RecordingId>) {
        match self.expect(|message| matches!(message, ServerMessage::RecordingState { .. })).await {
            ServerMessage::RecordingState { state, recording, .. } => (state, recording),
            _ => unreachable!(),
        }
    }

    pub async fn recording_error(&mut self) -> String {
        let wanted = |message: &ServerMessage| matches!(message, ServerMessage::RecordingState { error: Some(_), .. });
        match self.expect(wanted).await {
            ServerMessage::RecordingState { error: Some(error), .. } => error.code,
            _ => unreachable!(),
        }
    }
}
