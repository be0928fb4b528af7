//! What a client may say when: pure, without sockets.

use protocol::{
    limits::SIGNALING_MESSAGE_BYTES,
    native::{ClientMessage, ErrorCode},
};

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
        ErrorCode::RoomLocked => "The room is locked.",
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

    #[test]
    fn oversized_and_malformed_text_has_its_own_code() {
        assert_eq!(parse(&" ".repeat(SIGNALING_MESSAGE_BYTES + 1)), Err(ErrorCode::MessageTooLarge));
        assert_eq!(parse("{}"), Err(ErrorCode::MalformedMessage));
    }
}
