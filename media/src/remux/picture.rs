//! Puts pictures together from their packets. Pure.
//!
//! A picture leaves only when everything it builds on has left before: after a loss there is none up to the next key
//! frame. Shown nevertheless, the others would smear until then.

use super::frames::Coded;
use crate::{
    capture::{Codec, OrderedPacket, Place, RtpHeader},
    payload::Units,
};

/// The pictures of one track, fed with its packets in order.
#[derive(Debug)]
pub struct Pictures {
    codec: Codec,
    begun: Option<(Place, Units)>,
    /// Nothing is missing since the last key frame.
    is_intact: bool,
}

impl Pictures {
    pub fn new(codec: Codec) -> Self {
        Self { codec, begun: None, is_intact: false }
    }

    /// Something was lost here.
    pub fn interrupted(&mut self) {
        self.begun = None;
        self.is_intact = false;
    }

    /// Adds a packet; answers the picture it completes.
    pub fn add(&mut self, packet: &OrderedPacket) -> Option<Coded> {
        if packet.lost_before > 0 || packet.starts_stream {
            self.interrupted();
        }
        let header = RtpHeader::parse(&packet.packet)?;
        let payload = header.payload(&packet.packet);
        if payload.is_empty() {
            // Padding, sent to find out what the network carries.
            return None;
        }
        if self.begun.as_ref().is_some_and(|(begun, _)| begun.timestamp != packet.place.timestamp) {
            // The one before never ended.
            self.interrupted();
        }
        let (_, units) = self.begun.get_or_insert_with(|| (packet.place, Units::default()));
        if units.add(self.codec, payload).is_none() {
            self.interrupted();
            return None;
        }
        if !header.marker {
            return None;
        }
        let (place, units) = self.begun.take()?;
        let Some(picture) = units.picture(self.codec) else {
            self.interrupted();
            return None;
        };
        self.is_intact |= picture.key.is_some();
        self.is_intact.then(|| Coded {
            place,
            arrival_us: packet.arrival_us,
            lasts: 0,
            key: picture.key,
            data: picture.data,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Packets of one picture: key or not, so many packets.
    fn picture(is_key: bool, number: u32, packets: u8) -> Vec<Vec<u8>> {
        let header: &[u8] = if is_key { &[0x10, 0, 0, 0x9d, 0x01, 0x2a, 64, 0, 48, 0] } else { &[0x11, 0, 0] };
        let last = packets - 1;
        let packet = |index| {
            let marker = if index == last { 0x80 } else { 0 };
            let mut bytes = vec![0x80, marker | 96, 0, 0];
            bytes.extend((number * 3000).to_be_bytes());
            bytes.extend([0, 0, 0, 1]);
            bytes.push(if index == 0 { 0x10 } else { 0 });
            bytes.extend_from_slice(if index == 0 { header } else { &[] });
            bytes.push(number as u8);
            bytes
        };
        (0..packets).map(packet).collect()
    }

    proptest! {
        #[test]
        fn a_picture_leaves_when_all_it_needs_has_arrived(
            sent in prop::collection::vec((prop::bool::weighted(0.2), 1u8..5, prop::collection::vec(prop::bool::weighted(0.07), 5)), 1..80),
        ) {
            let (mut sequence, mut lost, mut begins) = (0, 0, true);
            let (mut pictures, mut left, mut expected) = (Pictures::new(Codec::Vp8), Vec::new(), Vec::new());
            let mut is_intact = false;
            for (number, (is_key, packets, losses)) in (0u32..).zip(&sent) {
                let mut is_whole = true;
                for (bytes, is_lost) in picture(*is_key, number, *packets).into_iter().zip(losses) {
                    sequence += 1;
                    if *is_lost {
                        (lost, is_whole) = (lost + 1, false);
                        continue;
                    }
                    let place = Place { stream: 0, sequence, timestamp: i64::from(number) * 3000 };
                    let lost_before = std::mem::take(&mut lost);
                    let starts_stream = std::mem::take(&mut begins);
                    let packet =
                        OrderedPacket { place, arrival_us: 0, packet: bytes.into(), lost_before, starts_stream };
                    left.extend(pictures.add(&packet).map(|coded| coded.place.timestamp / 3000));
                }
                is_intact = is_whole && (is_intact || *is_key);
                if is_intact {
                    expected.push(i64::from(number));
                }
            }
            prop_assert_eq!(left, expected);
        }

        #[test]
        fn foreign_payloads_are_survived(
            packets in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..60), any::<bool>(), 0u64..2), 0..60),
        ) {
            let mut pictures = Pictures::new(Codec::Vp8);
            for (sequence, (payload, marker, lost_before)) in (0..).zip(packets) {
                let mut bytes = vec![0x80, if marker { 0xe0 } else { 0x60 }, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
                bytes.extend(payload);
                let place = Place { stream: 0, sequence, timestamp: sequence / 4 };
                let packet = OrderedPacket { place, arrival_us: 0, packet: bytes.into(), lost_before, starts_stream: false };
                if let Some(coded) = pictures.add(&packet) {
                    prop_assert!(!coded.data.is_empty());
                }
            }
        }
    }
}
