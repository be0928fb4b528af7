//! The mixing child process: GStreamer runs there, so that no media file can take live calls down, and its output
//! is read from a pipe, which also is the flow control.

use protocol::recording::{Artifact, CaptureKey};
use serde::Deserialize;
use std::{io, path::Path, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

/// Longest frame header.
const HEADER_BYTES: u64 = 64 * 1024;
/// Largest part; the first one holds the index of the file besides its media.
const PART_BYTES: usize = 512 << 20;
/// Largest picture of a recording.
const POSTER_BYTES: usize = 4 << 20;
/// The mix reports progress more often than this; silence means it hangs.
const SILENCE: Duration = Duration::from_secs(180);

/// Why there is no mix.
#[derive(Debug, thiserror::Error)]
pub enum MixProcessError {
    #[error("the mixer could not be run: {0}")]
    Io(#[from] io::Error),
    #[error("the mixer said nothing for too long")]
    Hangs,
    #[error("the mixer failed: {0}")]
    Failed(String),
    #[error("the mixer wrote something unexpected")]
    Protocol,
}

/// What the mixer wrote next.
#[derive(Debug)]
pub enum MixOutput {
    Part {
        number: u16,
        bytes: Vec<u8>,
    },
    /// A picture of the recording, JPEG.
    Poster(Vec<u8>),
    Done(Artifact),
}

#[derive(Debug, Deserialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
enum Header {
    Part { part: u16, bytes: usize },
    Poster { poster: usize },
    Done { done: Artifact },
    Progress { progress: f64 },
    Error { error: String },
}

/// A running mixer; dropping it ends it.
pub struct MixProcess {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl MixProcess {
    /// Starts mixing the capture in `directory`. The key goes through the child's standard input: arguments and
    /// environment can be read by others.
    ///
    /// # Errors
    /// The process cannot be started.
    pub async fn start(program: &Path, directory: &Path, key: &CaptureKey) -> Result<Self, MixProcessError> {
        let mut command = Command::new(program);
        command.arg("mix").arg("--dir").arg(directory);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(MixProcessError::Protocol);
        };
        let line = zeroize::Zeroizing::new(format!("{}\n", hex::encode(key.as_bytes())));
        input.write_all(line.as_bytes()).await?;
        drop(input);
        Ok(Self { child, output: BufReader::new(output) })
    }

    /// The next part, or the end.
    ///
    /// # Errors
    /// The mixer failed, hangs or cannot be understood.
    pub async fn next(&mut self) -> Result<MixOutput, MixProcessError> {
        loop {
            let header = timeout(SILENCE, self.header()).await.map_err(|_| MixProcessError::Hangs)??;
            match header {
                Header::Part { part, bytes } if bytes <= PART_BYTES => {
                    return Ok(MixOutput::Part { number: part, bytes: self.bytes(bytes).await? });
                }
                Header::Poster { poster } if poster <= POSTER_BYTES => {
                    return Ok(MixOutput::Poster(self.bytes(poster).await?));
                }
                Header::Part { .. } | Header::Poster { .. } => return Err(MixProcessError::Protocol),
                Header::Done { done } => return Ok(MixOutput::Done(done)),
                Header::Progress { progress } => tracing::debug!(progress, "mixing"),
                Header::Error { error } => return Err(MixProcessError::Failed(error)),
            }
        }
    }

    async fn bytes(&mut self, count: usize) -> Result<Vec<u8>, MixProcessError> {
        let mut buffer = vec![0; count];
        let read = timeout(SILENCE, self.output.read_exact(&mut buffer));
        read.await.map_err(|_| MixProcessError::Hangs)??;
        Ok(buffer)
    }

    async fn header(&mut self) -> Result<Header, MixProcessError> {
        let mut line = Vec::new();
        (&mut self.output).take(HEADER_BYTES).read_until(b'\n', &mut line).await?;
        if line.is_empty() {
            let status = self.child.wait().await?;
            return Err(MixProcessError::Failed(status.to_string()));
        }
        serde_json::from_slice(&line).map_err(|_| MixProcessError::Protocol)
    }
}
