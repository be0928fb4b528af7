//! AV1 over RTP (the Alliance's "RTP Payload Format for AV1" 1.0) and its pictures as a WebM holds them ("AV1 Codec
//! Mapping in Matroska/WebM").

use super::{
    bits::Bits,
    units::{KeyPicture, Picture, Piece},
};
use bytes::Bytes;
use mp4_atom::{Atom as _, Av1c};

/// What the first byte of a payload, the aggregation header, says.
const CONTINUES: u8 = 0x80;
const TO_BE_CONTINUED: u8 = 0x40;
const BEGINS_SEQUENCE: u8 = 0x08;

/// Types of OBUs (AV1 §5.3.2).
const SEQUENCE_HEADER: u8 = 1;
const TEMPORAL_DELIMITER: u8 = 2;
const FRAME_HEADER: u8 = 3;
const FRAME: u8 = 6;
const TILE_LIST: u8 = 8;

const HAS_EXTENSION: u8 = 0x04;
const HAS_SIZE: u8 = 0x02;
/// Most units that one payload may have.
const MAX_ELEMENTS: usize = 64;

/// Takes a payload apart; none when it is cut off.
pub(super) fn pieces(payload: &[u8]) -> Option<Vec<Piece<'_>>> {
    let (&header, mut rest) = payload.split_first()?;
    let counted = usize::from(header >> 4 & 3);
    let mut pieces: Vec<Piece<'_>> = Vec::new();
    while !rest.is_empty() && pieces.len() < MAX_ELEMENTS {
        // Where they are counted, the last one has no length.
        let (data, after) = if counted > 0 && pieces.len() + 1 == counted {
            (rest, &[][..])
        } else {
            let (length, after) = leb128(rest)?;
            after.split_at_checked(length)?
        };
        let begins = !pieces.is_empty() || header & CONTINUES == 0;
        pieces.push(Piece { begins, ends: true, first: None, data });
        rest = after;
    }
    pieces.last_mut()?.ends = header & TO_BE_CONTINUED == 0;
    rest.is_empty().then_some(pieces)
}

/// Whether a payload begins a sequence.
pub(super) fn begins_key_frame(payload: &[u8]) -> bool {
    payload.first().is_some_and(|header| header & (CONTINUES | BEGINS_SEQUENCE) == BEGINS_SEQUENCE)
        && pieces(payload).is_some()
}

/// OBUs that say their size, without those that are for other transports. None when decoders would refuse them.
pub(super) fn picture(units: &[Vec<u8>]) -> Option<Picture> {
    let (mut data, mut sequence, mut is_key) = (Vec::new(), None, false);
    for unit in units {
        let Obu { header, kind, body } = Obu::parse(unit)?;
        if matches!(kind, TEMPORAL_DELIMITER | TILE_LIST) {
            continue;
        }
        let at = data.len();
        data.push(header[0] | HAS_SIZE);
        data.extend_from_slice(&header[1..]);
        write_leb128(body.len(), &mut data);
        data.extend_from_slice(body);
        match kind {
            SEQUENCE_HEADER => sequence = Some((body, at..data.len())),
            FRAME | FRAME_HEADER => is_key |= is_key_frame(body),
            _ => {}
        }
    }
    let key = match sequence {
        Some((body, at)) if is_key => Some(key_picture(body, &data[at])?),
        _ => None,
    };
    (!data.is_empty()).then(|| Picture { key, data: data.into() })
}

struct Obu<'a> {
    /// One byte, or two with an extension.
    header: &'a [u8],
    kind: u8,
    body: &'a [u8],
}

impl<'a> Obu<'a> {
    fn parse(unit: &'a [u8]) -> Option<Self> {
        let first = *unit.first()?;
        let (header, rest) = unit.split_at_checked(if first & HAS_EXTENSION == 0 { 1 } else { 2 })?;
        let body = if first & HAS_SIZE == 0 {
            rest
        } else {
            let (length, after) = leb128(rest)?;
            after.get(..length)?
        };
        Some(Self { header, kind: first >> 3 & 0x0f, body })
    }
}

/// Whether a frame's header says that it is shown and a key frame (AV1 §5.9.2). Still pictures are not told apart.
fn is_key_frame(header: &[u8]) -> bool {
    let mut bits = Bits::new(header);
    bits.flag() == Some(false) && bits.take(2) == Some(0)
}

/// From a sequence header (AV1 §5.5.1), and the same as a whole OBU.
fn key_picture(header: &[u8], obu: &[u8]) -> Option<KeyPicture> {
    let Sequence { level, tier, width, height } = Sequence::parse(header)?;
    let setup_box = Av1c {
        seq_profile: 0,
        seq_level_idx_0: level,
        seq_tier_0: tier,
        // WebRTC's main profile has eight bits and halved colour; see `Sequence::parse`.
        high_bitdepth: false,
        twelve_bit: false,
        monochrome: false,
        chroma_subsampling_x: true,
        chroma_subsampling_y: true,
        chroma_sample_position: 0,
        initial_presentation_delay: None,
        config_obus: obu.to_vec(),
    };
    let mut setup = Vec::new();
    setup_box.encode_body(&mut setup).ok()?;
    Some(KeyPicture { width, height, setup: Bytes::from(setup) })
}

struct Sequence {
    level: u8,
    tier: bool,
    width: u16,
    height: u16,
}

impl Sequence {
    /// None when it is not of the main profile, the only one negotiated.
    fn parse(header: &[u8]) -> Option<Self> {
        let mut bits = Bits::new(header);
        let (profile, _still, reduced) = (bits.take(3)?, bits.flag()?, bits.flag()?);
        if profile != 0 {
            return None;
        }
        let (level, tier) = if reduced { (bits.take(5)?, false) } else { Self::operating_points(&mut bits)? };
        let (width_bits, height_bits) = (bits.take(4)? as usize + 1, bits.take(4)? as usize + 1);
        let (width, height) = (bits.take(width_bits)? + 1, bits.take(height_bits)? + 1);
        Some(Self {
            level: u8::try_from(level).ok()?,
            tier,
            width: u16::try_from(width).ok()?,
            height: u16::try_from(height).ok()?,
        })
    }

    /// Level and tier of the first one.
    fn operating_points(bits: &mut Bits<'_>) -> Option<(u32, bool)> {
        let mut delay_bits = None;
        if bits.flag()? {
            bits.skip(64)?;
            if bits.flag()? {
                bits.variable()?;
            }
            if bits.flag()? {
                delay_bits = Some(bits.take(5)? as usize + 1);
                bits.skip(42)?;
            }
        }
        let has_display_delay = bits.flag()?;
        let mut first = None;
        for _ in 0..=bits.take(5)? {
            bits.skip(12)?;
            let level = bits.take(5)?;
            let tier = level > 7 && bits.flag()?;
            first.get_or_insert((level, tier));
            if let Some(delay_bits) = delay_bits
                && bits.flag()?
            {
                bits.skip(2 * delay_bits + 1)?;
            }
            if has_display_delay && bits.flag()? {
                bits.skip(4)?;
            }
        }
        first
    }
}

/// A number in groups of seven bits, the lowest first (AV1 §4.10.5), and what follows it.
fn leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0;
    for (index, byte) in bytes.iter().enumerate().take(4) {
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[index + 1..]));
        }
    }
    None
}

fn write_leb128(mut value: usize, output: &mut Vec<u8>) {
    while value >= 0x80 {
        output.push(0x80 | (value & 0x7f) as u8);
        value >>= 7;
    }
    output.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sequence header of libaom for 320 × 180.
    const SEQUENCE: [u8; 12] = [0x08, 0, 0, 0, 0x04, 0x3c, 0xfe, 0xcc, 0xda, 0xf9, 0x00, 0x40];
    /// The beginning of a key frame, and of another.
    const KEY_FRAME: [u8; 3] = [0x30, 0x10, 7];
    const INTER_FRAME: [u8; 3] = [0x30, 0x30, 7];

    #[test]
    fn payloads_are_taken_apart() {
        let data = |payload: &[u8]| {
            let pieces = pieces(payload)?;
            Some(pieces.iter().map(|piece| (piece.begins, piece.ends, piece.data.to_vec())).collect::<Vec<_>>())
        };
        assert_eq!(data(&[0x10, 7, 8]), Some(vec![(true, true, vec![7, 8])]), "the only one");
        assert_eq!(data(&[0x20, 1, 7, 8]), Some(vec![(true, true, vec![7]), (true, true, vec![8])]), "two");
        assert_eq!(data(&[0x00, 1, 7, 1, 8]), Some(vec![(true, true, vec![7]), (true, true, vec![8])]), "not counted");
        assert_eq!(data(&[0xe0, 1, 7, 8]), Some(vec![(false, true, vec![7]), (true, false, vec![8])]), "parts");
        for cut in [&[][..], &[0x00, 2, 7], &[0x20, 5, 7], &[0x00, 0x80], &[0x10]] {
            assert_eq!(data(cut), None, "{cut:?}");
        }
    }

    #[test]
    fn key_frames_begin_a_sequence() {
        assert!(begins_key_frame(&[0x18, 7]));
        for other in [&[0x10, 7][..], &[0x98, 7], &[0x18]] {
            assert!(!begins_key_frame(other), "{other:?}");
        }
    }

    #[test]
    fn a_key_picture_says_its_size_and_how_it_is_decoded() {
        let whole = picture(&[vec![0x10], SEQUENCE.to_vec(), KEY_FRAME.to_vec()]).unwrap();
        let key = whole.key.unwrap();
        assert_eq!((key.width, key.height), (320, 180));
        assert_eq!(key.setup[..6], [0x81, 0x00, 0x0c, 0x00, 0x0a, 11]);
        assert_eq!(key.setup[6..], SEQUENCE[1..]);
        let expected = [&[0x0a, 11][..], &SEQUENCE[1..], &[0x32, 2, 0x10, 7]].concat();
        assert_eq!(whole.data[..], expected, "sizes are stated, the delimiter is gone");
        assert_eq!(picture(&[INTER_FRAME.to_vec()]).unwrap().key, None);
        assert_eq!(picture(&[SEQUENCE.to_vec(), INTER_FRAME.to_vec()]).unwrap().key, None);
        assert_eq!(picture(&[SEQUENCE[..4].to_vec(), KEY_FRAME.to_vec()]), None, "cut off");
        assert_eq!(picture(&[vec![0x10]]), None, "nothing to be seen");
    }

    #[test]
    fn sizes_that_are_there_are_kept() {
        let whole = picture(&[vec![0x32, 2, 0x30, 7], vec![0x36, 0x08, 1, 0x30]]).unwrap();
        assert_eq!(whole.data[..], [0x32, 2, 0x30, 7, 0x36, 0x08, 1, 0x30]);
        let long = [vec![0x30], vec![0x30; 300]].concat();
        assert_eq!(picture(&[long]).unwrap().data[..4], [0x32, 0xac, 0x02, 0x30]);
    }
}
