//! The only place that names the `rtc` crate: one [`Connection`] per peer, without sockets and without a clock.

mod codecs;
mod connection;
mod datagram;
mod feedback;
mod incoming;
mod outgoing;
mod stun;
mod tap;

pub use crate::payload::Codec;
pub use codecs::{MediaKind, VideoFormat};
pub use connection::{
    Connection, ConnectionError, ConnectionSettings, Output, PublishedTrack, RtpPacket, packet_bytes, strip_extensions,
};
pub use datagram::{Datagram, Transmit, Transport};
pub use feedback::SenderReport;
pub use stun::local_ufrag;
pub use tap::Tap;
