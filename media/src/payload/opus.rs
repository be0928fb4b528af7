//! How long an Opus packet plays, and whether it is one at all (RFC 6716 §3).

use crate::timing::Nanoseconds;

const MICROSECOND: Nanoseconds = 1000;
/// Longest a packet may play.
const MAX_DURATION: Nanoseconds = 120_000 * MICROSECOND;
/// Longest one of a packet's frames may be, in bytes.
const MAX_FRAME_BYTES: usize = 1275;

/// How long a packet plays; none when it breaks a rule that decoders insist on.
#[must_use]
pub fn duration(packet: &[u8]) -> Option<Nanoseconds> {
    let (&first, rest) = packet.split_first()?;
    let frames = match first & 0x03 {
        0 => (rest.len() <= MAX_FRAME_BYTES).then_some(1),
        1 => (rest.len().is_multiple_of(2) && rest.len() / 2 <= MAX_FRAME_BYTES).then_some(2),
        2 => {
            let (bytes, rest) = frame_length(rest)?;
            rest.len().checked_sub(bytes).is_some_and(|second| second <= MAX_FRAME_BYTES).then_some(2)
        }
        _ => counted_frames(rest),
    }?;
    let duration = frame_duration(first >> 3) * frames;
    (duration <= MAX_DURATION).then_some(duration)
}

fn frame_duration(configuration: u8) -> Nanoseconds {
    let microseconds = match configuration {
        0..12 => [10_000, 20_000, 40_000, 60_000][usize::from(configuration & 3)],
        12..16 => [10_000, 20_000][usize::from(configuration & 1)],
        _ => [2_500, 5_000, 10_000, 20_000][usize::from(configuration & 3)],
    };
    microseconds * MICROSECOND
}

/// Frames of a packet that says how many it has.
fn counted_frames(packet: &[u8]) -> Option<Nanoseconds> {
    let (&counted, mut rest) = packet.split_first()?;
    let frames = usize::from(counted & 0x3f);
    if frames == 0 {
        return None;
    }
    if counted & 0x40 != 0 {
        let (padding, after) = padding_length(rest)?;
        rest = after.get(..after.len().checked_sub(padding)?)?;
    }
    if counted & 0x80 == 0 {
        let fits = rest.len().is_multiple_of(frames) && rest.len() / frames <= MAX_FRAME_BYTES;
        return fits.then_some(frames as Nanoseconds);
    }
    let mut stated = 0;
    for _ in 1..frames {
        let (bytes, after) = frame_length(rest)?;
        (stated, rest) = (stated + bytes, after);
    }
    rest.len().checked_sub(stated).is_some_and(|last| last <= MAX_FRAME_BYTES).then_some(frames as Nanoseconds)
}

fn frame_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match *bytes {
        [short @ 0..252, ref rest @ ..] => Some((short.into(), rest)),
        [first, second, ref rest @ ..] => Some((usize::from(second) * 4 + usize::from(first), rest)),
        _ => None,
    }
}

fn padding_length(mut bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut padding = 0;
    loop {
        let (&length, rest) = bytes.split_first()?;
        bytes = rest;
        if length < 255 {
            return Some((padding + usize::from(length), bytes));
        }
        padding += 254;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn packets_play_as_long_as_their_first_byte_says() {
        let milliseconds = |packet: &[u8]| duration(packet).map(|duration| duration as f64 / 1e6);
        assert_eq!(milliseconds(&[0x78, 1, 2, 3]), Some(20.0), "hybrid, one frame");
        assert_eq!(milliseconds(&[0xf8]), Some(20.0), "silence");
        assert_eq!(milliseconds(&[0xe1, 1, 2]), Some(5.0), "two of 2.5 ms");
        assert_eq!(milliseconds(&[0x1a, 1, 9, 8, 8]), Some(120.0), "two of 60 ms");
        assert_eq!(milliseconds(&[0xfb, 0x03, 1, 2, 3]), Some(60.0), "three of the same length");
        assert_eq!(milliseconds(&[0xfb, 0xc2, 1, 1, 9, 9, 0]), Some(40.0), "two with their lengths and padding");
    }

    #[test]
    fn what_decoders_refuse_is_none() {
        for packet in [
            &[][..],
            &[0xf9, 1],
            &[0xfa],
            &[0xfa, 9, 1],
            &[0xfb],
            &[0xfb, 0],
            &[0xfb, 7, 1, 2, 3, 4, 5, 6, 7],
            &[0xfb, 0x02, 1],
            &[0xfb, 0x41, 200, 1],
            &[0xfb, 0x82, 252],
        ] {
            assert_eq!(duration(packet), None, "{packet:?}");
        }
        assert_eq!(duration(&[0xf8; 1277]), None);
    }

    proptest! {
        #[test]
        fn any_packet_is_survived(packet: Vec<u8>) {
            if let Some(duration) = duration(&packet) {
                prop_assert!((2_500 * MICROSECOND..=MAX_DURATION).contains(&duration));
            }
        }
    }
}
