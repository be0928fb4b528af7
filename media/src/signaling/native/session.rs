//! What a client may say when: pure, without sockets.

use protocol::{
    limits::{SIGNALING_BURST, SIGNALING_MESSAGE_BYTES, SIGNALING_PER_SECOND},
    native::{ClientMessage, ErrorCode},
};
use std::time::Instant;

/// Messages a client may still send; refilled with time.
#[derive(Debug)]
pub struct Allowance {
    tokens: f64,
    refilled: Instant,
}

impl Allowance {
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { tokens: f64::from(SIGNALING_BURST), refilled: now }
    }

    /// Takes one message off the allowance; false when there is none left.
    pub fn take(&mut self, now: Instant) -> bool {
        let elapsed = now.saturating_duration_since(self.refilled).as_secs_f64();
        self.refilled = now;
        self.tokens = (self.tokens + elapsed * f64::from(SIGNALING_PER_SECOND)).min(f64::from(SIGNALING_BURST));
        let enough = self.tokens >= 1.0;
        if enough {
            self.tokens -= 1.0;
        }
        enough
    }
}

/// Reads one message.
///
/// # Errors
/// The code to answer with.
pub fn parse(text: &str) -> Result<ClientMessage, ErrorCode> {
    if text.len() > SIGNALING_MESSAGE_BYTES {
        return Err(ErrorCode::MessageTooLarge);
    }
    serde_json::from_str(text).map_err(|_| ErrorCode::MalformedMessage)
}

/// One sentence per code.
#[must_use]
pub fn sentence(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::MalformedMessage => "The message is not a known one.",
        ErrorCode::MessageTooLarge => "The message is too large.",
        ErrorCode::TooManyMessages => "Too many messages; the connection is closed.",
        ErrorCode::HelloExpected => "The first message must be a hello, in time.",
        ErrorCode::UnsupportedProtocol => "This version of the protocol is not supported.",
        ErrorCode::InvalidToken => "The join token is not valid for this node.",
        ErrorCode::TokenExpired => "The join token has expired; get a new one.",
        ErrorCode::OriginNotAllowed => "Pages of this origin may not join.",
        ErrorCode::RoomFull => "The room is full.",
        ErrorCode::UnexpectedMessage => "This message is not expected now.",
        ErrorCode::UnknownPeer => "That peer is not in this room.",
        ErrorCode::InvalidDescription => "The session description could not be used.",
        ErrorCode::TooSlow => "Messages were not read in time.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_allowance_refills() {
        let now = crate::clock::now();
        let mut allowance = Allowance::new(now);
        assert!((0..SIGNALING_BURST).all(|_| allowance.take(now)));
        assert!(!allowance.take(now));
        let later = now + Duration::from_secs(1);
        assert!((0..SIGNALING_PER_SECOND).all(|_| allowance.take(later)));
        assert!(!allowance.take(later));
    }

    #[test]
    fn oversized_and_malformed_text_has_its_own_code() {
        assert_eq!(parse(&" ".repeat(SIGNALING_MESSAGE_BYTES + 1)), Err(ErrorCode::MessageTooLarge));
        assert_eq!(parse("{}"), Err(ErrorCode::MalformedMessage));
    }
}
