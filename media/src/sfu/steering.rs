//! Has the kernel bring a flow's datagrams to the worker that owns the flow. Between sockets that share a port it
//! chooses by a hash of the addresses, which knows nothing of rooms: with N workers N - 1 of N flows come to a wrong one
//! and are passed on, and waking two threads for a few packets costs more than all the rest. A classic BPF program
//! (`SO_ATTACH_REUSEPORT_CBPF`, socket(7)) needs no privilege, and names the socket for flows that were seen to come
//! wrong. Without it everything works as well, at a higher price.

use nix::{
    libc::{self, sock_filter},
    sys::socket::{setsockopt, sockopt::AttachReusePortCbpf},
};
use std::{
    collections::HashMap,
    io,
    net::{SocketAddr, SocketAddrV4, UdpSocket},
    sync::{Mutex, PoisonError},
};

/// Flows that the program names; what more there are is passed on between workers. The program compares one after the
/// other, and must be no larger than net.core.optmem_max, 20 kB on older kernels.
const FLOWS: usize = 1000;
/// A conditional jump skips no more instructions than this.
const LONGEST_JUMP: usize = 255;
/// No socket has this number, so the kernel chooses as it does without a program.
const ANY_SOCKET: u32 = u32::MAX;
/// Where an IPv4 header has the source address; behind it, when it has no options, UDP has the source port. Of packets
/// with options, which nobody sends, another field is read, and the kernel chooses.
const SOURCE_ADDRESS: u32 = 12;
const SOURCE_PORT: u32 = 20;
/// Spreads ports over the bits of an address (2³² divided by the golden ratio).
const SPREAD: u32 = 0x9e37_79b9;

/// The sockets of one port, in the order in which they were bound, which is that of the workers.
#[derive(Debug)]
pub(super) struct Steering {
    /// Any of them.
    socket: UdpSocket,
    owners: Mutex<HashMap<u32, u8>>,
}

impl Steering {
    /// # Errors
    /// There are no sockets, or no more file descriptors.
    pub(super) fn between(sockets: &[UdpSocket]) -> io::Result<Self> {
        let socket = sockets.first().ok_or(io::ErrorKind::InvalidInput)?.try_clone()?;
        Ok(Self { socket, owners: Mutex::default() })
    }

    /// From now on datagrams from here come to this worker. Only of flows whose peer has proven itself: with forged
    /// addresses others could be cut off.
    pub(super) fn steer(&self, from: SocketAddr, worker: u8) {
        let SocketAddr::V4(from) = from else { return };
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        let flow = flow(from);
        if owners.get(&flow) == Some(&worker) || (owners.len() >= FLOWS && !owners.contains_key(&flow)) {
            return;
        }
        owners.insert(flow, worker);
        if let Err(error) = attach(&self.socket, &mut program(&owners)) {
            tracing::debug!(%error, "the kernel does not steer datagrams");
        }
    }

    /// The flow is over; the next program goes without it.
    pub(super) fn release(&self, from: SocketAddr, worker: u8) {
        let SocketAddr::V4(from) = from else { return };
        let (mut owners, flow) = (self.owners.lock().unwrap_or_else(PoisonError::into_inner), flow(from));
        if owners.get(&flow) == Some(&worker) {
            owners.remove(&flow);
        }
    }
}

/// What the program knows a flow by. Another with the same costs only a detour.
fn flow(from: SocketAddrV4) -> u32 {
    from.ip().to_bits() ^ u32::from(from.port()).wrapping_mul(SPREAD)
}

/// Answers with the number of the socket (`linux/filter.h`; Documentation/networking/filter.rst).
fn program(owners: &HashMap<u32, u8>) -> Vec<sock_filter> {
    let mut program = vec![
        step(libc::BPF_LD | libc::BPF_H | libc::BPF_ABS, header_field(SOURCE_PORT)),
        step(libc::BPF_ALU | libc::BPF_MUL | libc::BPF_K, SPREAD),
        step(libc::BPF_MISC | libc::BPF_TAX, 0),
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, header_field(SOURCE_ADDRESS)),
        step(libc::BPF_ALU | libc::BPF_XOR | libc::BPF_X, 0),
    ];
    let mut flows: Vec<(u8, u32)> = owners.iter().map(|(flow, worker)| (*worker, *flow)).collect();
    flows.sort_unstable();
    for same_worker in flows.chunk_by(|one, other| one.0 == other.0) {
        for chunk in same_worker.chunks(LONGEST_JUMP) {
            for (place, (_, flow)) in chunk.iter().enumerate() {
                // To the return behind the jump that follows the comparisons.
                let jt = u8::try_from(chunk.len() - place).unwrap_or(u8::MAX);
                program.push(sock_filter { jt, ..step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, *flow) });
            }
            program.push(step(libc::BPF_JMP | libc::BPF_JA, 1));
            program.push(step(libc::BPF_RET | libc::BPF_K, chunk[0].0.into()));
        }
    }
    program.push(step(libc::BPF_RET | libc::BPF_K, ANY_SOCKET));
    program
}

fn step(code: u32, k: u32) -> sock_filter {
    // All codes are 16 bits wide.
    sock_filter { code: code as u16, jt: 0, jf: 0, k }
}

/// The program begins behind the UDP header; what comes before is reached from here.
fn header_field(offset: u32) -> u32 {
    (libc::SKF_NET_OFF as u32).wrapping_add(offset)
}

fn attach(socket: &UdpSocket, program: &mut [sock_filter]) -> io::Result<()> {
    let len = u16::try_from(program.len()).map_err(io::Error::other)?;
    let filter = libc::sock_fprog { len, filter: program.as_mut_ptr() };
    Ok(setsockopt(socket, AttachReusePortCbpf, &filter)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sfu::workers::bind;

    const SOCKETS: u8 = 3;

    /// Where a datagram of this sender arrives.
    fn arrives(sender: &UdpSocket, sockets: &[UdpSocket], port: u16) -> usize {
        sender.send_to(&sender.local_addr().unwrap().port().to_be_bytes(), ("127.0.0.1", port)).unwrap();
        let mut bytes = [0; 2];
        // On the loopback interface it has arrived when sending returns.
        let found = sockets.iter().position(|socket| socket.recv(&mut bytes).is_ok());
        assert_eq!(u16::from_be_bytes(bytes), sender.local_addr().unwrap().port());
        found.unwrap()
    }

    fn senders(count: usize) -> Vec<UdpSocket> {
        (0..count).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect()
    }

    fn steered() -> (Vec<UdpSocket>, u16, Steering) {
        let (sockets, port) = bind(0, SOCKETS).unwrap();
        for socket in &sockets {
            socket.set_nonblocking(true).unwrap();
        }
        let steering = Steering::between(&sockets).unwrap();
        (sockets, port, steering)
    }

    #[test]
    fn flows_come_to_the_worker_that_owns_them_and_others_stay_where_they_were() {
        let (sockets, port, steering) = steered();
        let (known, unknown) = (senders(30), senders(30));
        let before: Vec<usize> = unknown.iter().map(|sender| arrives(sender, &sockets, port)).collect();
        for (worker, sender) in (0..SOCKETS).cycle().zip(&known) {
            steering.steer(sender.local_addr().unwrap(), worker);
        }
        for (worker, sender) in (0..SOCKETS).cycle().zip(&known) {
            assert_eq!(arrives(sender, &sockets, port), usize::from(worker));
        }
        let after: Vec<usize> = unknown.iter().map(|sender| arrives(sender, &sockets, port)).collect();
        assert_eq!(before, after);

        let moved = known[0].local_addr().unwrap();
        steering.steer(moved, 2);
        assert_eq!(arrives(&known[0], &sockets, port), 2, "whoever has the address now");
    }

    #[test]
    fn a_full_table_takes_no_more_until_a_flow_is_over() {
        let (sockets, port, steering) = steered();
        let made_up = |n: usize| SocketAddr::from(([192, 0, 2, 1], u16::try_from(n + 1).unwrap()));
        let senders = senders(60);
        let wrong: Vec<u8> = senders
            .iter()
            .map(|sender| u8::try_from((arrives(sender, &sockets, port) + 1) % usize::from(SOCKETS)).unwrap())
            .collect();
        let room = 40;
        (0..FLOWS - room).for_each(|n| steering.steer(made_up(n), 0));
        for (sender, worker) in senders.iter().zip(&wrong) {
            steering.steer(sender.local_addr().unwrap(), *worker);
        }
        let at_wrong = |sender: &UdpSocket, worker: &u8| arrives(sender, &sockets, port) == usize::from(*worker);
        let steered = senders.iter().zip(&wrong).filter(|(sender, worker)| at_wrong(sender, worker)).count();
        assert_eq!(steered, room);

        steering.release(made_up(0), 1);
        steering.steer(senders[59].local_addr().unwrap(), wrong[59]);
        assert!(!at_wrong(&senders[59], &wrong[59]), "only its owner releases a flow");
        steering.release(made_up(0), 0);
        steering.steer(senders[59].local_addr().unwrap(), wrong[59]);
        assert!(at_wrong(&senders[59], &wrong[59]));
    }
}
