//! From the end of a capture to parts in the bucket.

use super::{Delivery, Recorder};
use crate::uploader::{MixProcess, MixProcessError, Upload, UploadError, Uploaded};
use protocol::{
    ids::RecordingId,
    link::{Event, PartRefusal},
    recording::{CaptureKey, FailureCause},
};
use std::{fs, io, path::Path, time::Duration};
use tokio::time::sleep;

/// Mixes tried before a capture counts as unmixable.
const MIX_ATTEMPTS: usize = 3;
/// Bounds of what the control plane may ask for, so that neither end is flooded and no capture forgotten.
const SHORTEST_HOLD: Duration = Duration::from_secs(1);
const LONGEST_HOLD: Duration = Duration::from_secs(3600);
/// Written once all parts are up: after a crash the upload is reported again instead of being done again.
const UPLOADED: &str = "uploaded.json";

/// What the control plane does not know yet.
struct News {
    /// That the capture is being mixed.
    mixing: bool,
    /// Why the upload before was given up.
    refused: Option<PartRefusal>,
}

impl Recorder {
    /// Mixes, uploads and reports, once more when that is wanted meanwhile. The capture stays until the control plane
    /// says how the recording ended.
    pub(super) async fn finish(&self, recording: RecordingId, key: &CaptureKey) {
        loop {
            self.deliver(recording, key).await;
            let mut live = self.live();
            let Some(live) = live.get_mut(&recording) else { return };
            if live.delivery != Delivery::Repeats {
                live.delivery = Delivery::Rests;
                return;
            }
            live.delivery = Delivery::UnderWay;
            forget_uploaded(&self.directory(recording));
        }
    }

    /// The control plane wants the file once more. The command may come again after a crash.
    pub(super) fn upload_again(&self, recording: RecordingId) {
        let mut live = self.live();
        let live = live.get_mut(&recording);
        match live {
            Some(live) if live.delivery != Delivery::Rests => live.delivery = Delivery::Repeats,
            Some(live) if live.capture.is_none() => {
                live.delivery = Delivery::UnderWay;
                forget_uploaded(&self.directory(recording));
                let (recorder, key) = (self.clone(), live.key.clone());
                self.0.tasks.spawn(async move { recorder.finish(recording, &key).await });
            }
            // It asks where to when it has ended.
            Some(live) if live.direct => {}
            Some(_) => tracing::warn!(%recording, "a recording in progress cannot be uploaded again"),
            // What an earlier run of this node left is taken up in a moment.
            None => forget_uploaded(&self.directory(recording)),
        }
    }

    async fn deliver(&self, recording: RecordingId, key: &CaptureKey) {
        if self.is_direct(recording) {
            return self.put(recording, key).await;
        }
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
                tracing::error!(%recording, %error, "recording failed");
                let cause = FailureCause::MixFailed;
                self.0.link.event(Event::RecordingFailed { recording, cause, detail: error.to_string() }).await;
            }
        }
    }

    /// Mixes and uploads, again and again while the bucket does not take it: the capture is safe in the spool, and a
    /// bucket that is down today may be up tomorrow. How long that is worth trying, the control plane decides.
    async fn mix(&self, recording: RecordingId, key: &CaptureKey, directory: &Path) -> Result<Uploaded, UploadError> {
        let pauses = &self.0.settings.pauses;
        let (mut failed_mixes, mut pause, mut news) = (0, pauses.attempt, News { mixing: true, refused: None });
        loop {
            let error = match self.mix_once(recording, key, directory, &mut news).await {
                Err(error) => error,
                uploaded => return uploaded,
            };
            if !self.live().contains_key(&recording) {
                // The control plane ended it meanwhile, and the capture is erased.
                return Err(UploadError::Gone);
            }
            tracing::warn!(%recording, %error, "not uploaded yet");
            match error {
                UploadError::Gone => return Err(error),
                // The machine is short of something, or the program is being replaced: nothing the capture can help.
                UploadError::Mix(MixProcessError::Io(_)) => {}
                UploadError::Mix(_) if failed_mixes + 1 == MIX_ATTEMPTS => return Err(error),
                UploadError::Mix(_) => failed_mixes += 1,
                UploadError::Held(hold) => {
                    sleep(hold.clamp(SHORTEST_HOLD, LONGEST_HOLD)).await;
                    continue;
                }
                UploadError::Refused { refusal, .. } => news.refused = Some(refusal),
                UploadError::Unavailable => {}
            }
            sleep(pause).await;
            pause = (pause * 2).min(pauses.longest_attempt);
        }
    }

    /// Asks first: without a bucket that works, nothing is mixed.
    async fn mix_once(
        &self,
        recording: RecordingId,
        key: &CaptureKey,
        directory: &Path,
        news: &mut News,
    ) -> Result<Uploaded, UploadError> {
        let inner = &self.0;
        let Ok(_turn) = inner.mixes.acquire().await else { return Err(UploadError::Gone) };
        let (link, pauses) = (&inner.link, &inner.settings.pauses.part);
        let upload = Upload::begin(link, &inner.parts, pauses, recording, news.refused.clone()).await;
        if !matches!(upload, Err(UploadError::Unavailable)) {
            news.refused = None;
        }
        let upload = upload?;
        if std::mem::take(&mut news.mixing) {
            link.event(Event::RecordingMixing { recording }).await;
        }
        let uploaded = upload.send(MixProcess::start(&inner.settings.mixer, directory, key).await?).await?;
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

fn forget_uploaded(directory: &Path) {
    if let Err(error) = fs::remove_file(directory.join(UPLOADED))
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(directory = %directory.display(), %error, "the note of an upload was not removed");
    }
}

fn write_uploaded(directory: &Path, uploaded: &Uploaded) -> io::Result<()> {
    let unfinished = directory.join("uploaded.json.new");
    fs::write(&unfinished, serde_json::to_vec(uploaded)?)?;
    fs::File::open(&unfinished)?.sync_all()?;
    fs::rename(unfinished, directory.join(UPLOADED))
}
