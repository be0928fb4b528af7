//! Mixes a capture and uploads it, part by part.

use super::{
    mix_process::{MixOutput, MixProcess, MixProcessError},
    parts::PartClient,
};
use crate::control::Link;
use bytes::Bytes;
use protocol::{
    ids::RecordingId,
    link::{Answer, Query},
    recording::{Artifact, CaptureKey, UploadedPart},
};
use serde::{Deserialize, Serialize};
use std::{path::Path, time::Duration};
use tokio::time::sleep;

/// Pauses between attempts at one part, two minutes in all. A longer outage ends the mix, so that it does not keep
/// others from being mixed; the recorder tries again later.
const PAUSES: [Duration; 8] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(20),
    Duration::from_secs(30),
    Duration::from_secs(60),
];

/// Why nothing was uploaded.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    #[error(transparent)]
    Mix(#[from] MixProcessError),
    /// The bucket did not take a part, however often it was tried.
    #[error("part {number} was not taken: {reason}")]
    Part { number: u16, reason: String },
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

/// Runs `program` on the capture in `directory` and uploads what it makes.
///
/// # Errors
/// The mix failed, the bucket refused, or the recording has ended.
pub async fn upload_mix(
    link: &Link,
    client: &PartClient,
    program: &Path,
    recording: RecordingId,
    directory: &Path,
    key: &CaptureKey,
) -> Result<Uploaded, UploadError> {
    let upload = begin(link, recording).await?;
    let mut mix = MixProcess::start(program, directory, key).await?;
    let mut parts = Vec::new();
    let artifact = loop {
        match mix.next().await? {
            MixOutput::Part { number, bytes } => {
                parts.push(put(link, client, recording, &upload, number, bytes.into()).await?);
            }
            MixOutput::Done(artifact) => break artifact,
        }
    };
    parts.sort_by_key(|part| part.number);
    Ok(Uploaded { upload, parts, artifact })
}

async fn begin(link: &Link, recording: RecordingId) -> Result<String, UploadError> {
    for pause in PAUSES {
        match link.query_when_up(Query::BeginUpload { recording }).await {
            Answer::Upload { upload } => return Ok(upload),
            Answer::Gone => return Err(UploadError::Gone),
            _ => sleep(pause).await,
        }
    }
    Err(UploadError::Part { number: 0, reason: "the upload could not be begun".to_owned() })
}

async fn put(
    link: &Link,
    client: &PartClient,
    recording: RecordingId,
    upload: &str,
    number: u16,
    bytes: Bytes,
) -> Result<UploadedPart, UploadError> {
    let mut reason = String::new();
    for pause in PAUSES {
        // Signed afresh for each attempt: a URL may have expired meanwhile.
        let query = Query::SignParts { recording, upload: upload.to_owned(), parts: vec![number] };
        match link.query_when_up(query).await {
            Answer::Parts { urls } => match urls.first() {
                Some(url) => match client.put(url, number, bytes.clone()).await {
                    Ok(part) => return Ok(part),
                    Err(error) => reason = error.to_string(),
                },
                None => "no URL was signed".clone_into(&mut reason),
            },
            Answer::Gone => return Err(UploadError::Gone),
            _ => "the control plane signed no URL".clone_into(&mut reason),
        }
        tracing::warn!(%recording, number, reason, "part not uploaded yet");
        sleep(pause).await;
    }
    Err(UploadError::Part { number, reason })
}
