//! Turns the capture of one peer's stream into a WebM file without decoding anything.
//!
//! [`Remux::prepare`] reads the capture once and knows every byte's place: the size, the duration and the index come
//! before the first frame, so a file of known length can be sent while it is made, as often as wanted, with a few
//! seconds of it in memory and nothing of it on disk. [`Remux::bytes`] reads once more and makes it.
//!
//! What is missing stays missing, but what is written can be decoded: after a loss, pictures are left out up to the next
//! key frame, which the relay has asked for by then, and the one before stands still. Lost sound is a gap. Times come
//! from the sender's reports, as in a mix.

mod cluster;
mod ebml;
mod frames;
mod picture;
mod reel;
mod webm;

use crate::{
    capture::{self, Capture, CaptureError, Codec, TrackHeader, TrackKind},
    timing::Nanoseconds,
};
use bytes::Bytes;
use cluster::{Cluster, Clusters};
use frames::Frame;
use protocol::recording::CaptureKey;
use reel::Reel;
use std::{path::PathBuf, sync::Arc};
use webm::{Layout, SoundTrack, VideoTrack};

/// The file's media type, with or without pictures: an address may have been signed for it.
pub const CONTENT_TYPE: &str = "video/webm";

/// How long the last picture stands when it is the only one, and at most otherwise.
const LAST_PICTURE: Nanoseconds = 33_000_000;
const LONGEST_LAST_PICTURE: Nanoseconds = 1_000_000_000;

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum RemuxError {
    #[error("the capture cannot be read: {0}")]
    Capture(#[from] CaptureError),
    /// Nothing arrived that a player could show.
    #[error("neither a picture nor a sound was received")]
    Empty,
    /// The second reading found something else than the first.
    #[error("the capture changed while it was read")]
    Changed,
    #[error("the node is shutting down")]
    ShuttingDown,
}

/// What is known about the file before its first byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    pub bytes: u64,
    /// As players show it: to the end of the last picture or sound.
    pub duration_ms: u64,
    pub video: Option<VideoFacts>,
    pub audio: Option<AudioFacts>,
    /// Unix milliseconds of the node when the first picture, or else the first sound, of the file had arrived.
    pub first_frame_written_ms: u64,
    /// When the same was captured, in Unix milliseconds of the sender's clock; none when its reports never told.
    pub first_frame_captured_ms: Option<u64>,
    /// Some times rest on arrival alone, for want of sender reports.
    pub approximate_sync: bool,
}

/// The file's pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoFacts {
    pub codec: Codec,
    pub frames: u64,
    /// The largest there are; pictures may change their size.
    pub width: u16,
    pub height: u16,
}

/// The file's sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudioFacts {
    pub codec: Codec,
    pub packets: u64,
}

/// A file whose every byte has its place.
#[derive(Debug)]
pub struct Remux {
    reel: Reel,
    facts: Facts,
    /// Everything before the clusters.
    head: Vec<u8>,
    /// Start and size of each cluster.
    clusters: Vec<(u64, u64)>,
}

impl Remux {
    /// Reads the capture in `directory` on a thread that may block, as [`prepare`](Self::prepare) does.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare).
    pub async fn open(
        directory: PathBuf,
        key: CaptureKey,
        wanted: impl Fn(&TrackHeader) -> bool + Send + 'static,
    ) -> Result<Arc<Self>, RemuxError> {
        let prepare = move || Self::prepare(capture::read(&directory, &key)?, wanted).map(Arc::new);
        tokio::task::spawn_blocking(prepare).await.unwrap_or(Err(RemuxError::ShuttingDown))
    }

    /// Reads the tracks of `capture` that are `wanted`: one peer's. When a track was published again, the later one
    /// goes on where the earlier one ended.
    ///
    /// # Errors
    /// The capture cannot be read, or holds nothing to be shown.
    pub fn prepare(capture: Capture, wanted: impl Fn(&TrackHeader) -> bool) -> Result<Self, RemuxError> {
        let started_ms = capture.started_ms;
        let reel = Reel::new(capture, wanted)?;
        let mut seen = Seen::default();
        let (mut clusters, mut cues, mut at) = (Vec::new(), Vec::new(), 0);
        for cluster in Clusters::new(reel.frames()?.inspect(|frame| seen.add(frame))) {
            if let Some(kind) = cluster.begins {
                cues.push((kind, cluster.start_ms, at));
            }
            let bytes = cluster.bytes.len() as u64;
            clusters.push((cluster.start_ms, bytes));
            at += bytes;
        }
        let first = seen.first.ok_or(RemuxError::Empty)?;
        let duration_ms = seen.duration_ms();
        let cued = if seen.video.is_some() { TrackKind::Video } else { TrackKind::Audio };
        let cues = cues.into_iter().filter(|cue| cue.0 == cued).map(|(_, start_ms, at)| (start_ms, at)).collect();
        let layout = Layout {
            started_ms: started_ms.saturating_add_signed(first.time / 1_000_000),
            duration_ms,
            video: seen.video.as_ref().map(|video| VideoTrack { width: video.width, height: video.height }),
            sound: seen.audio.as_ref().map(|_| SoundTrack),
            cues,
            cluster_bytes: at,
        };
        let head = layout.head();
        let shown = seen.first_picture.unwrap_or(first);
        let facts = Facts {
            bytes: head.len() as u64 + at,
            duration_ms,
            video: seen.video,
            audio: seen.audio,
            first_frame_written_ms: started_ms.saturating_add(shown.arrival_us / 1000),
            first_frame_captured_ms: shown.captured_ms,
            approximate_sync: reel.is_approximate(),
        };
        Ok(Self { reel, facts, head, clusters })
    }

    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The file from its beginning, in pieces of a few megabytes at most. Reads from the disk: not for async code.
    ///
    /// # Errors
    /// The capture can no longer be read.
    pub fn bytes(&self) -> Result<FileBytes<'_>, RemuxError> {
        Ok(FileBytes {
            head: Some(Bytes::copy_from_slice(&self.head)),
            clusters: Box::new(Clusters::new(self.reel.frames()?)),
            expected: self.clusters.iter(),
        })
    }
}

/// The pieces of a file, in order. They end with an error when they are not what was promised.
pub struct FileBytes<'a> {
    head: Option<Bytes>,
    clusters: Box<dyn Iterator<Item = Cluster> + Send + 'a>,
    expected: std::slice::Iter<'a, (u64, u64)>,
}

impl Iterator for FileBytes<'_> {
    type Item = Result<Bytes, RemuxError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(head) = self.head.take() {
            return Some(Ok(head));
        }
        let &(start_ms, bytes) = self.expected.next()?;
        match self.clusters.next() {
            Some(cluster) if cluster.start_ms == start_ms && cluster.bytes.len() as u64 == bytes => {
                Some(Ok(cluster.bytes.into()))
            }
            _ => {
                self.expected = [].iter();
                Some(Err(RemuxError::Changed))
            }
        }
    }
}

/// A frame, without its data.
#[derive(Debug, Clone, Copy)]
struct Sighting {
    time: Nanoseconds,
    arrival_us: u64,
    captured_ms: Option<u64>,
}

/// What the first reading finds out.
#[derive(Debug, Default)]
struct Seen {
    first: Option<Sighting>,
    first_picture: Option<Sighting>,
    video: Option<VideoFacts>,
    audio: Option<AudioFacts>,
    last_picture: Nanoseconds,
    picture_lasts: Nanoseconds,
    sound_ends: Nanoseconds,
}

impl Seen {
    fn add(&mut self, frame: &Frame) {
        let sighting = Sighting { time: frame.time, arrival_us: frame.arrival_us, captured_ms: frame.captured_ms };
        self.first.get_or_insert(sighting);
        match frame.kind {
            TrackKind::Audio => {
                self.audio.get_or_insert(AudioFacts { codec: Codec::Opus, packets: 0 }).packets += 1;
                self.sound_ends = frame.time.saturating_add(frame.lasts);
            }
            TrackKind::Video => {
                let only = self.first_picture.is_none();
                self.first_picture.get_or_insert(sighting);
                self.picture_lasts = if only { LAST_PICTURE } else { frame.time - self.last_picture };
                self.last_picture = frame.time;
                let empty = VideoFacts { codec: Codec::Vp8, frames: 0, width: 0, height: 0 };
                let video = self.video.get_or_insert(empty);
                video.frames += 1;
                if let Some((width, height)) = frame.key_size {
                    (video.width, video.height) = (video.width.max(width), video.height.max(height));
                }
            }
        }
    }

    fn duration_ms(&self) -> u64 {
        let Some(first) = self.first else { return 0 };
        let pictures_end = self.last_picture + self.picture_lasts.min(LONGEST_LAST_PICTURE);
        let pictures = if self.video.is_some() { pictures_end - first.time } else { 0 };
        let sounds = if self.audio.is_some() { self.sound_ends - first.time } else { 0 };
        u64::try_from(pictures.max(sounds)).unwrap_or(0).div_ceil(1_000_000)
    }
}

#[cfg(test)]
mod tests;
