//! What an earlier run of this node left in the spool is finished first thing.

use super::{Delivery, Live, RETRY, Recorder};
use crate::{
    capture::{self, CaptureEvent, Manifest},
    sfu::RoomKey,
};
use protocol::{
    ids::RecordingId,
    link::{Answer, Event, Query},
    recording::{FailureCause, RecordingSpec, StopCause},
};
use std::{fs, io, path::Path};

/// Names under the spool that are recordings.
///
/// # Errors
/// The spool cannot be read.
fn left_behind(spool: &Path) -> io::Result<Vec<RecordingId>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(spool)? {
        if let Some(recording) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) {
            found.push(recording);
        }
    }
    found.sort_unstable();
    Ok(found)
}

impl Recorder {
    /// Takes up every recording found in the spool, in the background.
    ///
    /// # Errors
    /// The spool cannot be read.
    pub fn recover(&self) -> io::Result<()> {
        for recording in left_behind(&self.0.settings.spool)? {
            let recorder = self.clone();
            self.0.tasks.spawn(async move { recorder.take_up(recording).await });
        }
        Ok(())
    }

    async fn take_up(&self, recording: RecordingId) {
        tracing::info!(%recording, "found in the spool");
        let spec = loop {
            match self.0.link.query(Query::ResumeRecording { recording }).await {
                Answer::Recording { spec } => break spec,
                Answer::Gone => return self.erase(recording).await,
                _ => tokio::time::sleep(RETRY).await,
            }
        };
        let room = RoomKey { application: spec.application, room: spec.room.clone() };
        let live = Live {
            room,
            key: spec.capture_key.clone(),
            direct: spec.is_direct(),
            capture: None,
            delivery: Delivery::UnderWay,
        };
        self.live().insert(recording, live);
        match self.end_of(&spec).await {
            Ok((at, cause)) => {
                self.0.link.event(Event::RecordingStopped { recording, at, cause }).await;
                self.finish(recording, &spec.capture_key).await;
            }
            Err(error) => {
                tracing::error!(%recording, %error, "capture cannot be read");
                let cause = FailureCause::CaptureLost;
                self.0.link.event(Event::RecordingFailed { recording, cause, detail: error.to_string() }).await;
            }
        }
    }

    /// When (Unix milliseconds) and why the capture ended.
    async fn end_of(&self, spec: &RecordingSpec) -> anyhow::Result<(u64, StopCause)> {
        let (directory, key) = (self.directory(spec.id), spec.capture_key.clone());
        let read = move || -> anyhow::Result<(u64, StopCause)> {
            let started = Manifest::read(&directory)?.started_ms;
            let capture = capture::read(&directory, &key)?;
            let stopped = capture.events.iter().find_map(|(_, event)| match event {
                CaptureEvent::Stopped { cause } => Some(*cause),
                _ => None,
            });
            Ok((started + capture.end_us / 1000, stopped.unwrap_or(StopCause::NodeCrash)))
        };
        tokio::task::spawn_blocking(read).await?
    }
}
