//! The file format that fits a codec.

use super::{groups::Group, layout::Layout, mp4, webm};
use crate::capture::Codec;

/// What kind of file is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    Webm,
    Mp4,
}

impl Container {
    /// WebM has no place for H.264.
    #[must_use]
    pub fn of(pictures: Option<Codec>) -> Self {
        if pictures == Some(Codec::H264) { Self::Mp4 } else { Self::Webm }
    }

    /// The file's media type, with or without pictures: an address may have been signed for it.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Webm => "video/webm",
            Self::Mp4 => "video/mp4",
        }
    }

    /// The bytes of one group.
    pub(super) fn bytes(self, group: &Group) -> Vec<u8> {
        match self {
            Self::Webm => webm::cluster(group),
            Self::Mp4 => mp4::chunks(group),
        }
    }

    pub(super) fn index(self) -> Index {
        match self {
            Self::Webm => Index::Webm(webm::Index::default()),
            Self::Mp4 => Index::Mp4(mp4::Index::default()),
        }
    }
}

/// What a first reading notes of a file.
#[derive(Debug)]
pub(super) enum Index {
    Webm(webm::Index),
    Mp4(mp4::Index),
}

impl Index {
    /// Notes a group, the next one of the file, which takes so many bytes.
    pub fn add(&mut self, group: &Group, bytes: u64) {
        match self {
            Self::Webm(index) => index.add(group, bytes),
            Self::Mp4(index) => index.add(group),
        }
    }

    /// The bytes before the first group; none when the format cannot hold what was noted.
    pub fn head(&self, layout: &Layout) -> Option<Vec<u8>> {
        match self {
            Self::Webm(index) => Some(index.head(layout)),
            Self::Mp4(index) => index.head(layout),
        }
    }
}
