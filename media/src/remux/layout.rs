//! What the beginning of a file says about the rest, whatever its format.

use crate::{capture::Codec, payload::KeyPicture};

/// What this program calls itself in a file.
pub const APPLICATION: &str = concat!("Mixdown ", env!("CARGO_PKG_VERSION"));
/// Of Opus, in Hz.
pub const SAMPLE_RATE: u32 = 48_000;
/// What RTP always announces; each packet says what it really has.
pub const CHANNELS: u8 = 2;

#[derive(Debug)]
pub struct Layout {
    /// Unix milliseconds of the file's time zero.
    pub started_ms: u64,
    pub duration_ms: u64,
    pub video: Option<VideoLayout>,
    pub has_sound: bool,
}

/// The file's pictures.
#[derive(Debug)]
pub struct VideoLayout {
    pub codec: Codec,
    /// The largest there are.
    pub width: u16,
    pub height: u16,
    pub first: KeyPicture,
}
