//! Just enough STUN (RFC 8489 §5, §14) to tell which connection a datagram from an unknown address is for.

const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const USERNAME: u16 = 0x0006;

/// The receiver's half of USERNAME in a STUN binding request, `None` for anything else. The request is not
/// authenticated here: the connection checks its MESSAGE-INTEGRITY.
#[must_use]
pub fn local_ufrag(datagram: &[u8]) -> Option<&str> {
    let (header, mut attributes) = datagram.split_at_checked(20)?;
    // Binding request: type 0x0001; channel data, DTLS and RTP start with other bytes (RFC 7983 §7).
    if header[..2] != [0x00, 0x01] || header[4..8] != MAGIC_COOKIE {
        return None;
    }
    while let Some((head, rest)) = attributes.split_at_checked(4) {
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let value = rest.get(..length)?;
        if u16::from_be_bytes([head[0], head[1]]) == USERNAME {
            return std::str::from_utf8(value).ok()?.split(':').next();
        }
        attributes = rest.get(length.next_multiple_of(4)..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn binding_request(username: &[u8]) -> Vec<u8> {
        let mut datagram = vec![0x00, 0x01, 0, 0];
        datagram.extend(MAGIC_COOKIE);
        datagram.extend([9; 12]);
        datagram.extend([0x80, 0x22, 0, 3, b'x', b'y', b'z', 0]);
        datagram.extend(USERNAME.to_be_bytes());
        datagram.extend(u16::try_from(username.len()).unwrap().to_be_bytes());
        datagram.extend(username);
        datagram.resize(datagram.len().next_multiple_of(4), 0);
        datagram
    }

    #[test]
    fn finds_the_receivers_half() {
        assert_eq!(local_ufrag(&binding_request(b"mine:theirs")), Some("mine"));
        assert_eq!(local_ufrag(&binding_request(&[0xff, 0xfe])), None);
        let mut response = binding_request(b"mine:theirs");
        response[0] = 0x01;
        assert_eq!(local_ufrag(&response), None);
    }

    proptest! {
        #[test]
        fn garbage_never_panics(datagram: Vec<u8>, cut in 0usize..80) {
            let _ = local_ufrag(&datagram);
            let request = binding_request(b"mine:theirs");
            let _ = local_ufrag(&request[..cut.min(request.len())]);
        }
    }
}
