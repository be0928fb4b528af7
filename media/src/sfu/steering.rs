//! Has the kernel bring a flow's datagrams to the worker that owns the flow. Between sockets that share a port it
//! chooses by a hash of the addresses, which knows nothing of rooms: with N workers N - 1 of N flows come to a wrong one
//! and are passed on, and waking two threads for a few packets costs more than all the rest. A classic BPF program
//! (`SO_ATTACH_REUSEPORT_CBPF`, socket(7)) needs no privilege, and names the socket for flows that were seen to come
//! wrong. Without it everything works as well, at a higher price.

use crate::random;
use nix::{
    libc::{self, sock_filter},
    sys::socket::{setsockopt, sockopt::AttachReusePortCbpf},
};
use std::{
    collections::HashMap,
    io,
    net::{SocketAddr, SocketAddrV4, UdpSocket},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// Flows that the program names; what more there are is passed on between workers. The program compares one after the
/// other, and must be no larger than net.core.optmem_max, 20 kB on older kernels.
const FLOWS: usize = 1000;
/// The kernel compiles every program, and those who come and go quickly could keep it busy with that.
const APPLY_EVERY: Duration = Duration::from_millis(100);
/// A conditional jump skips no more instructions than this.
const LONGEST_JUMP: usize = 255;
/// No socket has this number, so the kernel chooses as it does without a program.
const ANY_SOCKET: u32 = u32::MAX;
/// Where an IPv4 header has the source address; behind it, when it has no options, UDP has the source port. In packets
/// with options, which nobody sends, something else is there that is hardly a known flow.
const SOURCE_ADDRESS: u32 = 12;
const SOURCE_PORT: u32 = 20;

/// The sockets of one port, in the order in which they were bound, which is that of the workers.
#[derive(Debug)]
pub(super) struct Steering {
    /// Any of them.
    socket: UdpSocket,
    /// Secret, so that nobody finds two flows that look alike.
    spread: u32,
    /// The program in force is of before the last change.
    changed: AtomicBool,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    owners: HashMap<u32, u8>,
    applied: Option<Instant>,
}

impl Steering {
    /// # Errors
    /// There are no sockets, no more file descriptors, or no randomness.
    pub(super) fn between(sockets: &[UdpSocket]) -> io::Result<Self> {
        let socket = sockets.first().ok_or(io::ErrorKind::InvalidInput)?.try_clone()?;
        // Odd, so that no port is lost in the product.
        let spread = u32::from_ne_bytes(random::bytes().map_err(io::Error::other)?) | 1;
        Ok(Self { socket, spread, changed: AtomicBool::default(), table: Mutex::default() })
    }

    /// Datagrams from here are this worker's. Only for flows whose peer has proven itself.
    pub(super) fn steer(&self, from: SocketAddr, worker: u8) {
        let SocketAddr::V4(from) = from else { return };
        let (mut table, flow) = (self.table(), self.flow(from));
        if table.owners.len() < FLOWS || table.owners.contains_key(&flow) {
            table.owners.insert(flow, worker);
            self.changed.store(true, Ordering::Relaxed);
        }
    }

    /// The flow is over, or somebody else may have its address.
    pub(super) fn release(&self, from: SocketAddr, worker: u8) {
        let SocketAddr::V4(from) = from else { return };
        let (mut table, flow) = (self.table(), self.flow(from));
        if table.owners.get(&flow) == Some(&worker) {
            table.owners.remove(&flow);
            self.changed.store(true, Ordering::Relaxed);
        }
    }

    /// Puts changes into force, those of some time together.
    pub(super) fn apply(&self, now: Instant) {
        if !self.changed.load(Ordering::Relaxed) {
            return;
        }
        let mut table = self.table();
        if table.applied.is_some_and(|at| now < at + APPLY_EVERY) {
            return;
        }
        table.applied = Some(now);
        self.changed.store(false, Ordering::Relaxed);
        if let Err(error) = attach(&self.socket, &mut program(self.spread, &table.owners)) {
            tracing::debug!(%error, "the kernel does not steer datagrams");
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the program knows a flow by. Should another have the same, it is passed on.
    fn flow(&self, from: SocketAddrV4) -> u32 {
        from.ip().to_bits() ^ u32::from(from.port()).wrapping_mul(self.spread)
    }
}

/// Answers with the number of the socket (`linux/filter.h`; Documentation/networking/filter.rst).
fn program(spread: u32, owners: &HashMap<u32, u8>) -> Vec<sock_filter> {
    let mut program = vec![
        step(libc::BPF_LD | libc::BPF_H | libc::BPF_ABS, header_field(SOURCE_PORT)),
        step(libc::BPF_ALU | libc::BPF_MUL | libc::BPF_K, spread),
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
    use crate::{clock, sfu::workers::bind};

    const SOCKETS: u8 = 3;

    struct Port {
        sockets: Vec<UdpSocket>,
        number: u16,
        steering: Steering,
        now: Instant,
    }

    impl Port {
        fn bind() -> Self {
            let (sockets, number) = bind(0, SOCKETS).unwrap();
            sockets.iter().for_each(|socket| socket.set_nonblocking(true).unwrap());
            let steering = Steering::between(&sockets).unwrap();
            Self { sockets, number, steering, now: clock::now() }
        }

        /// Puts what was changed into force.
        fn apply(&mut self) {
            self.now += APPLY_EVERY;
            self.steering.apply(self.now);
        }

        /// The socket that a datagram of this sender arrives at.
        fn arrives(&self, sender: &UdpSocket) -> u8 {
            let name = sender.local_addr().unwrap().port().to_be_bytes();
            sender.send_to(&name, ("127.0.0.1", self.number)).unwrap();
            let (mut bytes, end) = ([0; 2], clock::now() + Duration::from_secs(10));
            while clock::now() < end {
                if let Some(place) = self.sockets.iter().position(|socket| socket.recv(&mut bytes).is_ok()) {
                    assert_eq!(bytes, name);
                    return u8::try_from(place).unwrap();
                }
                std::thread::yield_now();
            }
            panic!("nothing arrives");
        }
    }

    fn senders(count: usize) -> Vec<UdpSocket> {
        (0..count).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect()
    }

    fn address(sender: &UdpSocket) -> SocketAddr {
        sender.local_addr().unwrap()
    }

    #[test]
    fn flows_come_to_the_worker_that_owns_them_and_others_stay_where_they_were() {
        let mut port = Port::bind();
        let (known, unknown) = (senders(30), senders(30));
        let before: Vec<u8> = unknown.iter().map(|sender| port.arrives(sender)).collect();
        for (worker, sender) in (0..SOCKETS).cycle().zip(&known) {
            port.steering.steer(address(sender), worker);
        }
        port.apply();
        for (worker, sender) in (0..SOCKETS).cycle().zip(&known) {
            assert_eq!(port.arrives(sender), worker);
        }
        let after: Vec<u8> = unknown.iter().map(|sender| port.arrives(sender)).collect();
        assert_eq!(before, after);

        port.steering.steer(address(&known[0]), 2);
        port.steering.apply(port.now);
        assert_eq!(port.arrives(&known[0]), 0, "not yet");
        port.apply();
        assert_eq!(port.arrives(&known[0]), 2, "whoever has the address now");
    }

    #[test]
    fn a_full_table_takes_no_more_until_a_flow_is_over() {
        let mut port = Port::bind();
        let made_up = |n: usize| SocketAddr::from(([192, 0, 2, 1], u16::try_from(n + 1).unwrap()));
        let senders = senders(60);
        let wrong: Vec<u8> = senders.iter().map(|sender| (port.arrives(sender) + 1) % SOCKETS).collect();
        let room = 40;
        (0..FLOWS - room).for_each(|n| port.steering.steer(made_up(n), 0));
        for (sender, worker) in senders.iter().zip(&wrong) {
            port.steering.steer(address(sender), *worker);
        }
        port.apply();
        let steered = senders.iter().zip(&wrong).filter(|(sender, worker)| port.arrives(sender) == **worker).count();
        assert_eq!(steered, room);

        let (last, worker) = (&senders[59], wrong[59]);
        port.steering.release(made_up(0), 1);
        port.steering.steer(address(last), worker);
        port.apply();
        assert_ne!(port.arrives(last), worker, "only its owner releases a flow");
        port.steering.release(made_up(0), 0);
        port.steering.steer(address(last), worker);
        port.apply();
        assert_eq!(port.arrives(last), worker);
        port.steering.release(address(last), worker);
        port.apply();
        assert_ne!(port.arrives(last), worker, "as the kernel chooses");
    }
}
