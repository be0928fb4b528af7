//! The token of a download link: what it leads to and until when, with a signature over both. Pure.
//!
//! ```text
//! version 1 | recording, 16 bytes | u64 end, Unix seconds, big-endian | HMAC-SHA256 of all before it
//! ```
//! in base64 for URLs: 57 bytes, so 76 characters without padding and without bits to spare.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use protocol::ids::RecordingId;

const VERSION: u8 = 1;
const RECORDING_BYTES: usize = 16;
const CLAIMS_BYTES: usize = 1 + RECORDING_BYTES + 8;
const TOKEN_BYTES: usize = CLAIMS_BYTES + 32;
const TOKEN_CHARS: usize = TOKEN_BYTES / 3 * 4;

/// What a link says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claims {
    pub recording: RecordingId,
    /// Unix seconds.
    pub expires_at: u64,
}

/// The token of a link.
pub(super) fn sign(key: &[u8], claims: Claims) -> String {
    let mut bytes = vec![VERSION];
    bytes.extend(recording_bytes(claims.recording));
    bytes.extend(claims.expires_at.to_be_bytes());
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), &bytes);
    bytes.extend(signature.as_ref());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What a token says, if we made it.
pub(super) fn verify(key: &[u8], token: &str) -> Option<Claims> {
    if token.len() != TOKEN_CHARS {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (signed, signature) = bytes.split_at_checked(CLAIMS_BYTES)?;
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, key), signed, signature).ok()?;
    let (&version, rest) = signed.split_first()?;
    let (recording, expires_at) = rest.split_at_checked(RECORDING_BYTES)?;
    let recording = format!("{}{}", RecordingId::PREFIX, hex::encode(recording)).parse().ok()?;
    let expires_at = u64::from_be_bytes(expires_at.try_into().ok()?);
    (version == VERSION).then_some(Claims { recording, expires_at })
}

/// An identifier's 32 digits as bytes.
fn recording_bytes(recording: RecordingId) -> Vec<u8> {
    let text = recording.to_string();
    hex::decode(text.strip_prefix(RecordingId::PREFIX).unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: [u8; 32] = [7; 32];

    prop_compose! {
        fn any_claims()(ms in 0u64..(1 << 48), random: [u8; 10], expires_at: u64) -> Claims {
            Claims { recording: RecordingId::from_parts(ms, random), expires_at }
        }
    }

    proptest! {
        #[test]
        fn a_token_says_what_was_signed_and_only_under_its_key(claims in any_claims(), other: [u8; 32]) {
            let token = sign(&KEY, claims);
            prop_assert_eq!(token.len(), TOKEN_CHARS);
            prop_assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'));
            prop_assert_eq!(verify(&KEY, &token), Some(claims));
            prop_assume!(other != KEY);
            prop_assert_eq!(verify(&other, &token), None);
        }

        #[test]
        fn a_changed_token_is_never_accepted(claims in any_claims(), at in 0usize..TOKEN_BYTES, flipped in 1u8..=255) {
            let mut bytes = URL_SAFE_NO_PAD.decode(sign(&KEY, claims)).unwrap();
            bytes[at] ^= flipped;
            prop_assert_eq!(verify(&KEY, &URL_SAFE_NO_PAD.encode(bytes)), None);
        }

        #[test]
        fn no_other_text_is_the_same_token(claims in any_claims(), at in 0usize..TOKEN_CHARS, with in any::<char>()) {
            let token = sign(&KEY, claims);
            let changed: String =
                token.chars().enumerate().map(|(index, c)| if index == at { with } else { c }).collect();
            prop_assert_eq!(verify(&KEY, &changed).is_some(), changed == token);
            prop_assert_eq!(verify(&KEY, &format!("{token}{with}")), None);
            prop_assert_eq!(verify(&KEY, &token[1..]), None);
        }

        #[test]
        fn foreign_text_never_panics(text in ".{0,120}") {
            prop_assert_eq!(verify(&KEY, &text), None);
        }
    }
}
