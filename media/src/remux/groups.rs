//! Groups frames into pieces of a few seconds that can be made one by one.

use super::frames::Frame;
use crate::{capture::TrackKind, timing::Nanoseconds};
use std::iter::Peekable;

/// Longest group.
const MAX_MS: u64 = 5000;
/// A group ends before a key frame, so that the next one can be played from, unless it began with one less than
/// this ago.
const MIN_MS: u64 = 1000;
/// A group ends with the frame that makes it this large.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Some seconds of a file.
#[derive(Debug)]
pub struct Group {
    /// Since the first frame of the file.
    pub start_ms: u64,
    /// The track a player can begin with here; none when it needs frames before.
    pub begins: Option<TrackKind>,
    /// Each with its time since the first frame of the file.
    pub frames: Vec<(Nanoseconds, Frame)>,
}

/// Makes groups of frames in the order of their time.
#[derive(Debug)]
pub struct Groups<I: Iterator<Item = Frame>> {
    frames: Peekable<I>,
    zero: Option<Nanoseconds>,
}

impl<I: Iterator<Item = Frame>> Groups<I> {
    pub fn new(frames: I) -> Self {
        Self { frames: frames.peekable(), zero: None }
    }
}

/// Whole milliseconds of a time that is not before the file's.
pub fn milliseconds(time: Nanoseconds) -> u64 {
    u64::try_from(time / 1_000_000).unwrap_or(0)
}

impl<I: Iterator<Item = Frame>> Iterator for Groups<I> {
    type Item = Group;

    fn next(&mut self) -> Option<Group> {
        let first = self.frames.peek()?;
        let zero = *self.zero.get_or_insert(first.time);
        let start_ms = milliseconds(first.time - zero);
        let begins = first.is_key().then_some(first.kind);
        let (mut frames, mut bytes) = (Vec::new(), 0);
        while let Some(frame) = self.frames.next_if(|frame| {
            let length_ms = milliseconds(frame.time - zero).saturating_sub(start_ms);
            let is_key_picture = frame.kind == TrackKind::Video && frame.is_key();
            let ends = length_ms >= MAX_MS
                || bytes >= MAX_BYTES
                || is_key_picture && (length_ms >= MIN_MS || begins != Some(TrackKind::Video));
            bytes == 0 || !ends
        }) {
            bytes += frame.data.len().max(1);
            frames.push((frame.time - zero, frame));
        }
        Some(Group { start_ms, begins, frames })
    }
}
