//! Mixes a capture and uploads it, part by part.

use super::{
    mix_process::{MixOutput, MixProcess, MixProcessError},
    parts::{PartClient, Store},
};
use crate::control::Link;
use bytes::Bytes;
use protocol::{
    ids::RecordingId,
    link::{Answer, PartRefusal, Query},
    recording::{Artifact, UploadedPart},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::time::sleep;

/// Attempts at a part that the bucket refuses outright, each with a URL signed afresh.
const REFUSED_ATTEMPTS: usize = 3;

/// Why nothing was uploaded.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    #[error(transparent)]
    Mix(#[from] MixProcessError),
    /// The bucket did not take a part, however often it was tried.
    #[error("part {number} was not taken: {refusal}")]
    Refused { number: u16, refusal: PartRefusal },
    /// The storage does not work at present; ask again later.
    #[error("the recording is held")]
    Held(Duration),
    /// The control plane could not begin an upload or sign a URL.
    #[error("the control plane could not help")]
    Unavailable,
    /// The control plane considers the recording ended.
    #[error("the recording has ended")]
    Gone,
}

/// Everything the control plane needs to complete the upload.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Uploaded {
    pub upload: String,
    pub parts: Vec<UploadedPart>,
    pub artifact: Artifact,
}

/// An upload under way.
pub struct Upload<'a> {
    link: &'a Link,
    client: &'a PartClient,
    /// Between attempts at one part.
    pauses: &'a [Duration],
    recording: RecordingId,
    id: String,
    store: Store,
}

impl<'a> Upload<'a> {
    /// Asks for an upload, and tells why the previous one was not finished.
    ///
    /// # Errors
    /// There is none now, or never.
    pub async fn begin(
        link: &'a Link,
        client: &'a PartClient,
        pauses: &'a [Duration],
        recording: RecordingId,
        refused: Option<PartRefusal>,
    ) -> Result<Self, UploadError> {
        match link.query_when_up(Query::BeginUpload { recording, refused }).await {
            Answer::Upload { upload: id, destination } => {
                let store = Store::try_from(destination).map_err(|error| UploadError::Refused {
                    number: 0,
                    refusal: PartRefusal { status: None, detail: error.to_string() },
                })?;
                Ok(Self { link, client, pauses, recording, id, store })
            }
            Answer::Held { retry_seconds } => Err(UploadError::Held(Duration::from_secs(retry_seconds.into()))),
            Answer::Gone => Err(UploadError::Gone),
            _ => Err(UploadError::Unavailable),
        }
    }

    /// Uploads what the mix makes.
    ///
    /// # Errors
    /// The mix failed, the bucket refused, or the recording has ended.
    pub async fn send(self, mut mix: MixProcess) -> Result<Uploaded, UploadError> {
        let (mut parts, mut has_poster) = (Vec::new(), false);
        let artifact = loop {
            match mix.next().await? {
                MixOutput::Part { number, bytes } => parts.push(self.put(number, bytes.into()).await?),
                MixOutput::Poster(bytes) => has_poster = self.put_poster(bytes.into()).await,
                MixOutput::Done(artifact) => break Artifact { poster: has_poster, ..artifact },
            }
        };
        parts.sort_by_key(|part| part.number);
        Ok(Uploaded { upload: self.id, parts, artifact })
    }

    /// Puts the picture beside the recording, whether it is there then. It is tried once: the recording does not wait for
    /// its picture.
    async fn put_poster(&self, bytes: Bytes) -> bool {
        let recording = self.recording;
        let query = Query::SignPoster { recording, upload: self.id.clone() };
        let Answer::Poster { url, headers } = self.link.query_when_up(query).await else { return false };
        match self.client.put_poster(&self.store, &url, &headers, bytes).await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%recording, %error, "the bucket did not take the poster");
                false
            }
        }
    }

    /// Puts one part. An outage that outlasts the pauses ends the mix, so that it does not keep others from being
    /// mixed; the recorder tries again later.
    async fn put(&self, number: u16, bytes: Bytes) -> Result<UploadedPart, UploadError> {
        let mut verdicts = 0;
        let mut failure = UploadError::Unavailable;
        for pause in self.pauses {
            // Signed afresh for each attempt: a URL may have expired meanwhile.
            let recording = self.recording;
            let query = Query::SignParts { recording, upload: self.id.clone(), parts: vec![number] };
            failure = match self.link.query_when_up(query).await {
                Answer::Parts { urls } => {
                    match self
                        .client
                        .put(&self.store, urls.first().map_or("", String::as_str), number, bytes.clone())
                        .await
                    {
                        Ok(part) => return Ok(part),
                        Err(error) => {
                            verdicts += usize::from(error.is_verdict());
                            UploadError::Refused { number, refusal: error.refusal() }
                        }
                    }
                }
                Answer::Gone => return Err(UploadError::Gone),
                _ => UploadError::Unavailable,
            };
            tracing::warn!(%recording, number, reason = %failure, "part not uploaded yet");
            if verdicts == REFUSED_ATTEMPTS {
                break;
            }
            sleep(*pause).await;
        }
        Err(failure)
    }
}
