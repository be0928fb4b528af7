//! Recordings that the control plane orders: it has decided already.

use super::Recorder;
use crate::sfu::{Order, RoomKey, StartedRecording, WorkerCommand};
use protocol::{
    ids::RecordingId,
    link::{Answer, Event, Query},
    recording::FailureCause,
};

impl Recorder {
    /// Opens the capture and gives it to the room. An order that comes again, or too late, is harmless.
    pub(super) async fn start_ordered(&self, room: &RoomKey, recording: RecordingId) {
        if self.live().contains_key(&recording) {
            return;
        }
        self.early_stops().starting();
        let started = self.open_ordered(room, recording).await;
        let begun = started.is_some().then_some(recording);
        if let Some(started) = started {
            let command = WorkerCommand::Order { room: room.clone(), order: Order::Begin(started) };
            self.0.workers.to_room(room, command).await;
        }
        self.stop_early(room, begun).await;
    }

    async fn open_ordered(&self, room: &RoomKey, recording: RecordingId) -> Option<StartedRecording> {
        let Answer::Recording { spec } = self.0.link.query_when_up(Query::ResumeRecording { recording }).await else {
            tracing::info!(%recording, "an ordered recording ended before it began");
            return None;
        };
        if self.0.settings.budget.is_full() {
            let detail = "the spool is full".to_owned();
            let event = Event::RecordingFailed { recording, cause: FailureCause::CaptureLost, detail };
            self.0.link.event(event).await;
            return None;
        }
        // What keeps it from opening is logged and reported there.
        self.open(room, spec).await.ok()
    }
}
