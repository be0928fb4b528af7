//! VP8 over RTP (RFC 7741) and as much of its frames (RFC 6386 §9.1) as a container needs.

use super::units::{KeyPicture, Picture, Piece};
use bytes::Bytes;

/// Takes the payload descriptor off; none when nothing is behind it. The depacketizer of the `rtc` crate refuses
/// fragments of one or two bytes, which encoders do send, and takes every partition's start for a frame's.
pub(super) fn piece(payload: &[u8]) -> Option<Piece<'_>> {
    let first = *payload.first()?;
    let mut at = 1;
    if first & 0x80 != 0 {
        let extension = *payload.get(at)?;
        at += 1;
        if extension & 0x80 != 0 {
            at += if payload.get(at)? & 0x80 != 0 { 2 } else { 1 };
        }
        at += usize::from(extension & 0x40 != 0);
        at += usize::from(extension & 0x30 != 0);
    }
    let data = payload.get(at..).filter(|data| !data.is_empty())?;
    Some(Piece { begins: first & 0x10 != 0 && first & 0x07 == 0, ends: false, first: None, data })
}

/// Whether a payload begins a key frame.
pub(super) fn begins_key_frame(payload: &[u8]) -> bool {
    piece(payload).is_some_and(|piece| piece.begins && piece.data[0] & 1 == 0)
}

/// A whole frame as it is; none when decoders would refuse it.
pub(super) fn picture(frame: Vec<u8>) -> Option<Picture> {
    let (tag, rest) = frame.split_first_chunk::<3>()?;
    let partition = usize::from(tag[0] >> 5) | usize::from(tag[1]) << 3 | usize::from(tag[2]) << 11;
    if tag[0] & 1 != 0 {
        return (partition <= rest.len()).then(|| Picture { key: None, data: frame.into() });
    }
    let (start, rest) = rest.split_first_chunk::<7>()?;
    let [0x9d, 0x01, 0x2a, sizes @ ..] = *start else { return None };
    // Two bits of each are a hint for scaling.
    let width = u16::from_le_bytes([sizes[0], sizes[1]]) & 0x3fff;
    let height = u16::from_le_bytes([sizes[2], sizes[3]]) & 0x3fff;
    let is_good = width > 0 && height > 0 && partition <= rest.len();
    is_good.then(|| Picture { key: Some(KeyPicture { width, height, setup: Bytes::new() }), data: frame.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_frames_are_told_from_others() {
        assert!(begins_key_frame(&[0x10, 0x00]));
        assert!(!begins_key_frame(&[0x10, 0x01]), "depends on earlier frames");
        assert!(!begins_key_frame(&[0x00, 0x00]), "continues a frame");
        assert!(!begins_key_frame(&[0x11, 0x00]), "another partition");
        assert!(begins_key_frame(&[0x90, 0xf0, 0x81, 0x02, 3, 4, 0x50]));
        assert!(!begins_key_frame(&[0x90, 0x80, 0x01, 0x51]));
    }

    #[test]
    fn the_smallest_fragment_has_one_byte() {
        let smallest = Piece { begins: false, ends: false, first: None, data: &[7] };
        assert_eq!(piece(&[0x00, 7]), Some(smallest));
        assert_eq!(piece(&[0x00]), None);
        assert_eq!(piece(&[0x90, 0x80, 0x80, 1]), None);
    }

    #[test]
    fn headers_of_frames_are_read() {
        let size = |frame: &[u8]| picture(frame.to_vec()).map(|picture| picture.key.map(|key| (key.width, key.height)));
        let key = [0x30, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x42, 0x68, 0x01, 9];
        assert_eq!(size(&key), Some(Some((640, 360))));
        assert_eq!(size(&[0x31, 0, 0, 9]), Some(None));
        assert_eq!(size(&[0x31, 1, 0, 9]), None, "the first partition is cut off");
        assert_eq!(size(&key[..10]), None);
        assert_eq!(size(&[0x10, 0, 0, 0x9d, 0x01, 0x2b, 0x80, 2, 0x68, 1, 9]), None);
        assert_eq!(size(&[0x10, 0, 0, 0x9d, 0x01, 0x2a, 0, 0, 0x68, 1, 9]), None);
    }
}
