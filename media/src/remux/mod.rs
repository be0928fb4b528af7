//! Turns the capture of one peer's stream into a file without decoding anything: WebM, or MP4 for H.264.
//!
//! [`Remux::prepare`] reads the capture once and knows every byte's place: the size, the duration and the index come
//! before the first frame, so a file of known length can be sent while it is made, as often as wanted, with a few
//! seconds of it in memory and nothing of it on disk. [`Remux::bytes`] reads once more and makes it.
//!
//! What is missing stays missing, but what is written can be decoded: after a loss, pictures are left out up to the next
//! key frame, which the relay has asked for by then, and the one before stands still. Lost sound is a gap. Times come
//! from the sender's reports, as in a mix.

mod container;
mod ebml;
mod frames;
mod groups;
mod layout;
mod mp4;
mod picture;
mod reel;
mod webm;

use crate::{
    capture::{self, Capture, CaptureError, Codec, TrackHeader, TrackKind},
    payload::KeyPicture,
    timing::Nanoseconds,
};
use bytes::Bytes;
pub use container::Container;
use frames::Frame;
use groups::{Group, Groups};
use layout::{Layout, VideoLayout};
use protocol::recording::CaptureKey;
use reel::Reel;
use std::{path::PathBuf, sync::Arc};

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
    /// More or larger than the file's format has room for.
    #[error("the file's index cannot be written")]
    Unwritable,
    #[error("the node is shutting down")]
    ShuttingDown,
}

/// What is known about the file before its first byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    pub container: Container,
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
    /// Everything before the groups.
    head: Vec<u8>,
    /// Start and size of each group.
    groups: Vec<(u64, u64)>,
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
        let container = Container::of(reel.codec());
        let (mut seen, mut index) = (Seen::default(), container.index());
        let (mut groups, mut all_bytes) = (Vec::new(), 0);
        for group in Groups::new(reel.frames()?.inspect(|frame| seen.add(frame))) {
            let bytes = container.bytes(&group).len() as u64;
            index.add(&group, bytes);
            groups.push((group.start_ms, bytes));
            all_bytes += bytes;
        }
        let first = seen.first.ok_or(RemuxError::Empty)?;
        let duration_ms = seen.duration_ms();
        let video = seen.pictures.zip(reel.codec()).map(|(Pictures { frames, width, height, first }, codec)| {
            (VideoFacts { codec, frames, width, height }, VideoLayout { codec, width, height, first })
        });
        let (video, video_layout) = video.unzip();
        let layout = Layout {
            started_ms: started_ms.saturating_add_signed(first.time / 1_000_000),
            duration_ms,
            video: video_layout,
            has_sound: seen.audio.is_some(),
        };
        let head = index.head(&layout).ok_or(RemuxError::Unwritable)?;
        let shown = seen.first_picture.unwrap_or(first);
        let facts = Facts {
            container,
            bytes: head.len() as u64 + all_bytes,
            duration_ms,
            video,
            audio: seen.audio,
            first_frame_written_ms: started_ms.saturating_add(shown.arrival_us / 1000),
            first_frame_captured_ms: shown.captured_ms,
            approximate_sync: reel.is_approximate(),
        };
        Ok(Self { reel, facts, head, groups })
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
            container: self.facts.container,
            groups: Box::new(Groups::new(self.reel.frames()?)),
            expected: self.groups.iter(),
        })
    }
}

/// The pieces of a file, in order. They end with an error when they are not what was promised.
pub struct FileBytes<'a> {
    head: Option<Bytes>,
    container: Container,
    groups: Box<dyn Iterator<Item = Group> + Send + 'a>,
    expected: std::slice::Iter<'a, (u64, u64)>,
}

impl Iterator for FileBytes<'_> {
    type Item = Result<Bytes, RemuxError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(head) = self.head.take() {
            return Some(Ok(head));
        }
        let &(start_ms, bytes) = self.expected.next()?;
        let made = self.groups.next().map(|group| (group.start_ms, self.container.bytes(&group)));
        match made {
            Some((start, made)) if start == start_ms && made.len() as u64 == bytes => Some(Ok(made.into())),
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

#[derive(Debug)]
struct Pictures {
    frames: u64,
    width: u16,
    height: u16,
    first: KeyPicture,
}

/// What the first reading finds out.
#[derive(Debug, Default)]
struct Seen {
    first: Option<Sighting>,
    first_picture: Option<Sighting>,
    pictures: Option<Pictures>,
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
                if let Some(key) = &frame.key {
                    let begun = Pictures { frames: 0, width: 0, height: 0, first: key.clone() };
                    let pictures = self.pictures.get_or_insert(begun);
                    (pictures.width, pictures.height) =
                        (pictures.width.max(key.width), pictures.height.max(key.height));
                }
                // The first one is a key picture.
                if let Some(pictures) = &mut self.pictures {
                    pictures.frames += 1;
                }
            }
        }
    }

    fn duration_ms(&self) -> u64 {
        let Some(first) = self.first else { return 0 };
        let pictures_end = self.last_picture + self.picture_lasts.min(LONGEST_LAST_PICTURE);
        let pictures = if self.pictures.is_some() { pictures_end - first.time } else { 0 };
        let sounds = if self.audio.is_some() { self.sound_ends - first.time } else { 0 };
        u64::try_from(pictures.max(sounds)).unwrap_or(0).div_ceil(1_000_000)
    }
}

#[cfg(test)]
mod tests;
