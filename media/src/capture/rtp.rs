//! The fields of an RTP packet that order and time it (RFC 3550 §5.1).

/// Header of one RTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtpHeader {
    pub payload_type: u8,
    pub sequence: u16,
    pub timestamp: u32,
    pub ssrc: u32,
    /// The last packet of a frame.
    pub marker: bool,
    /// Where the payload begins, and where the padding after it.
    payload: (usize, usize),
}

impl RtpHeader {
    /// Reads the header; none when `packet` is not RTP version 2 or ends too early.
    #[must_use]
    pub fn parse(packet: &[u8]) -> Option<Self> {
        let (fixed, _) = packet.split_first_chunk::<12>()?;
        if fixed[0] >> 6 != 2 {
            return None;
        }
        let mut bytes = 12 + 4 * usize::from(fixed[0] & 0x0f);
        if fixed[0] & 0x10 != 0 {
            let words = packet.get(bytes + 2..bytes + 4)?;
            bytes += 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]]));
        }
        let padding = if fixed[0] & 0x20 != 0 { usize::from(*packet.last()?) } else { 0 };
        let end = packet.len().checked_sub(padding).filter(|&end| bytes <= end)?;
        Some(Self {
            payload_type: fixed[1] & 0x7f,
            sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
            timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
            marker: fixed[1] & 0x80 != 0,
            payload: (bytes, end),
        })
    }

    /// The payload of the packet this header was read from, without padding.
    #[must_use]
    pub fn payload<'a>(&self, packet: &'a [u8]) -> &'a [u8] {
        packet.get(self.payload.0..self.payload.1).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn extensions_and_padding_are_not_payload() {
        let fixed = [0xb1, 0xe0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        let packet = [&fixed[..], &[9; 4], &[0xbe, 0xde, 0, 1], &[8; 4], &[1, 2, 3], &[0, 0, 3]].concat();
        let header = RtpHeader::parse(&packet).unwrap();
        assert_eq!((header.payload_type, header.marker), (96, true));
        assert_eq!(header.payload(&packet), [1, 2, 3]);
        assert_eq!(RtpHeader::parse(&[&fixed[..], &[200; 12]].concat()), None, "more padding than packet");
    }

    proptest! {
        #[test]
        fn any_packet_is_survived(packet: Vec<u8>) {
            if let Some(header) = RtpHeader::parse(&packet) {
                prop_assert!(header.payload(&packet).len() < packet.len());
            }
        }
    }
}
