//! A picture from its payloads, and the picture as containers hold it.
//!
//! Payloads carry units, whole or in pieces: the frame itself with VP8, a frame of each layer with VP9, NAL units with
//! H.264, OBUs with AV1.

use super::{Codec, av1, h264, vp8, vp9};
use bytes::Bytes;

/// Nobody's picture is larger; a sender that never ends one must not fill the memory.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// Nor has one more units: slices and layers are few.
const MAX_UNITS: usize = 1024;

/// A unit or a part of one, as one payload has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub begins: bool,
    pub ends: bool,
    /// The unit's first byte, where the payload has it in parts.
    pub first: Option<u8>,
    pub data: &'a [u8],
}

impl<'a> Piece<'a> {
    pub fn whole(data: &'a [u8]) -> Self {
        Self { begins: true, ends: true, first: None, data }
    }
}

/// A picture that can be decoded without others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPicture {
    pub width: u16,
    pub height: u16,
    /// What containers tell decoders beforehand: the body of `avcC` or `av1C`, nothing with VP8 and VP9.
    pub setup: Bytes,
}

/// A whole picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub key: Option<KeyPicture>,
    pub data: Bytes,
}

/// What has arrived of one picture.
#[derive(Debug, Default)]
pub struct Units {
    whole: Vec<Vec<u8>>,
    open: Option<Vec<u8>>,
    bytes: usize,
}

impl Units {
    /// Adds a payload; none when it does not go on where the one before ended, or is not one at all.
    #[must_use]
    pub fn add(&mut self, codec: Codec, payload: &[u8]) -> Option<()> {
        match codec {
            Codec::Opus => None,
            Codec::Vp8 => self.add_piece(vp8::piece(payload)?),
            Codec::Vp9 => self.add_piece(vp9::piece(payload)?),
            Codec::H264 => h264::pieces(payload)?.into_iter().try_for_each(|piece| self.add_piece(piece)),
            Codec::Av1 => av1::pieces(payload)?.into_iter().try_for_each(|piece| self.add_piece(piece)),
        }
    }

    fn add_piece(&mut self, piece: Piece<'_>) -> Option<()> {
        if piece.begins == self.open.is_some() || self.whole.len() == MAX_UNITS {
            return None;
        }
        self.bytes += piece.data.len() + 1;
        let unit = self.open.get_or_insert_default();
        unit.extend(piece.first);
        unit.extend_from_slice(piece.data);
        if piece.ends {
            self.whole.extend(self.open.take());
        }
        (self.bytes <= MAX_BYTES).then_some(())
    }

    /// The picture; none when something is missing of it or decoders would refuse it.
    #[must_use]
    pub fn picture(mut self, codec: Codec) -> Option<Picture> {
        match (codec, self.open.take()) {
            // A frame ends with its last packet.
            (Codec::Vp8, Some(unit)) => vp8::picture(unit),
            (Codec::Vp9, None) => vp9::picture(self.whole),
            (Codec::H264, None) => h264::picture(&self.whole),
            (Codec::Av1, None) => av1::picture(&self.whole),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn codec() -> impl Strategy<Value = Codec> {
        prop::sample::select(vec![Codec::Vp8, Codec::Vp9, Codec::H264, Codec::Av1])
    }

    proptest! {
        #[test]
        fn any_payloads_are_survived(codec in codec(), payloads: Vec<Vec<u8>>) {
            let mut units = Units::default();
            for payload in &payloads {
                let _ = codec.decodes_alone(payload);
                let _ = units.add(codec, payload);
            }
            let _ = units.picture(codec);
        }
    }

    #[test]
    fn a_picture_that_never_ends_is_given_up() {
        let (first, next) = ([0x10; 60_000], [0x00; 60_000]);
        let mut units = Units::default();
        assert!(units.add(Codec::Vp8, &first).is_some());
        assert!((0..100).any(|_| units.add(Codec::Vp8, &next).is_none()));
        let mut units = Units::default();
        assert!((0..2000).any(|_| units.add(Codec::H264, &[0x61, 0]).is_none()));
    }
}
