//! What the mix process says on its standard output: lines of JSON, a part's line followed by the part's bytes.

use super::parts::Part;
use protocol::recording::Artifact;
use serde::{Deserialize, Serialize};
use std::io::{self, Write};

/// One line of the mix process's output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Line {
    /// So many bytes of this part follow the line. Part 1 comes last.
    Part { part: u16, bytes: u64 },
    /// So many bytes follow the line: a picture of the recording, JPEG. After all parts.
    Poster { poster: usize },
    /// Share of the recording that is mixed, 0 to 1.
    Progress { progress: f64 },
    /// The end; the file is complete.
    Done { done: Artifact },
    /// The end; there is no file.
    Error { error: String },
}

/// Writes the output. The reader's pace is the mix's pace.
pub struct Output<W> {
    writer: W,
    bytes: u64,
    reported: u8,
}

impl<W: Write> Output<W> {
    pub fn new(writer: W) -> Self {
        Self { writer, bytes: 0, reported: 0 }
    }

    fn line(&mut self, line: &Line) -> io::Result<()> {
        serde_json::to_writer(&mut self.writer, line)?;
        self.writer.write_all(b"\n")?;
        self.writer.flush()
    }

    pub fn part(&mut self, part: &Part) -> io::Result<()> {
        let bytes = part.bytes.len() as u64;
        self.line(&Line::Part { part: part.number, bytes })?;
        self.bytes += bytes;
        self.writer.write_all(&part.bytes)?;
        self.writer.flush()
    }

    pub fn poster(&mut self, poster: &[u8]) -> io::Result<()> {
        self.line(&Line::Poster { poster: poster.len() })?;
        self.writer.write_all(poster)?;
        self.writer.flush()
    }

    /// Says how far the mix is when that is another percentage than before.
    pub fn progress(&mut self, share: f64) -> io::Result<()> {
        let percent = (share.clamp(0.0, 1.0) * 100.0) as u8;
        if percent == self.reported {
            return Ok(());
        }
        self.reported = percent;
        self.line(&Line::Progress { progress: f64::from(percent) / 100.0 })
    }

    /// Bytes of all parts so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub fn done(&mut self, artifact: Artifact) -> io::Result<()> {
        self.line(&Line::Done { done: artifact })
    }

    pub fn error(&mut self, error: &str) -> io::Result<()> {
        self.line(&Line::Error { error: error.to_owned() })
    }
}
