//! As much of the codecs' payloads as order, time and containers need. Nothing is decoded.

mod av1;
mod bits;
mod h264;
pub mod opus;
mod units;
mod vp8;
mod vp9;

pub use units::{KeyPicture, Units};

use serde::{Deserialize, Serialize};

/// How a track is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Codec {
    Opus,
    Vp8,
    Vp9,
    H264,
    Av1,
}

impl Codec {
    /// As descriptions call it (RFC 8866 §6.6).
    #[must_use]
    pub fn encoding(self) -> &'static str {
        match self {
            Self::Opus => "opus",
            Self::Vp8 => "VP8",
            Self::Vp9 => "VP9",
            Self::H264 => "H264",
            Self::Av1 => "AV1",
        }
    }

    /// RTP clock, in Hz.
    #[must_use]
    pub fn clock_rate(self) -> u32 {
        if self == Self::Opus { 48_000 } else { 90_000 }
    }

    /// The number captured packets carry, whatever the publisher negotiated.
    #[must_use]
    pub fn payload_type(self) -> u8 {
        if self == Self::Opus { 111 } else { 96 }
    }

    /// Whether an RTP payload begins something that can be decoded without what was before.
    #[must_use]
    pub fn decodes_alone(self, payload: &[u8]) -> bool {
        match self {
            Self::Opus => true,
            Self::Vp8 => vp8::begins_key_frame(payload),
            Self::Vp9 => vp9::begins_key_frame(payload),
            Self::H264 => h264::begins_key_frame(payload),
            Self::Av1 => av1::begins_key_frame(payload),
        }
    }
}
