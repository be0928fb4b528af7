//! Puts VP8 pictures together from their packets. Pure.
//!
//! A picture leaves only when everything it builds on has left before: after a loss there is none up to the next key
//! frame. Shown nevertheless, the others would smear until then.

use super::frames::Coded;
use crate::{
    capture::{OrderedPacket, Place, RtpHeader},
    payload::vp8::{Fragment, FrameHeader},
};

/// Nobody's picture is larger; a sender that never ends one must not fill the memory.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// The pictures of one track, fed with its packets in order.
#[derive(Debug, Default)]
pub struct Pictures {
    begun: Option<(Place, Vec<u8>)>,
    /// Nothing is missing since the last key frame.
    is_intact: bool,
}

impl Pictures {
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
        if self.append(packet.place, payload).is_none() {
            self.interrupted();
            return None;
        }
        if !header.marker {
            return None;
        }
        let (place, data) = self.begun.take()?;
        let Some(frame) = FrameHeader::parse(&data) else {
            self.interrupted();
            return None;
        };
        self.is_intact |= frame.key_size.is_some();
        self.is_intact.then(|| Coded {
            place,
            arrival_us: packet.arrival_us,
            lasts: 0,
            is_key: frame.key_size.is_some(),
            key_size: frame.key_size,
            data: data.into(),
        })
    }

    /// Adds to the picture under way; none when the payload does not belong there.
    fn append(&mut self, place: Place, payload: &[u8]) -> Option<()> {
        let fragment = Fragment::parse(payload)?;
        if fragment.starts_frame {
            if self.begun.is_some() {
                // The one before never ended.
                self.interrupted();
            }
            self.begun = Some((place, Vec::new()));
        }
        let (begun, data) = self.begun.as_mut()?;
        if begun.timestamp != place.timestamp || data.len() + fragment.data.len() > MAX_BYTES {
            return None;
        }
        data.extend_from_slice(fragment.data);
        Some(())
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
            let (mut pictures, mut left, mut expected) = (Pictures::default(), Vec::new(), Vec::new());
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
            let mut pictures = Pictures::default();
            for (sequence, (payload, marker, lost_before)) in (0..).zip(packets) {
                let mut bytes = vec![0x80, if marker { 0xe0 } else { 0x60 }, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
                bytes.extend(payload);
                let place = Place { stream: 0, sequence, timestamp: sequence / 4 };
                let packet = OrderedPacket { place, arrival_us: 0, packet: bytes.into(), lost_before, starts_stream: false };
                if let Some(coded) = pictures.add(&packet) {
                    prop_assert!(FrameHeader::parse(&coded.data).is_some());
                }
            }
        }
    }
}
