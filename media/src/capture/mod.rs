//! The capture: what arrived while a room was recorded, on disk, encrypted with the recording's own key.
//!
//! One directory per recording holds `recording.json` (what is recorded, without the key), `events.log` and one
//! `track-NNNN.log` per track. Logs are append-only sequences of sealed records ([`format`] has the bytes), so a
//! crash costs at most the torn last record. Raw RTP is kept, in order of arrival: late repairs, lip sync and size
//! changes are the mixer's business, later and offline.
//!
//! Nothing downstream can slow or stop the capture. [`CaptureHandle`] only puts records into a bounded queue; when
//! the writer thread falls so far behind that the queue is full, packets are dropped and counted, and the count
//! goes into the log as [`CaptureEvent::Overflow`].

mod budget;
mod format;
mod manifest;
mod order;
mod queue;
mod reader;
mod rtp;
mod seal;
mod spool;
mod writer;

pub use budget::SpoolBudget;
pub use manifest::Manifest;
pub use order::{OrderedPacket, Place, Placement, Reordered};
pub use reader::{Capture, LoggedRecord, Records, TrackLog, TrackPackets, read};
pub use rtp::RtpHeader;
pub use spool::erase;
pub use writer::{CaptureHandle, start};

pub use crate::payload::Codec;

use bytes::Bytes;
use protocol::{
    ids::{PeerId, RecordingId, TrackId},
    recording::StopCause,
};
use serde::{Deserialize, Serialize};
use std::io;

/// Sort of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrackKind {
    Audio,
    Video,
}

/// What a track log is about; its first record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TrackHeader {
    pub recording: RecordingId,
    pub peer: PeerId,
    pub name: Option<String>,
    pub track: TrackId,
    pub kind: TrackKind,
    pub codec: Codec,
    /// RTP packets with another payload type are ignored by the mixer.
    pub payload_type: u8,
    pub clock_rate: u32,
}

/// An open track log of one capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TrackIndex(pub(crate) u32);

/// One thing that arrived on a track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A whole RTP packet, header included, decrypted, as the sender numbered it; repairs as the packet they repair.
    Rtp(Bytes),
    /// What an RTCP sender report says about time (RFC 3550 §6.4.1). The last one known when the recording starts
    /// is worth appending first: audio senders report only every five seconds.
    SenderReport {
        ssrc: u32,
        /// Seconds since 1900 and their 32-bit fraction.
        ntp: u64,
        rtp: u32,
    },
}

/// Something that happened in the recorded room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum CaptureEvent {
    PeerJoined {
        peer: PeerId,
        name: Option<String>,
    },
    PeerLeft {
        peer: PeerId,
    },
    TrackEnded {
        track: TrackId,
    },
    /// So many packets were dropped because the disk did not keep up.
    Overflow {
        dropped: u64,
    },
    /// The orderly end. A capture without it was cut off, and ends with its last record.
    Stopped {
        cause: StopCause,
    },
}

/// Why writing ended early. Reported once; everything written before stays readable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaptureProblem {
    /// The file system or the spool's own limit has no room left.
    SpoolFull,
    /// The disk refused for another reason.
    WriteFailed(io::ErrorKind),
}

/// Why a capture could not be started or read.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// A second writer would use the first one's nonces again.
    #[error("the recording has been captured before")]
    AlreadyExists,
    #[error("the spool has no room left")]
    SpoolFull,
    #[error("there is no readable capture in this directory")]
    NotACapture,
    #[error("the capture belongs to another recording or key")]
    WrongKey,
    #[error("the spool cannot be used")]
    Io(#[source] io::Error),
}

impl From<io::Error> for CaptureError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::AlreadyExists => Self::AlreadyExists,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::SpoolFull,
            io::ErrorKind::NotFound => Self::NotACapture,
            _ => Self::Io(error),
        }
    }
}

#[cfg(test)]
mod tests;
