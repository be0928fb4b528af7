//! As much of VP8 over RTP (RFC 7741 §4.2, §4.3) as tells where a picture can first be decoded.

/// Whether a payload begins a key frame.
pub fn begins_key_frame(payload: &[u8]) -> bool {
    first_frame_byte(payload).is_some_and(|byte| byte & 1 == 0)
}

/// The first byte of the frame when the payload holds its start.
fn first_frame_byte(payload: &[u8]) -> Option<u8> {
    let first = *payload.first()?;
    if first & 0x10 == 0 || first & 0x07 != 0 {
        return None;
    }
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
    payload.get(at).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn key_frames_are_told_from_others() {
        assert!(begins_key_frame(&[0x10, 0x00]));
        assert!(!begins_key_frame(&[0x10, 0x01]), "depends on earlier frames");
        assert!(!begins_key_frame(&[0x00, 0x00]), "continues a frame");
        assert!(!begins_key_frame(&[0x11, 0x00]), "another partition");
        assert!(begins_key_frame(&[0x90, 0xf0, 0x81, 0x02, 3, 4, 0x50]));
        assert!(!begins_key_frame(&[0x90, 0x80, 0x01, 0x51]));
    }

    proptest! {
        #[test]
        fn any_payload_is_survived(payload: Vec<u8>) {
            begins_key_frame(&payload);
        }
    }
}
