//! The node's UDP port as one worker uses it: every worker has a socket of its own on the same port (SO_REUSEPORT),
//! reads many datagrams per call and sends runs to one destination as one call (GSO).

use crate::rtc::{Datagram, Transmit, Transport};
use mio::{Interest, Registry, Token, unix::SourceFd};
use quinn_udp::{BATCH_SIZE, RecvMeta, UdpSockRef, UdpSocketState};
use std::{
    io::{self, IoSliceMut},
    net::{IpAddr, SocketAddr, UdpSocket},
    os::fd::AsRawFd as _,
};

/// Kernel buffer in each direction, in bytes: keyframes of many peers arrive at once.
const BUFFER: usize = 4 << 20;
/// Largest datagram read; anything longer than an Ethernet frame is not WebRTC.
const DATAGRAM: usize = 2048;
/// Largest payload of one send call (a UDP datagram is at most 65 507 bytes before segmentation).
const BATCH_BYTES: usize = 60_000;

pub(super) struct RelaySocket {
    socket: UdpSocket,
    state: UdpSocketState,
    port: u16,
    /// What clients know the node by, the first one also when a datagram came to another: behind an address translator
    /// no interface has the address that clients send to, and connections know only that one.
    advertised: Vec<IpAddr>,
    /// Those of them that interfaces of this machine have, which datagrams can therefore be sent from.
    own: Vec<IpAddr>,
    buffer: Vec<u8>,
    chunk: usize,
    batch: Vec<u8>,
}

impl RelaySocket {
    pub(super) fn new(socket: UdpSocket, advertised: Vec<IpAddr>) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let port = socket.local_addr()?.port();
        let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
        state.set_recv_buffer_size(UdpSockRef::from(&socket), BUFFER)?;
        state.set_send_buffer_size(UdpSockRef::from(&socket), BUFFER)?;
        let chunk = DATAGRAM * state.gro_segments();
        let buffer = vec![0; chunk * BATCH_SIZE];
        let own = advertised.iter().copied().filter(|ip| UdpSocket::bind((*ip, 0)).is_ok()).collect();
        let batch = Vec::with_capacity(BATCH_BYTES);
        Ok(Self { socket, state, port, advertised, own, buffer, chunk, batch })
    }

    pub(super) fn register(&self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(&mut SourceFd(&self.socket.as_raw_fd()), token, Interest::READABLE)
    }

    /// Reads one batch and hands every datagram to `each`. Returns whether there is more: a call that comes back with
    /// fewer than it had room for has emptied the queue, and what arrives later wakes the poll.
    pub(super) fn receive(&mut self, mut each: impl FnMut(Datagram<'_>)) -> bool {
        let mut metas = [RecvMeta::default(); BATCH_SIZE];
        let mut slices: Vec<IoSliceMut<'_>> = self.buffer.chunks_mut(self.chunk).map(IoSliceMut::new).collect();
        let received = match self.state.recv(UdpSockRef::from(&self.socket), &mut slices, &mut metas) {
            Ok(received) => received,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
            Err(error) => {
                tracing::debug!(%error, "receive");
                return false;
            }
        };
        for (meta, buffer) in metas.iter().zip(self.buffer.chunks(self.chunk)).take(received) {
            let reached = meta.dst_ip.filter(|ip| self.advertised.contains(ip));
            let Some(ip) = reached.or(self.advertised.first().copied()) else { continue };
            let local = SocketAddr::new(ip, self.port);
            for bytes in buffer[..meta.len].chunks(meta.stride.max(1)) {
                each(Datagram { from: meta.addr, local, transport: Transport::Udp, bytes });
            }
        }
        received == BATCH_SIZE
    }

    /// Sends everything and empties the queue. What the kernel has no room for is dropped: RTP is repaired by
    /// retransmission, and waiting would delay every other peer.
    pub(super) fn send(&mut self, queue: &mut Vec<Transmit>) {
        // Stable, so the order towards each destination is kept.
        queue.sort_by_key(|transmit| (transmit.to, transmit.from.ip()));
        let mut rest = queue.as_slice();
        while let Some(first) = rest.first() {
            let run = self.run_length(rest);
            let (now, later) = rest.split_at(run);
            rest = later;
            self.batch.clear();
            for transmit in now {
                self.batch.extend_from_slice(&transmit.bytes);
            }
            let transmit = quinn_udp::Transmit {
                destination: first.to,
                ecn: None,
                contents: &self.batch,
                segment_size: (run > 1).then_some(first.bytes.len()),
                src_ip: Some(first.from.ip()).filter(|ip| self.own.contains(ip)),
            };
            if let Err(error) = self.state.try_send(UdpSockRef::from(&self.socket), &transmit) {
                tracing::debug!(%error, to = %first.to, run, "send");
            }
        }
        queue.clear();
    }

    /// How many of the first transmits fit one call: same addresses, same size, the last may be shorter.
    fn run_length(&self, queue: &[Transmit]) -> usize {
        let first = &queue[0];
        let (size, mut run, mut bytes) = (first.bytes.len(), 1, first.bytes.len());
        for transmit in &queue[1..] {
            let same = transmit.to == first.to && transmit.from == first.from && transmit.bytes.len() <= size;
            bytes += transmit.bytes.len();
            if !same || run == self.state.max_gso_segments() || bytes > BATCH_BYTES {
                break;
            }
            run += 1;
            if transmit.bytes.len() < size {
                break;
            }
        }
        run
    }
}
