//! From the end of a capture to parts in the bucket.

use super::{RETRY, Recorder};
use crate::{
    clock,
    uploader::{UploadError, Uploaded, upload_mix},
};
use protocol::{
    ids::RecordingId,
    link::Event,
    recording::{CaptureKey, FailureCause},
};
use std::{fs, io, path::Path, time::Duration};

/// Mixes tried before a capture counts as unmixable.
const MIX_ATTEMPTS: usize = 3;
/// How long a capture is held for a bucket that does not take it.
const HOLD_TIME: Duration = Duration::from_secs(24 * 3600);
/// Longest pause between attempts at a bucket.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
/// Written once all parts are up: after a crash the upload is reported again instead of being done again.
const UPLOADED: &str = "uploaded.json";

impl Recorder {
    /// Mixes, uploads and reports. The capture stays until the control plane says how the recording ended.
    pub(super) async fn finish(&self, recording: RecordingId, key: &CaptureKey) {
        let directory = self.directory(recording);
        let uploaded = match read_uploaded(&directory) {
            Some(uploaded) => Ok(uploaded),
            None => self.mix(recording, key, &directory).await,
        };
        match uploaded {
            Ok(Uploaded { upload, parts, artifact }) => {
                tracing::info!(%recording, bytes = artifact.bytes, "recording uploaded");
                self.0.link.event(Event::RecordingUploaded { recording, upload, parts, artifact }).await;
            }
            Err(UploadError::Gone) => self.erase(recording).await,
            Err(error) => {
                let cause = match error {
                    UploadError::Mix(_) => FailureCause::MixFailed,
                    UploadError::Part { .. } | UploadError::Gone => FailureCause::UploadFailed,
                };
                tracing::error!(%recording, %error, "recording failed");
                self.0.link.event(Event::RecordingFailed { recording, cause, detail: error.to_string() }).await;
            }
        }
    }

    /// Mixes and uploads, again and again while the bucket does not take it: the capture is safe in the spool, and a
    /// bucket that is down today may be up tomorrow.
    async fn mix(&self, recording: RecordingId, key: &CaptureKey, directory: &Path) -> Result<Uploaded, UploadError> {
        let give_up = clock::now() + HOLD_TIME;
        self.0.link.event(Event::RecordingMixing { recording }).await;
        let (mut failed_mixes, mut pause) = (0, RETRY);
        loop {
            match self.mix_once(recording, key, directory).await {
                Err(UploadError::Mix(error)) if failed_mixes + 1 < MIX_ATTEMPTS => {
                    tracing::warn!(%recording, %error, "mix failed, trying again");
                    failed_mixes += 1;
                }
                Err(UploadError::Part { number, reason }) if clock::now() < give_up => {
                    tracing::warn!(%recording, number, reason, "upload failed, trying again later");
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                result => return result,
            }
            tokio::time::sleep(pause).await;
        }
    }

    async fn mix_once(
        &self,
        recording: RecordingId,
        key: &CaptureKey,
        directory: &Path,
    ) -> Result<Uploaded, UploadError> {
        let inner = &self.0;
        let Ok(_turn) = inner.mixes.acquire().await else { return Err(UploadError::Gone) };
        let mixer = &inner.settings.mixer;
        let uploaded = upload_mix(&inner.link, &inner.parts, mixer, recording, directory, key).await?;
        if let Err(error) = write_uploaded(directory, &uploaded) {
            // The event is what counts; without the note a crash costs a second mix.
            tracing::warn!(%recording, %error, "upload not noted");
        }
        Ok(uploaded)
    }
}

fn read_uploaded(directory: &Path) -> Option<Uploaded> {
    let text = fs::read(directory.join(UPLOADED)).ok()?;
    serde_json::from_slice(&text).ok()
}

fn write_uploaded(directory: &Path, uploaded: &Uploaded) -> io::Result<()> {
    let unfinished = directory.join("uploaded.json.new");
    fs::write(&unfinished, serde_json::to_vec(uploaded)?)?;
    fs::File::open(&unfinished)?.sync_all()?;
    fs::rename(unfinished, directory.join(UPLOADED))
}
