//! One track's frames, whole and timed.

use super::picture::Pictures;
use crate::{
    capture::{CaptureError, OrderedPacket, Place, RtpHeader, TrackKind, TrackPackets},
    payload::{KeyPicture, opus},
    timing::{MAX_REPORT_ERROR, Nanoseconds, TimedTrack},
};
use bytes::Bytes;

/// Frames of one track are at least this far apart, as players want them in order.
const STEP: Nanoseconds = 1_000_000;

/// A picture, or a packet of sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub kind: TrackKind,
    /// On the recording's time; rises within a track.
    pub time: Nanoseconds,
    /// How long a sound plays.
    pub lasts: Nanoseconds,
    /// When its last packet arrived.
    pub arrival_us: u64,
    /// When it was captured, in Unix milliseconds of the sender's clock.
    pub captured_ms: Option<u64>,
    /// Of a picture that can be decoded without others.
    pub key: Option<KeyPicture>,
    pub data: Bytes,
}

impl Frame {
    /// Whether it can be decoded without others.
    #[must_use]
    pub fn is_key(&self) -> bool {
        self.kind == TrackKind::Audio || self.key.is_some()
    }
}

/// A frame that has no time yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coded {
    pub place: Place,
    pub arrival_us: u64,
    pub lasts: Nanoseconds,
    pub key: Option<KeyPicture>,
    pub data: Bytes,
}

/// The frames of one track log.
#[derive(Debug)]
pub struct TrackFrames<'a> {
    track: &'a TimedTrack,
    packets: TrackPackets,
    pictures: Pictures,
    /// Frames outside of this are of a clock that has gone mad.
    end: Nanoseconds,
    last: Option<Nanoseconds>,
}

impl<'a> TrackFrames<'a> {
    /// Opens the log. Its frames end before `end`.
    pub fn open(track: &'a TimedTrack, end: Nanoseconds) -> Result<Self, CaptureError> {
        Ok(Self {
            track,
            packets: track.log.packets()?,
            pictures: Pictures::new(track.log.header.codec),
            end,
            last: None,
        })
    }

    fn coded(&mut self, packet: &OrderedPacket) -> Option<Coded> {
        match self.track.log.header.kind {
            TrackKind::Audio => sound(packet),
            TrackKind::Video => self.pictures.add(packet),
        }
    }

    /// Gives a frame its time; none when that is out of the question.
    fn timed(&mut self, coded: Coded) -> Option<Frame> {
        let time = self.track.time(coded.place)?;
        let time = self.last.map_or(time, |last| time.max(last + STEP));
        if !(-MAX_REPORT_ERROR..self.end).contains(&time) {
            self.pictures.interrupted();
            return None;
        }
        self.last = Some(time);
        Some(Frame {
            kind: self.track.log.header.kind,
            time,
            lasts: coded.lasts,
            arrival_us: coded.arrival_us,
            captured_ms: self.track.sender_unix_ms(coded.place),
            key: coded.key,
            data: coded.data,
        })
    }
}

impl Iterator for TrackFrames<'_> {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        loop {
            let packet = self.packets.next()?;
            let coded = self.coded(&packet);
            if let Some(frame) = coded.and_then(|coded| self.timed(coded)) {
                return Some(frame);
            }
        }
    }
}

fn sound(packet: &OrderedPacket) -> Option<Coded> {
    let payload = RtpHeader::parse(&packet.packet)?.payload(&packet.packet);
    Some(Coded {
        place: packet.place,
        arrival_us: packet.arrival_us,
        lasts: opus::duration(payload)?,
        key: None,
        data: packet.packet.slice_ref(payload),
    })
}
