//! The only place that names the `rtc` crate: one [`Connection`] per peer, without sockets and without a clock.

mod codecs;
mod connection;
mod feedback;
mod incoming;
mod outgoing;
mod stun;
mod tap;

pub use crate::payload::Codec;
pub use codecs::{MediaKind, VideoFormat};
pub use connection::{
    Connection, ConnectionError, ConnectionSettings, Datagram, Output, PublishedTrack, RtpPacket, Transmit,
    packet_bytes, strip_extensions,
};
pub use feedback::SenderReport;
pub use stun::local_ufrag;
pub use tap::Tap;
