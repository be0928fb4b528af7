//! Looks after every recording of the node from the start to the end: asks the control plane, opens the capture,
//! and after the stop has it mixed, uploaded and erased. A recording is never dropped: whatever fails is tried again
//! or reported as `failed`.

mod early_stops;
mod finish;
mod ordered;
mod recover;
mod streams;

use crate::{
    capture::{self, CaptureHandle, CaptureProblem, SpoolBudget},
    clock,
    control::Link,
    sfu::{
        Presence, RecordingOutcome, RecordingRequest, RoomKey, StartDecision, StartedRecording, WorkerCommand, Workers,
    },
    uploader::{PartClient, PutClient},
};
use early_stops::EarlyStops;
use protocol::{
    ids::{AppKeyId, PeerId, RecordingId, RequestId},
    link::{Answer, Command, Event, Query},
    recording::{CaptureKey, FailureCause, RecordingSpec, StartRefusal, StopCause},
};
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
pub use streams::StreamRecording;
use tokio::{
    sync::{Semaphore, mpsc},
    time::interval,
};
use tokio_util::task::TaskTracker;

/// Attempts at asking for a start before the peer is told that it did not work.
const START_ATTEMPTS: usize = 3;
/// How often it is looked whether deliveries have ended.
const DELIVERY_LOOKS: Duration = Duration::from_millis(50);
/// Pause after something that has to work in the end did not.
const RETRY: Duration = Duration::from_secs(2);

/// What the recorder works with.
pub struct RecorderSettings {
    /// One directory per recording.
    pub spool: PathBuf,
    pub budget: Arc<SpoolBudget>,
    /// The executable whose `mix` subcommand mixes.
    pub mixer: PathBuf,
    /// Mixes at the same time.
    pub mixes: usize,
    pub pauses: Pauses,
}

/// How long a failed upload is left alone.
pub struct Pauses {
    /// Between attempts at one part.
    pub part: Vec<Duration>,
    /// After a first upload that was given up; doubled for each further one.
    pub attempt: Duration,
    pub longest_attempt: Duration,
}

impl Default for Pauses {
    /// Two minutes for a part, so that an outage costs no second mix in most cases.
    fn default() -> Self {
        Self {
            part: [500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000].map(Duration::from_millis).to_vec(),
            attempt: Duration::from_secs(2),
            longest_attempt: Duration::from_secs(600),
        }
    }
}

/// One recording this node has.
struct Live {
    room: RoomKey,
    key: CaptureKey,
    /// It goes as it is to an address of its client.
    direct: bool,
    /// While the room is being captured.
    capture: Option<CaptureHandle>,
    delivery: Delivery,
}

/// What is being done about a capture that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Delivery {
    /// It has not ended, or has been uploaded.
    Rests,
    UnderWay,
    /// Under way, and wanted once more after that.
    Repeats,
}

/// Handle on the recorder.
#[derive(Clone)]
pub struct Recorder(Arc<Inner>);

struct Inner {
    settings: RecorderSettings,
    link: Link,
    workers: Workers,
    parts: PartClient,
    puts: PutClient,
    mixes: Semaphore,
    live: Mutex<HashMap<RecordingId, Live>>,
    early_stops: Mutex<EarlyStops>,
    tasks: TaskTracker,
}

impl Recorder {
    #[must_use]
    pub fn new(settings: RecorderSettings, link: Link, workers: Workers, parts: PartClient, puts: PutClient) -> Self {
        let mixes = Semaphore::new(settings.mixes);
        let live = Mutex::new(HashMap::new());
        let (early_stops, tasks) = (Mutex::default(), TaskTracker::new());
        Self(Arc::new(Inner { settings, link, workers, parts, puts, mixes, live, early_stops, tasks }))
    }

    /// Serves the rooms until they are gone.
    pub async fn run(self, mut requests: mpsc::Receiver<RecordingRequest>) {
        while let Some(request) = requests.recv().await {
            let recorder = self.clone();
            match request {
                RecordingRequest::Start { room, request, app_key, peer } => {
                    self.0.tasks.spawn(async move { recorder.start(room, request, app_key, peer).await });
                }
                RecordingRequest::Presence(presence) => self.0.link.event(self.seen(presence)).await,
                RecordingRequest::Stopped { recording, cause } => {
                    // Reported before anything else is asked, so that the next start in the room finds it free.
                    let event = Event::RecordingStopped { recording, at: clock::unix_ms(), cause };
                    self.0.link.event(event).await;
                    tracing::info!(%recording, %cause, "recording stopped");
                    self.0.tasks.spawn(async move { recorder.stopped(recording).await });
                }
            }
        }
    }

    /// Every recording whose lease this node wants to keep.
    #[must_use]
    pub fn recordings(&self) -> Vec<RecordingId> {
        self.live().keys().copied().collect()
    }

    /// Waits until every capture that is being written is on disk.
    pub async fn captures_on_disk(&self) {
        let captures: Vec<CaptureHandle> = self.live().values().filter_map(|live| live.capture.clone()).collect();
        for capture in captures {
            capture.finished().await;
        }
    }

    /// Waits until nothing is on its way any more to addresses of clients, or about to be, or waits there for another
    /// one.
    pub async fn direct_deliveries(&self) {
        let mut pause = interval(DELIVERY_LOOKS);
        let awaited = |live: &Live| live.direct && (live.capture.is_some() || live.delivery != Delivery::Rests);
        while self.live().values().any(awaited) {
            pause.tick().await;
        }
    }

    fn live(&self) -> MutexGuard<'_, HashMap<RecordingId, Live>> {
        self.0.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn early_stops(&self) -> MutexGuard<'_, EarlyStops> {
        self.0.early_stops.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn directory(&self, recording: RecordingId) -> PathBuf {
        self.0.settings.spool.join(recording.to_string())
    }

    async fn start(&self, room: RoomKey, request: RequestId, app_key: AppKeyId, peer: PeerId) {
        self.early_stops().starting();
        let result = match self.ask(&room, request, app_key, peer).await {
            Ok(spec) => self.open(&room, spec).await,
            Err(refusal) => Err(refusal),
        };
        if let Err(refusal) = &result {
            tracing::info!(room = %room.room, %refusal, "recording not started");
        }
        let recording = result.as_ref().ok().map(|started| started.spec.id);
        let decision = StartDecision { request, result };
        self.0.workers.to_room(&room, WorkerCommand::Decided { room: room.clone(), decision }).await;
        self.stop_early(&room, recording).await;
    }

    /// A start has reached its room, or failed: stops it if that was faster.
    async fn stop_early(&self, room: &RoomKey, recording: Option<RecordingId>) {
        let early_stop = self.early_stops().started(recording);
        if let (Some(recording), Some(cause)) = (recording, early_stop) {
            let command = WorkerCommand::StopRecording { room: room.clone(), recording, cause };
            self.0.workers.to_room(room, command).await;
        }
    }

    async fn ask(
        &self,
        room: &RoomKey,
        request: RequestId,
        app_key: AppKeyId,
        peer: PeerId,
    ) -> Result<RecordingSpec, StartRefusal> {
        if self.0.settings.budget.is_full() {
            return Err(StartRefusal::SpoolFull);
        }
        for _ in 0..START_ATTEMPTS {
            let (application, name) = (room.application, room.room.clone());
            let query = Query::StartRecording { request, application, app_key, room: name, peer };
            match self.0.link.query(query).await {
                Answer::Recording { spec } => return Ok(spec),
                Answer::Refused { refusal } => return Err(refusal),
                _ => {}
            }
        }
        Err(StartRefusal::ControlPlaneUnreachable)
    }

    async fn open(&self, room: &RoomKey, spec: RecordingSpec) -> Result<StartedRecording, StartRefusal> {
        let recording = spec.id;
        let (started, at) = (clock::now(), clock::unix_ms());
        let capture = match self.start_capture(room, &spec, at).await {
            Ok(capture) => capture,
            Err(error) => {
                tracing::error!(%recording, %error, "capture not started");
                let event =
                    Event::RecordingFailed { recording, cause: FailureCause::CaptureLost, detail: error.to_string() };
                self.0.link.event(event).await;
                return Err(StartRefusal::SpoolFull);
            }
        };
        let live = Live {
            room: room.clone(),
            key: spec.capture_key.clone(),
            direct: spec.is_direct(),
            capture: Some(capture.clone()),
            delivery: Delivery::Rests,
        };
        self.live().insert(recording, live);
        self.0.link.event(Event::RecordingStarted { recording, at }).await;
        tracing::info!(%recording, room = %room.room, "recording started");
        Ok(StartedRecording { spec, capture, started })
    }

    async fn start_capture(&self, room: &RoomKey, spec: &RecordingSpec, at: u64) -> anyhow::Result<CaptureHandle> {
        let (recorder, room, recording) = (self.clone(), room.clone(), spec.id);
        let runtime = tokio::runtime::Handle::current();
        let on_problem = move |problem: CaptureProblem| {
            tracing::error!(%recording, ?problem, "capture ended early");
            // Whatever the disk's reason, the remedy is the same: stop, and deliver what is there.
            let command = WorkerCommand::StopRecording { room: room.clone(), recording, cause: StopCause::SpoolFull };
            let (recorder, room) = (recorder.clone(), room.clone());
            let tasks = recorder.0.tasks.clone();
            tasks.spawn_on(async move { recorder.0.workers.to_room(&room, command).await }, &runtime);
        };
        let (directory, spec) = (self.directory(recording), spec.clone());
        let budget = self.0.settings.budget.clone();
        let capture = tokio::task::spawn_blocking(move || capture::start(&directory, &spec, at, budget, on_problem));
        Ok(capture.await??)
    }

    /// A room has written its last packet.
    async fn stopped(&self, recording: RecordingId) {
        let live = self.live().get_mut(&recording).map(|live| {
            live.delivery = Delivery::UnderWay;
            (live.key.clone(), live.capture.take())
        });
        let Some((key, capture)) = live else { return };
        if let Some(capture) = capture {
            capture.finished().await;
        }
        self.finish(recording, &key).await;
    }

    /// Applies a command about a recording.
    pub async fn command(&self, command: Command) {
        match command {
            Command::StartRecording { application, room, recording } => {
                let (recorder, room) = (self.clone(), RoomKey { application, room });
                // What has to be asked travels on the link that waits for this command to be applied.
                self.0.tasks.spawn(async move { recorder.start_ordered(&room, recording).await });
            }
            Command::StopRecording { recording, cause } => self.stop(recording, cause).await,
            Command::RecordingReady { recording, url } => {
                self.ended(recording, RecordingOutcome::Ready { url }).await;
            }
            Command::RecordingDelivered { recording } => self.ended(recording, RecordingOutcome::Delivered).await,
            Command::UploadAgain { recording } => self.upload_again(recording),
            Command::RecordingFailed { recording, cause } => {
                self.ended(recording, RecordingOutcome::Failed { cause }).await;
            }
            Command::SetPolicy { .. }
            | Command::RevokeAppKey { .. }
            | Command::EndRoom { .. }
            | Command::RemovePeer { .. } => {}
        }
    }

    async fn ended(&self, recording: RecordingId, outcome: RecordingOutcome) {
        let room = self.live().get(&recording).map(|live| live.room.clone());
        if let Some(room) = room {
            let command = WorkerCommand::Deliver { room: room.clone(), recording, outcome };
            self.0.workers.to_room(&room, command).await;
        }
        self.erase(recording).await;
    }

    /// Destroys what the spool holds of a recording.
    async fn erase(&self, recording: RecordingId) {
        self.live().remove(&recording);
        let (directory, budget) = (self.directory(recording), self.0.settings.budget.clone());
        let erased = tokio::task::spawn_blocking(move || capture::erase(&directory, &budget)).await;
        match erased {
            Ok(Ok(())) => tracing::info!(%recording, "capture erased"),
            Ok(Err(error)) => tracing::warn!(%recording, %error, "capture not erased"),
            Err(error) => tracing::error!(%recording, %error, "capture not erased"),
        }
    }

    /// What the control plane is told of somebody who came or went.
    fn seen(&self, presence: Presence) -> Event {
        let (boot, at) = (self.0.link.boot, clock::unix_ms());
        match presence {
            Presence::Joined { room, peer, name } => {
                Event::PeerJoined { boot, application: room.application, room: room.room, peer, name, at }
            }
            Presence::Left { peer } => Event::PeerLeft { peer, at },
        }
    }
}
