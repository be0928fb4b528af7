//! From the end of a capture to parts in the bucket.

use super::{RETRY, Recorder};
use crate::uploader::{UploadError, Uploaded, upload_mix};
use protocol::{
    ids::RecordingId,
    link::Event,
    recording::{CaptureKey, FailureCause},
};
use std::{fs, io, path::Path};

/// Mixes tried before a capture counts as unmixable.
const ATTEMPTS: usize = 3;
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

    async fn mix(&self, recording: RecordingId, key: &CaptureKey, directory: &Path) -> Result<Uploaded, UploadError> {
        let inner = &self.0;
        let Ok(_turn) = inner.mixes.acquire().await else { return Err(UploadError::Gone) };
        self.0.link.event(Event::RecordingMixing { recording }).await;
        let mut attempt = 1;
        loop {
            let mix = upload_mix(&inner.link, &inner.parts, &inner.settings.mixer, recording, directory, key).await;
            match mix {
                Ok(uploaded) => {
                    if let Err(error) = write_uploaded(directory, &uploaded) {
                        // The event below is what counts; without the note a crash costs a second mix.
                        tracing::warn!(%recording, %error, "upload not noted");
                    }
                    return Ok(uploaded);
                }
                Err(UploadError::Mix(error)) if attempt < ATTEMPTS => {
                    tracing::warn!(%recording, attempt, %error, "mix failed, trying again");
                    attempt += 1;
                    tokio::time::sleep(RETRY).await;
                }
                Err(error) => return Err(error),
            }
        }
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
