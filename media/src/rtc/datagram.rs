//! What goes over the network, whichever way.

use bytes::BytesMut;
use rtc::shared::TransportProtocol;
use std::net::SocketAddr;

/// How datagrams travel: by themselves, or one after the other on a TCP connection (RFC 6544).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    Udp,
    Tcp,
}

impl Transport {
    pub(super) fn protocol(self) -> TransportProtocol {
        match self {
            Self::Udp => TransportProtocol::UDP,
            Self::Tcp => TransportProtocol::TCP,
        }
    }

    pub(super) fn of(protocol: TransportProtocol) -> Self {
        if protocol == TransportProtocol::TCP { Self::Tcp } else { Self::Udp }
    }
}

/// A datagram that arrived.
#[derive(Debug, Clone, Copy)]
pub struct Datagram<'a> {
    pub from: SocketAddr,
    /// The node's address it was sent to.
    pub local: SocketAddr,
    pub transport: Transport,
    pub bytes: &'a [u8],
}

/// A datagram to send.
#[derive(Debug)]
pub struct Transmit {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub transport: Transport,
    pub bytes: BytesMut,
}
