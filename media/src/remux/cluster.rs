//! Groups frames into clusters: pieces of a few seconds that can be made one by one.

use super::{
    ebml::{Elements, Id},
    frames::Frame,
    webm::{SOUND, VIDEO},
};
use crate::{capture::TrackKind, timing::Nanoseconds};
use std::iter::Peekable;

/// Longest cluster.
const MAX_MS: u64 = 5000;
/// A cluster ends before a key frame, so that the next one can be played from, unless it began with one less than
/// this ago.
const MIN_MS: u64 = 1000;
/// A cluster ends with the frame that makes it this large.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// Of a block: that its frame can be decoded without others.
const KEY: u8 = 0x80;

const CLUSTER: Id = 0x1f43_b675;
const TIMESTAMP: Id = 0xe7;
const SIMPLE_BLOCK: Id = 0xa3;

/// One cluster, complete.
#[derive(Debug)]
pub struct Cluster {
    /// Since the first frame of the file.
    pub start_ms: u64,
    /// The track a player can begin with here; none when it needs frames before.
    pub begins: Option<TrackKind>,
    pub bytes: Vec<u8>,
}

/// Makes clusters of frames in the order of their time.
#[derive(Debug)]
pub struct Clusters<I: Iterator<Item = Frame>> {
    frames: Peekable<I>,
    zero: Option<Nanoseconds>,
}

impl<I: Iterator<Item = Frame>> Clusters<I> {
    pub fn new(frames: I) -> Self {
        Self { frames: frames.peekable(), zero: None }
    }
}

impl<I: Iterator<Item = Frame>> Iterator for Clusters<I> {
    type Item = Cluster;

    fn next(&mut self) -> Option<Cluster> {
        let first = self.frames.peek()?;
        let zero = *self.zero.get_or_insert(first.time);
        let since_zero = |frame: &Frame| u64::try_from((frame.time - zero) / 1_000_000).unwrap_or(0);
        let start_ms = since_zero(first);
        let begins = first.is_key.then_some(first.kind);
        let mut content = Elements::default();
        content.unsigned(TIMESTAMP, start_ms);
        let mut is_first = true;
        while let Some(frame) = self.frames.next_if(|frame| {
            let length_ms = since_zero(frame).saturating_sub(start_ms);
            let is_key_picture = frame.kind == TrackKind::Video && frame.is_key;
            let ends = length_ms >= MAX_MS
                || content.len() >= MAX_BYTES
                || is_key_picture && (length_ms >= MIN_MS || begins != Some(TrackKind::Video));
            is_first || !ends
        }) {
            is_first = false;
            add_block(&mut content, &frame, since_zero(&frame).saturating_sub(start_ms));
        }
        let mut cluster = Elements::default();
        cluster.binary(CLUSTER, &content.into_bytes());
        Some(Cluster { start_ms, begins, bytes: cluster.into_bytes() })
    }
}

fn add_block(content: &mut Elements, frame: &Frame, since_start_ms: u64) {
    let number = if frame.kind == TrackKind::Video { VIDEO } else { SOUND };
    // Within a cluster's length by construction.
    let [high, low] = i16::try_from(since_start_ms).unwrap_or(i16::MAX).to_be_bytes();
    let flags = if frame.is_key { KEY } else { 0 };
    let header = [0x80 | number, high, low, flags];
    content.begin(SIMPLE_BLOCK, (header.len() + frame.data.len()) as u64);
    content.raw(&header);
    content.raw(&frame.data);
}
