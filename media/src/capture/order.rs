//! Puts the packets of a track back into the order they were sent in.

use super::{LoggedRecord, Record, rtp::RtpHeader};
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};

/// Packets further behind than this are not late but belong to a sender that has started over.
const MAX_LATE_PACKETS: i64 = 5000;
/// SSRCs and restarts one track may show before further ones are ignored.
const MAX_STREAMS: usize = 64;
/// How long a packet waits for earlier ones; a repair that takes longer comes too late for any player.
const WINDOW_US: u64 = 3_000_000;
/// Bounds the window whatever the rate.
const WINDOW_PACKETS: usize = 16 * 1024;

/// Extends 16-bit sequence numbers past their wrap-around, relative to the highest one seen.
#[derive(Debug, Default, Clone, Copy)]
pub struct SequenceUnwrapper {
    highest: Option<i64>,
}

impl SequenceUnwrapper {
    /// How far `raw` is ahead of the highest number seen.
    fn ahead(self, raw: u16) -> i64 {
        self.highest.map_or(0, |highest| i64::from((raw.wrapping_sub(highest as u16)) as i16))
    }

    /// The extended number.
    pub fn unwrap(&mut self, raw: u16) -> i64 {
        let extended = self.highest.map_or(i64::from(raw), |highest| highest + self.ahead(raw));
        self.highest = Some(self.highest.map_or(extended, |highest| highest.max(extended)));
        extended
    }
}

/// Extends 32-bit timestamps past their wrap-around, relative to the latest one seen.
#[derive(Debug, Default, Clone, Copy)]
pub struct TimestampUnwrapper {
    latest: Option<i64>,
}

impl TimestampUnwrapper {
    /// The extended timestamp; it becomes the reference only when there is none yet.
    pub fn peek(&mut self, raw: u32) -> i64 {
        let latest = *self.latest.get_or_insert(i64::from(raw));
        latest + i64::from(raw.wrapping_sub(latest as u32) as i32)
    }

    /// The extended timestamp of a packet.
    pub fn unwrap(&mut self, raw: u32) -> i64 {
        let extended = self.peek(raw);
        self.latest = Some(extended);
        extended
    }
}

/// Where a packet stands in its track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Counts the SSRCs and restarts of the track. Timestamps compare within one stream only.
    pub stream: usize,
    pub sequence: i64,
    pub timestamp: i64,
}

#[derive(Debug)]
struct Stream {
    ssrc: u32,
    sequence: SequenceUnwrapper,
    timestamp: TimestampUnwrapper,
    /// What the next packet's number must be to confirm a restart (RFC 3550 A.1).
    restart: Option<u16>,
}

/// Finds the place of packets and sender reports, fed in order of arrival. Every pass over a log finds the same ones.
#[derive(Debug)]
pub struct Placement {
    payload_type: u8,
    streams: Vec<Stream>,
}

impl Placement {
    #[must_use]
    pub fn new(payload_type: u8) -> Self {
        Self { payload_type, streams: Vec::new() }
    }

    fn stream(&mut self, ssrc: u32) -> Option<usize> {
        if let Some(index) = self.streams.iter().rposition(|stream| stream.ssrc == ssrc) {
            return Some(index);
        }
        self.begin(ssrc)
    }

    fn begin(&mut self, ssrc: u32) -> Option<usize> {
        if self.streams.len() == MAX_STREAMS {
            return None;
        }
        let (sequence, timestamp) = Default::default();
        self.streams.push(Stream { ssrc, sequence, timestamp, restart: None });
        Some(self.streams.len() - 1)
    }

    /// The place of a packet; none for what is not media of this track.
    pub fn packet(&mut self, packet: &[u8]) -> Option<Place> {
        let header = RtpHeader::parse(packet).filter(|header| header.payload_type == self.payload_type)?;
        let mut index = self.stream(header.ssrc)?;
        let stream = self.streams.get_mut(index)?;
        if stream.sequence.ahead(header.sequence) < -MAX_LATE_PACKETS {
            if stream.restart.replace(header.sequence.wrapping_add(1)) != Some(header.sequence) {
                return None;
            }
            index = self.begin(header.ssrc)?;
        }
        let stream = self.streams.get_mut(index)?;
        stream.restart = None;
        Some(Place {
            stream: index,
            sequence: stream.sequence.unwrap(header.sequence),
            timestamp: stream.timestamp.unwrap(header.timestamp),
        })
    }

    /// The stream and extended timestamp a sender report speaks of.
    pub fn sender_report(&mut self, ssrc: u32, rtp: u32) -> Option<(usize, i64)> {
        let index = self.stream(ssrc)?;
        let stream = self.streams.get_mut(index)?;
        Some((index, stream.timestamp.peek(rtp)))
    }
}

/// A packet in the order of sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderedPacket {
    pub place: Place,
    pub arrival_us: u64,
    pub packet: Bytes,
    /// Packets missing before this one.
    pub lost_before: u64,
    /// The first packet of its stream.
    pub starts_stream: bool,
}

/// Sorts packets within a sliding window of three seconds of arrival. Duplicates are dropped; so is what arrives
/// after its successors have left the window.
#[derive(Debug)]
pub struct Reordered<I> {
    records: I,
    placement: Placement,
    window: BTreeMap<(usize, i64), (Place, u64, Bytes)>,
    waiting: VecDeque<(u64, (usize, i64))>,
    latest_arrival_us: u64,
    exhausted: bool,
    previous: Option<(usize, i64)>,
}

impl<I: Iterator<Item = LoggedRecord>> Reordered<I> {
    pub fn new(records: I, payload_type: u8) -> Self {
        Self {
            records,
            placement: Placement::new(payload_type),
            window: BTreeMap::new(),
            waiting: VecDeque::new(),
            latest_arrival_us: 0,
            exhausted: false,
            previous: None,
        }
    }

    fn accept(&mut self, arrival_us: u64, record: Record) {
        self.latest_arrival_us = self.latest_arrival_us.max(arrival_us);
        match record {
            Record::SenderReport { ssrc, rtp, .. } => {
                self.placement.sender_report(ssrc, rtp);
            }
            Record::Rtp(packet) => {
                let Some(place) = self.placement.packet(&packet) else { return };
                let key = (place.stream, place.sequence);
                if self.previous.is_some_and(|previous| key <= previous) || self.window.contains_key(&key) {
                    return;
                }
                self.window.insert(key, (place, arrival_us, packet));
                self.waiting.push_back((arrival_us, key));
            }
        }
    }

    /// Whether the earliest packet of the window has to leave it.
    fn is_due(&mut self) -> bool {
        while let Some(&(arrival_us, key)) = self.waiting.front() {
            if self.previous.is_some_and(|previous| key <= previous) {
                self.waiting.pop_front();
                continue;
            }
            let waited = self.latest_arrival_us.saturating_sub(arrival_us);
            return self.exhausted || waited > WINDOW_US || self.window.len() > WINDOW_PACKETS;
        }
        false
    }
}

impl<I: Iterator<Item = LoggedRecord>> Iterator for Reordered<I> {
    type Item = OrderedPacket;

    fn next(&mut self) -> Option<OrderedPacket> {
        while !self.is_due() {
            match self.records.next() {
                Some(LoggedRecord { arrival_us, record }) => self.accept(arrival_us, record),
                None if self.exhausted => return None,
                None => self.exhausted = true,
            }
        }
        let (key, (place, arrival_us, packet)) = self.window.pop_first()?;
        let previous = self.previous.replace(key).filter(|&(stream, _)| stream == place.stream);
        let lost_before = previous.map_or(0, |(_, sequence)| (place.sequence - sequence - 1).unsigned_abs());
        Some(OrderedPacket { place, arrival_us, packet, lost_before, starts_stream: previous.is_none() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packet(ssrc: u32, sequence: u16, timestamp: u32) -> Bytes {
        let mut bytes = vec![0x80, 96];
        bytes.extend(sequence.to_be_bytes());
        bytes.extend(timestamp.to_be_bytes());
        bytes.extend(ssrc.to_be_bytes());
        bytes.into()
    }

    fn order(records: Vec<(u64, Bytes)>) -> Vec<OrderedPacket> {
        let records =
            records.into_iter().map(|(arrival_us, bytes)| LoggedRecord { arrival_us, record: Record::Rtp(bytes) });
        Reordered::new(records, 96).collect()
    }

    proptest! {
        #[test]
        fn numbers_unwrap_whatever_the_order(start: u16, steps in prop::collection::vec(-100i64..200, 1..200)) {
            let mut unwrapper = SequenceUnwrapper::default();
            unwrapper.unwrap(start);
            let mut expected = i64::from(start);
            for step in steps {
                expected += step;
                prop_assert_eq!(unwrapper.unwrap(expected as u16), expected);
                expected = unwrapper.highest.unwrap();
            }
        }

        #[test]
        fn timestamps_unwrap(start: u32, steps in prop::collection::vec(i64::from(i32::MIN)..i64::from(i32::MAX), 1..100)) {
            let mut unwrapper = TimestampUnwrapper::default();
            let mut expected = unwrapper.unwrap(start);
            for step in steps {
                expected += step;
                prop_assert_eq!(unwrapper.unwrap(expected as u32), expected);
            }
        }

        #[test]
        fn jitter_repairs_and_duplicates_end_in_order(
            first: u16,
            delays in prop::collection::vec((0u64..2_900_000, 1usize..3, any::<bool>()), 1..300),
        ) {
            let mut sent: Vec<(u64, Bytes)> = Vec::new();
            let mut kept = Vec::new();
            for (index, &(delay, copies, lost)) in delays.iter().enumerate() {
                // The first one tells where numbering begins; packets before it cannot be told from late ones.
                let (delay, lost) = if index == 0 { (0, false) } else { (delay, lost) };
                if lost {
                    continue;
                }
                kept.push(i64::from(first) + index as i64);
                let bytes = packet(7, first.wrapping_add(index as u16), index as u32 * 960);
                for copy in 0..copies {
                    sent.push((index as u64 * 20_000 + delay + copy as u64, bytes.clone()));
                }
            }
            sent.sort_by_key(|&(arrival, _)| arrival);
            let received = order(sent);
            let numbers: Vec<_> = received.iter().map(|packet| packet.place.sequence).collect();
            prop_assert_eq!(&numbers, &kept);
            let lost: u64 = received.iter().map(|packet| packet.lost_before).sum();
            prop_assert_eq!(lost as i64, kept.last().unwrap() - kept[0] + 1 - kept.len() as i64);
        }

        #[test]
        fn garbage_is_ignored(records in prop::collection::vec((any::<u64>(), prop::collection::vec(any::<u8>(), 0..40)), 0..100)) {
            let records = records.into_iter().map(|(arrival, bytes)| (arrival, bytes.into())).collect();
            prop_assert!(order(records).len() <= 100);
        }
    }

    #[test]
    fn a_repair_that_comes_too_late_is_dropped() {
        let records = vec![
            (0, packet(1, 10, 0)),
            (1, packet(1, 12, 0)),
            (3_100_000, packet(1, 13, 0)),
            (3_200_000, packet(1, 11, 0)),
        ];
        let numbers: Vec<_> = order(records).iter().map(|packet| packet.place.sequence).collect();
        assert_eq!(numbers, [10, 12, 13]);
    }

    #[test]
    fn another_source_or_a_restart_begins_a_stream() {
        let records = vec![
            (0, packet(1, 20_000, 500)),
            (10, packet(2, 3, 9)),
            (20, packet(1, 20_001, 500)),
            (30, packet(2, 40_000, 7)),
            (40, packet(2, 40_001, 8)),
        ];
        let placed: Vec<_> = order(records)
            .iter()
            .map(|packet| (packet.place.stream, packet.place.sequence, packet.starts_stream))
            .collect();
        assert_eq!(placed, [(0, 20_000, true), (0, 20_001, false), (1, 3, true), (2, 40_001, true)]);
    }

    #[test]
    fn other_payload_types_are_not_of_this_track() {
        let mut bytes = packet(1, 1, 1).to_vec();
        bytes[1] = 97;
        assert_eq!(order(vec![(0, bytes.into())]), []);
    }
}
