//! Recordings of single streams of StreamRec clients: asked for by their front door, delivered as they are to the
//! addresses that the clients chose.

use super::{Delivery, RETRY, Recorder, START_ATTEMPTS};
use crate::{
    clock, random,
    remux::{Facts, Remux},
    sfu::{Order, RecordingOutcome, RoomKey, StartedRecording, WorkerCommand},
    uploader::{PutError, UploadUrl},
};
use protocol::{
    ids::{RecordingId, RequestId, SessionId},
    link::{Answer, Event, Query},
    recording::{self, Artifact, CaptureKey, FailureCause, FirstFrame, RecordingSpec, StartRefusal, StopCause},
    streamrec::Confidential,
};
use std::sync::Arc;
use tokio::time::sleep;

/// One stream that is being recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamRecording {
    pub id: RecordingId,
    pub max_duration_seconds: u32,
    /// Until when its address takes the file, in Unix milliseconds, if that is known.
    pub address_expires_at: Option<u64>,
}

impl Recorder {
    /// Starts to record one stream of a session.
    ///
    /// # Errors
    /// Why it is not recorded.
    pub async fn start_stream(
        &self,
        room: &RoomKey,
        session: SessionId,
        stream: u8,
        url: Confidential,
        webhook: Option<String>,
    ) -> Result<StreamRecording, StartRefusal> {
        let random = random::bytes().map_err(|_| StartRefusal::ControlPlaneUnreachable)?;
        let request = RequestId::from_parts(clock::unix_ms(), random);
        self.early_stops().starting();
        let query = Query::StartUpload { request, session, stream, url, webhook };
        let started = match self.ask_for_stream(query).await {
            Ok(spec) => self.open(room, spec).await,
            Err(refusal) => Err(refusal),
        };
        let begun = started.as_ref().ok().map(|started: &StartedRecording| started.spec.id);
        let result = match started {
            Ok(started) => {
                let RecordingSpec { id, max_duration_seconds, delivery, .. } = started.spec;
                let address_expires_at = match delivery {
                    recording::Delivery::Direct { expires_at, .. } => expires_at,
                    recording::Delivery::Mixed => None,
                };
                let order = Order::BeginStream { stream: stream.into(), started };
                self.0.workers.to_room(room, WorkerCommand::Order { room: room.clone(), order }).await;
                Ok(StreamRecording { id, max_duration_seconds, address_expires_at })
            }
            Err(refusal) => Err(refusal),
        };
        self.stop_early(room, begun).await;
        result
    }

    async fn ask_for_stream(&self, query: Query) -> Result<RecordingSpec, StartRefusal> {
        if self.0.settings.budget.is_full() {
            return Err(StartRefusal::SpoolFull);
        }
        for _ in 0..START_ATTEMPTS {
            match self.0.link.query(query.clone()).await {
                Answer::Recording { spec } => return Ok(spec),
                Answer::Refused { refusal } => return Err(refusal),
                _ => {}
            }
        }
        Err(StartRefusal::ControlPlaneUnreachable)
    }

    /// Stops a recording that is being captured. Harmless when it has stopped.
    pub async fn stop(&self, recording: RecordingId, cause: StopCause) {
        // It may be faster than the start on its way to the room.
        self.early_stops().stopped(recording, cause);
        let room = self.live().get(&recording).map(|live| live.room.clone());
        if let Some(room) = room {
            let command = WorkerCommand::StopRecording { room: room.clone(), recording, cause };
            self.0.workers.to_room(&room, command).await;
        }
    }

    /// Whether a capture goes as it is to an address of its client.
    pub(super) fn is_direct(&self, recording: RecordingId) -> bool {
        self.live().get(&recording).is_some_and(|live| live.direct)
    }

    /// Makes the file and puts it where its client wants it, unless that has been refused already. An address that
    /// refuses is reported; another one comes by a command.
    pub(super) async fn put(&self, recording: RecordingId, key: &CaptureKey) {
        let file = match Remux::open(self.directory(recording), key.clone(), |_| true).await {
            Ok(file) => file,
            Err(error) => return self.not_made(recording, &error.to_string()).await,
        };
        loop {
            match self.0.link.query_when_up(Query::UploadTarget { recording }).await {
                Answer::Target { url, revision } => return self.put_to(recording, &file, (&url, revision)).await,
                Answer::Held { .. } => return,
                Answer::Gone => return self.erase(recording).await,
                _ => sleep(RETRY).await,
            }
        }
    }

    async fn put_to(&self, recording: RecordingId, file: &Arc<Remux>, (url, revision): (&Confidential, u32)) {
        let Some(room) = self.live().get(&recording).map(|live| live.room.clone()) else { return };
        let refused = |status, detail| Event::UploadRefused { recording, revision, status, detail };
        let event = match url.expose().parse::<UploadUrl>() {
            Err(error) => refused(0, error.to_string()),
            Ok(url) => match self.0.puts.put(room.application, file, &url).await {
                Ok(delivered) => {
                    tracing::info!(%recording, destination = %url, attempts = delivered.attempts, "recording delivered");
                    delivered_event(recording, file.facts())
                }
                Err(PutError::Capture(error)) => return self.not_made(recording, &error.to_string()).await,
                Err(error) => refused(error.status(), error.to_string()),
            },
        };
        // Another address may have been named meanwhile, which is tried next.
        let replaced = || self.live().get(&recording).is_some_and(|live| live.delivery == Delivery::Repeats);
        if matches!(event, Event::UploadRefused { .. }) && !replaced() {
            let outcome = RecordingOutcome::Failed { cause: FailureCause::UploadFailed };
            let command = WorkerCommand::Deliver { room: room.clone(), recording, outcome };
            self.0.workers.to_room(&room, command).await;
        }
        self.0.link.event(event).await;
    }

    async fn not_made(&self, recording: RecordingId, detail: &str) {
        tracing::error!(%recording, detail, "recording failed");
        let cause = FailureCause::MixFailed;
        self.0.link.event(Event::RecordingFailed { recording, cause, detail: detail.to_owned() }).await;
    }
}

fn delivered_event(recording: RecordingId, facts: &Facts) -> Event {
    let size = facts.video.as_ref().map(|video| (u32::from(video.width), u32::from(video.height)));
    let (width, height) = size.unwrap_or_default();
    let artifact = Artifact {
        bytes: facts.bytes,
        duration_ms: facts.duration_ms,
        width,
        height,
        approximate_sync: facts.approximate_sync,
        poster: false,
    };
    let first_frame =
        FirstFrame { written_at: Some(facts.first_frame_written_ms), captured_at: facts.first_frame_captured_ms };
    Event::RecordingDelivered { recording, artifact, first_frame }
}
