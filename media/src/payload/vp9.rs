//! VP9 over RTP (RFC 9628) and as much of its frames (VP9 bitstream specification §6.2, Annex B) as a container needs.

use super::{
    bits::Bits,
    units::{KeyPicture, Picture, Piece},
};
use bytes::Bytes;

/// What the first byte of a payload descriptor says.
const PICTURE_ID: u8 = 0x80;
const INTER_PREDICTED: u8 = 0x40;
const LAYERS: u8 = 0x20;
const FLEXIBLE: u8 = 0x10;
const BEGINS: u8 = 0x08;
const ENDS: u8 = 0x04;
const STRUCTURE: u8 = 0x02;

/// Most frames that a superframe can hold.
const MAX_FRAMES: usize = 8;

/// Takes the payload descriptor off; none when nothing is behind it. A layer's frame is a unit.
pub(super) fn piece(payload: &[u8]) -> Option<Piece<'_>> {
    let first = *payload.first()?;
    let mut at = 1;
    if first & PICTURE_ID != 0 {
        at += if payload.get(at)? & 0x80 != 0 { 2 } else { 1 };
    }
    if first & LAYERS != 0 {
        at += if first & FLEXIBLE != 0 { 1 } else { 2 };
    }
    if first & FLEXIBLE != 0 && first & INTER_PREDICTED != 0 {
        // Up to three references; each says whether another follows.
        let references = payload.get(at..)?.iter().take(3);
        at += references.take_while(|reference| **reference & 1 != 0).count().min(2) + 1;
    }
    if first & STRUCTURE != 0 {
        at += structure_bytes(payload.get(at..)?)?;
    }
    let data = payload.get(at..).filter(|data| !data.is_empty())?;
    Some(Piece { begins: first & BEGINS != 0, ends: first & ENDS != 0, first: None, data })
}

/// Length of a scalability structure.
fn structure_bytes(structure: &[u8]) -> Option<usize> {
    let first = *structure.first()?;
    let mut at = 1;
    if first & 0x10 != 0 {
        at += 4 * (usize::from(first >> 5) + 1);
    }
    if first & 0x08 != 0 {
        let pictures = *structure.get(at)?;
        at += 1;
        for _ in 0..pictures {
            at += 1 + usize::from(structure.get(at)? >> 2 & 3);
        }
    }
    Some(at)
}

/// Whether a payload begins a key frame.
pub(super) fn begins_key_frame(payload: &[u8]) -> bool {
    let is_base_layer = |first: u8| {
        let layers = if first & PICTURE_ID == 0 {
            1
        } else if payload.get(1).is_some_and(|id| id & 0x80 != 0) {
            3
        } else {
            2
        };
        first & LAYERS == 0 || payload.get(layers).is_some_and(|layer| layer >> 1 & 7 == 0)
    };
    payload.first().is_some_and(|first| {
        first & (BEGINS | INTER_PREDICTED) == BEGINS && is_base_layer(*first) && piece(payload).is_some()
    })
}

/// The frames of all layers as one; none when decoders would refuse it.
pub(super) fn picture(mut frames: Vec<Vec<u8>>) -> Option<Picture> {
    let key = key_picture(frames.first()?)?;
    let data = if frames.len() == 1 { frames.pop()? } else { superframe(&frames)? };
    Some(Picture { key, data: data.into() })
}

/// Reads the header of a frame; none when it is not one of profile 0.
fn key_picture(frame: &[u8]) -> Option<Option<KeyPicture>> {
    let mut bits = Bits::new(frame);
    let (marker, profile) = (bits.take(2)?, bits.take(2)?);
    if (marker, profile) != (2, 0) {
        return None;
    }
    let shows_another = bits.flag()?;
    if shows_another || bits.flag()? {
        return Some(None);
    }
    let _shown_and_resilient = bits.take(2)?;
    if bits.take(24)? != 0x49_8342 {
        return None;
    }
    const SRGB: u32 = 7;
    if bits.take(3)? == SRGB {
        return None;
    }
    let _range = bits.flag()?;
    let (width, height) = (bits.take(16)? + 1, bits.take(16)? + 1);
    let (width, height) = (u16::try_from(width).ok()?, u16::try_from(height).ok()?);
    Some(Some(KeyPicture { width, height, setup: Bytes::new() }))
}

/// Frames that are one picture, followed by where each of them ends.
fn superframe(frames: &[Vec<u8>]) -> Option<Vec<u8>> {
    if frames.len() > MAX_FRAMES {
        return None;
    }
    // Sizes of four bytes.
    let marker = 0b1101_1000 | u8::try_from(frames.len() - 1).ok()?;
    let mut data = frames.concat();
    data.push(marker);
    for frame in frames {
        data.extend(u32::try_from(frame.len()).ok()?.to_le_bytes());
    }
    data.push(marker);
    Some(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key frame of 640 × 360.
    const KEY: [u8; 10] = [0x82, 0x49, 0x83, 0x42, 0x20, 0x27, 0xf0, 0x16, 0x70, 0];

    #[test]
    fn descriptors_of_all_kinds_are_taken_off() {
        let data = |payload: &[u8]| piece(payload).map(|piece| (piece.begins, piece.ends, piece.data.to_vec()));
        assert_eq!(data(&[0x08, 7]), Some((true, false, vec![7])));
        assert_eq!(data(&[0x84, 0x11, 7]), Some((false, true, vec![7])));
        assert_eq!(data(&[0x8c, 0x91, 0x22, 7]), Some((true, true, vec![7])));
        assert_eq!(
            data(&[0x2c, 0x10, 0x05, 7]),
            Some((true, true, vec![7])),
            "layers, with the index of the base layer"
        );
        assert_eq!(data(&[0x7c, 0x10, 0x03, 0x05, 0x06, 7]), Some((true, true, vec![7])), "three references");
        let structure = [0x0a, 0x18, 2, 128, 1, 104, 2, 0x04, 1, 0x00, 7];
        assert_eq!(data(&structure), Some((true, false, vec![7])), "a size and two pictures");
        for cut in 1..structure.len() - 1 {
            assert_eq!(piece(&structure[..cut]), None, "{cut}");
        }
    }

    #[test]
    fn key_frames_of_the_base_layer_are_told_from_others() {
        assert!(begins_key_frame(&[0x0a, 0x00, 0x82]));
        assert!(begins_key_frame(&[0xa8, 0x91, 0x22, 0x00, 0x00, 0x82]));
        assert!(!begins_key_frame(&[0xa8, 0x91, 0x22, 0x02, 0x00, 0x82]), "the second layer");
        assert!(!begins_key_frame(&[0x48, 0x86]), "depends on earlier frames");
        assert!(!begins_key_frame(&[0x04, 0x82]), "goes on");
    }

    #[test]
    fn headers_of_frames_are_read() {
        let key = picture(vec![KEY.to_vec()]).unwrap();
        assert_eq!(key.key.map(|key| (key.width, key.height)), Some((640, 360)));
        assert_eq!(key.data[..], KEY);
        assert_eq!(picture(vec![vec![0x86, 0]]).unwrap().key, None);
        assert_eq!(picture(vec![KEY[..8].to_vec()]), None, "cut off");
        assert_eq!(picture(vec![vec![0x92, 0x49, 0x83, 0x42]]), None, "another profile");
        assert_eq!(picture(vec![]), None);
    }

    #[test]
    fn layers_become_a_superframe() {
        let picture = picture(vec![KEY.to_vec(), vec![0x86; 300]]).unwrap();
        assert_eq!(picture.data[310..], [0xd9, 10, 0, 0, 0, 44, 1, 0, 0, 0xd9]);
    }
}
