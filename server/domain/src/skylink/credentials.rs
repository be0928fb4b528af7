//! Credentials that a customer's own server signs, for one room and one time.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::DateTime;
use protocol::names::RoomName;

/// Clocks of customers may be wrong by so much, in seconds.
const CLOCK_SKEW: i64 = 60;
/// Longest stay, in hours.
const MOST_HOURS: f64 = 24.0 * 31.0;

/// As they come in the address, decoded.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub start: String,
    /// Hours.
    pub duration: String,
    pub signature: String,
}

/// What is thought of credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Unix seconds.
    ValidUntil(u64),
    Malformed,
    NotMatching,
}

impl Credentials {
    /// The signature is over the texts as they came, so they are not normalized first.
    pub(super) fn verify(&self, secret: &[u8], room: &RoomName, now: u64) -> Verdict {
        let (Ok(signature), Some((start, end))) = (STANDARD.decode(&self.signature), self.time()) else {
            return Verdict::Malformed;
        };
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
        let message = format!("{room}_{}_{}", self.duration, self.start);
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        // The signature first, in constant time: who cannot sign learns nothing about the clock.
        if hmac::verify(&key, message.as_bytes(), &signature).is_err() || now < start - CLOCK_SKEW || now >= end {
            return Verdict::NotMatching;
        }
        Verdict::ValidUntil(u64::try_from(end).unwrap_or(0))
    }

    fn time(&self) -> Option<(i64, i64)> {
        let start = DateTime::parse_from_rfc3339(&self.start).ok()?.timestamp();
        let hours: f64 = self.duration.parse().ok()?;
        // The range keeps the conversion exact.
        let seconds = (hours > 0.0 && hours <= MOST_HOURS).then_some((hours * 3600.0) as i64)?;
        Some((start, start.checked_add(seconds)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What customers' servers compute.
    fn signed(secret: &[u8], room: &str, duration: &str, start: &str) -> Credentials {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
        let signature = STANDARD.encode(hmac::sign(&key, format!("{room}_{duration}_{start}").as_bytes()));
        Credentials { start: start.to_owned(), duration: duration.to_owned(), signature }
    }

    fn room() -> RoomName {
        RoomName::try_from("my room".to_owned()).unwrap()
    }

    const START: &str = "2026-11-21T10:00:00.000Z";
    const AT: u64 = 1_795_255_200;

    #[test]
    fn a_known_signature_is_accepted() {
        // printf 'my room_1_2026-11-21T10:00:00.000Z' | openssl dgst -sha1 -hmac secret -binary | base64
        let credentials = Credentials { start: START.into(), duration: "1".into(), signature: KNOWN.into() };
        assert_eq!(credentials.verify(b"secret", &room(), AT + 5), Verdict::ValidUntil(AT + 3600));
    }

    const KNOWN: &str = "fIxCP3pMU5Y31kMX7c2Way2CTYA=";

    #[test]
    fn they_are_good_for_one_room_one_key_and_one_time() {
        let half = signed(b"secret", "my room", "0.5", START);
        assert_eq!(half.verify(b"secret", &room(), AT), Verdict::ValidUntil(AT + 1800));
        assert_eq!(half.verify(b"secret", &room(), AT - 30), Verdict::ValidUntil(AT + 1800));
        for (secret, name, now) in [
            (&b"other"[..], "my room", AT),
            (b"secret", "other room", AT),
            (b"secret", "my room", AT + 1800),
            (b"secret", "my room", AT - 61),
        ] {
            let room = RoomName::try_from(name.to_owned()).unwrap();
            assert_eq!(half.verify(secret, &room, now), Verdict::NotMatching, "{name} {now}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_malformed() {
        for (duration, start) in [("1", "today"), ("", START), ("-1", START), ("NaN", START), ("1e9", START)] {
            let credentials = signed(b"secret", "my room", duration, start);
            assert_eq!(credentials.verify(b"secret", &room(), AT), Verdict::Malformed, "{duration} {start}");
        }
        let credentials = Credentials { signature: "not base64!".into(), ..signed(b"secret", "my room", "1", START) };
        assert_eq!(credentials.verify(b"secret", &room(), AT), Verdict::Malformed);
    }
}
