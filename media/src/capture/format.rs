//! The bytes of a log.
//!
//! ```text
//! header  "MIXDOWN" | version 1 | u32 file number | recording id, 36 characters
//! record  u32 length | u8 kind | u64 arrival, µs since the recording's start | `length` bytes, sealed
//! ```
//! Numbers are big-endian. A sealed body is AES-256-GCM ciphertext and tag; the 13 bytes before it are authenticated
//! with it, and the file number and the record's place in the file make its nonce, so a record can be neither
//! changed nor moved. The tag is the checksum: reading ends at the first record that does not open.

use super::{CaptureEvent, Record, seal::TAG_BYTES};
use bytes::Bytes;
use protocol::ids::RecordingId;

const MAGIC: &[u8; 8] = b"MIXDOWN\x01";
const ID_CHARS: usize = 36;

pub(super) const HEADER_BYTES: usize = MAGIC.len() + 4 + ID_CHARS;
/// Length, kind and arrival, in front of every sealed body.
pub(super) const PREFIX_BYTES: usize = 13;
/// Longest body of a record before sealing; no datagram is longer.
pub(super) const MAX_BODY_BYTES: usize = 64 * 1024;

/// File number of the log of events; tracks count from one.
pub(super) const EVENTS_FILE: u32 = 0;

/// Name of the log with this number.
pub(super) fn file_name(number: u32) -> String {
    if number == EVENTS_FILE { "events.log".to_owned() } else { format!("track-{number:04}.log") }
}

/// Number of the track log with this name.
pub(super) fn track_number(name: &str) -> Option<u32> {
    let number = name.strip_prefix("track-")?.strip_suffix(".log")?.parse().ok()?;
    (number != EVENTS_FILE && file_name(number) == name).then_some(number)
}

/// The header of file `number` of a recording's capture.
pub(super) fn header(number: u32, recording: RecordingId) -> Vec<u8> {
    [MAGIC.as_slice(), &number.to_be_bytes(), recording.to_string().as_bytes()].concat()
}

/// What a record holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// JSON: what the log is about. Always the first record.
    About = 0,
    Rtp = 1,
    SenderReport = 2,
    Event = 3,
}

impl Kind {
    fn from_byte(byte: u8) -> Option<Self> {
        [Self::About, Self::Rtp, Self::SenderReport, Self::Event].into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// What stands before a record's sealed body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prefix {
    pub sealed_bytes: usize,
    pub kind: Kind,
    pub arrival_us: u64,
}

impl Prefix {
    pub(super) fn encode(self) -> [u8; PREFIX_BYTES] {
        let mut bytes = [0; PREFIX_BYTES];
        let length = u32::try_from(self.sealed_bytes).unwrap_or(u32::MAX);
        bytes[..4].copy_from_slice(&length.to_be_bytes());
        bytes[4] = self.kind as u8;
        bytes[5..].copy_from_slice(&self.arrival_us.to_be_bytes());
        bytes
    }

    pub(super) fn decode(bytes: &[u8; PREFIX_BYTES]) -> Option<Self> {
        let [a, b, c, d, kind, arrival @ ..] = *bytes;
        let sealed_bytes = usize::try_from(u32::from_be_bytes([a, b, c, d])).ok()?;
        if !(TAG_BYTES..=MAX_BODY_BYTES + TAG_BYTES).contains(&sealed_bytes) {
            return None;
        }
        Some(Self { sealed_bytes, kind: Kind::from_byte(kind)?, arrival_us: u64::from_be_bytes(arrival) })
    }
}

/// The kind and body of a track's record.
pub(super) fn encode_record(record: &Record) -> (Kind, Bytes) {
    match record {
        Record::Rtp(packet) => (Kind::Rtp, packet.clone()),
        Record::SenderReport { ssrc, ntp, rtp } => {
            let body = [ssrc.to_be_bytes().as_slice(), &ntp.to_be_bytes(), &rtp.to_be_bytes()].concat();
            (Kind::SenderReport, body.into())
        }
    }
}

/// The record in an opened body; none when the kind is not one of a track's.
pub(super) fn decode_record(kind: Kind, body: Vec<u8>) -> Option<Record> {
    match kind {
        Kind::Rtp => Some(Record::Rtp(body.into())),
        Kind::SenderReport => {
            let (ssrc, rest) = body.split_first_chunk()?;
            let (ntp, rest) = rest.split_first_chunk()?;
            let (rtp, _) = rest.split_first_chunk()?;
            Some(Record::SenderReport {
                ssrc: u32::from_be_bytes(*ssrc),
                ntp: u64::from_be_bytes(*ntp),
                rtp: u32::from_be_bytes(*rtp),
            })
        }
        Kind::About | Kind::Event => None,
    }
}

/// The event in an opened body.
pub(super) fn decode_event(kind: Kind, body: &[u8]) -> Option<CaptureEvent> {
    (kind == Kind::Event).then(|| serde_json::from_slice(body).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_and_numbers_belong_together() {
        for number in [1, 9999, 10_000] {
            assert_eq!(track_number(&file_name(number)), Some(number));
        }
        for name in ["events.log", "track-0000.log", "track-1.log", "track-.log", "track-00012.log", "x"] {
            assert_eq!(track_number(name), None, "{name}");
        }
    }

    #[test]
    fn header_has_the_stated_size() {
        assert_eq!(header(7, RecordingId::from_parts(1, [2; 10])).len(), HEADER_BYTES);
    }

    proptest! {
        #[test]
        fn prefixes_round_trip(sealed_bytes in TAG_BYTES..=MAX_BODY_BYTES + TAG_BYTES, arrival_us: u64) {
            let prefix = Prefix { sealed_bytes, kind: Kind::Rtp, arrival_us };
            prop_assert_eq!(Prefix::decode(&prefix.encode()), Some(prefix));
        }

        #[test]
        fn sender_reports_round_trip(ssrc: u32, ntp: u64, rtp: u32) {
            let record = Record::SenderReport { ssrc, ntp, rtp };
            let (kind, body) = encode_record(&record);
            prop_assert_eq!(decode_record(kind, body.to_vec()), Some(record));
        }
    }
}
