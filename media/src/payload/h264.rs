//! H.264 over RTP (RFC 6184) and its pictures as an MP4 holds them (ISO/IEC 14496-15 §5).

use super::units::{KeyPicture, Picture, Piece};
use bytes::Bytes;
use h264_reader::{
    nal::{Nal as _, RefNal, sps::SeqParameterSet},
    rbsp::BitReader,
};
use mp4_atom::{Atom as _, Avcc};

/// Types of NAL units, the lower five bits of their first byte.
const TYPE: u8 = 0x1f;
const IDR_SLICE: u8 = 5;
const SEQUENCE_PARAMETERS: u8 = 7;
const PICTURE_PARAMETERS: u8 = 8;
const SINGLE: std::ops::RangeInclusive<u8> = 1..=23;
const AGGREGATE: u8 = 24;
const FRAGMENT: u8 = 28;

/// Takes a payload apart; none when it is of a kind that is not negotiated, or cut off.
pub(super) fn pieces(payload: &[u8]) -> Option<Vec<Piece<'_>>> {
    let (&first, rest) = payload.split_first()?;
    match first & TYPE {
        kind if SINGLE.contains(&kind) => Some(vec![Piece::whole(payload)]),
        AGGREGATE => aggregated(rest),
        FRAGMENT => {
            let (&header, data) = rest.split_first()?;
            let (begins, ends) = (header & 0x80 != 0, header & 0x40 != 0);
            let first = begins.then_some(first & !TYPE | header & TYPE);
            (!(begins && ends)).then(|| vec![Piece { begins, ends, first, data }])
        }
        _ => None,
    }
}

/// The units of a packet that has several, each behind its length.
fn aggregated(mut rest: &[u8]) -> Option<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk()?;
        let (unit, after) = after.split_at_checked(u16::from_be_bytes(*length).into())?;
        pieces.push(Piece::whole(unit));
        rest = after;
    }
    Some(pieces)
}

/// Whether a payload begins a picture that needs no other: with its parameters, as browsers send it, or without.
pub(super) fn begins_key_frame(payload: &[u8]) -> bool {
    let Some(pieces) = pieces(payload) else { return false };
    pieces.iter().filter(|piece| piece.begins).any(|piece| {
        let first = piece.first.or(piece.data.first().copied());
        first.is_some_and(|first| [IDR_SLICE, SEQUENCE_PARAMETERS].contains(&(first & TYPE)))
    })
}

/// NAL units behind their lengths. A key picture is one that brings its parameters; none without a unit.
pub(super) fn picture(units: &[Vec<u8>]) -> Option<Picture> {
    let mut data = Vec::with_capacity(units.iter().map(|unit| unit.len() + 4).sum());
    for unit in units.iter().filter(|unit| !unit.is_empty()) {
        data.extend(u32::try_from(unit.len()).ok()?.to_be_bytes());
        data.extend_from_slice(unit);
    }
    let of = |kind| units.iter().find(|unit| unit.first().is_some_and(|first| first & TYPE == kind));
    let key = match (of(SEQUENCE_PARAMETERS), of(PICTURE_PARAMETERS), of(IDR_SLICE)) {
        (Some(sequence), Some(picture), Some(_)) => Some(key_picture(sequence, picture)?),
        _ => None,
    };
    (!data.is_empty()).then(|| Picture { key, data: data.into() })
}

fn key_picture(sequence: &[u8], picture: &[u8]) -> Option<KeyPicture> {
    let unit = RefNal::new(sequence, &[], true);
    let parameters = SeqParameterSet::from_bits(BitReader::new(unit.rbsp_bytes())).ok()?;
    let (width, height) = parameters.pixel_dimensions().ok()?;
    let mut setup = Vec::new();
    Avcc::new(sequence, picture).and_then(|setup_box| setup_box.encode_body(&mut setup)).ok()?;
    Some(KeyPicture {
        width: u16::try_from(width).ok()?,
        height: u16::try_from(height).ok()?,
        setup: Bytes::from(setup),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parameters of x264 for 320 × 180, with an emulation prevention byte.
    const SEQUENCE: [u8; 23] = [
        0x67, 0x42, 0xc0, 0x0d, 0xda, 0x05, 0x06, 0x7e, 0x7c, 0x04, 0x40, 0x00, 0x00, 0x03, 0x00, 0x40, 0x00, 0x00,
        0x0f, 0x03, 0xc5, 0x0a, 0xa8,
    ];
    const PICTURE: [u8; 4] = [0x68, 0xce, 0x0f, 0xc8];

    fn aggregate(units: &[&[u8]]) -> Vec<u8> {
        let units = units.iter().flat_map(|unit| [&(unit.len() as u16).to_be_bytes(), *unit].concat());
        [0x78].into_iter().chain(units).collect()
    }

    #[test]
    fn payloads_are_taken_apart() {
        let single = [0x41, 7];
        assert_eq!(pieces(&single), Some(vec![Piece::whole(&single)]));
        let several = aggregate(&[&SEQUENCE, &PICTURE]);
        assert_eq!(pieces(&several), Some(vec![Piece::whole(&SEQUENCE), Piece::whole(&PICTURE)]));
        assert_eq!(pieces(&several[..several.len() - 1]), None, "cut off");
        let piece = |begins, ends, first| Some(vec![Piece { begins, ends, first, data: &[7] }]);
        assert_eq!(pieces(&[0x7c, 0x85, 7]), piece(true, false, Some(0x65)));
        assert_eq!(pieces(&[0x7c, 0x05, 7]), piece(false, false, None));
        assert_eq!(pieces(&[0x7c, 0x45, 7]), piece(false, true, None));
        assert_eq!(pieces(&[0x7c, 0xc5, 7]), None, "a fragment is never the whole");
        assert_eq!(pieces(&[0x79, 0, 1, 2]), None, "interleaved");
    }

    #[test]
    fn key_frames_begin_with_parameters_or_at_once() {
        assert!(begins_key_frame(&aggregate(&[&SEQUENCE, &PICTURE])));
        assert!(begins_key_frame(&SEQUENCE));
        assert!(begins_key_frame(&[0x7c, 0x85, 7]));
        for other in [&[0x41, 7][..], &[0x7c, 0x05, 7], &[0x7c, 0x81, 7], &PICTURE, &[]] {
            assert!(!begins_key_frame(other), "{other:?}");
        }
    }

    #[test]
    fn a_key_picture_says_its_size_and_how_it_is_decoded() {
        let units = [SEQUENCE.to_vec(), PICTURE.to_vec(), vec![0x65, 1, 2]];
        let whole = picture(&units).unwrap();
        let key = whole.key.unwrap();
        assert_eq!((key.width, key.height), (320, 180));
        assert_eq!(key.setup[..8], [1, 0x42, 0xc0, 0x0d, 0xff, 0xe1, 0, 23]);
        assert_eq!(whole.data.len(), 3 * 4 + 23 + 4 + 3);
        assert_eq!(whole.data[35..], [0, 0, 0, 3, 0x65, 1, 2]);
        assert_eq!(picture(&units[1..]).unwrap().key, None, "without its parameters it is like any other");
        assert_eq!(picture(&[SEQUENCE[..6].to_vec(), PICTURE.to_vec(), vec![0x65]]), None, "cut off");
        assert_eq!(picture(&[]), None);
    }
}
