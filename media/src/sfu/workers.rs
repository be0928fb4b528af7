//! Starts the workers and finds the one that owns a room.

use super::{
    commands::WorkerCommand, effects::RecordingRequest, exchange::RoomKey, socket::RelaySocket, steering::Steering,
    tcp::MediaListener, worker::Worker,
};
use crate::rtc::Transport;
use socket2::{Domain, Protocol, Socket, Type};
use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Commands waiting for one worker. Signaling waits when it is full; datagrams of siblings are dropped.
const COMMAND_QUEUE: usize = 4096;
const SOCKET: mio::Token = mio::Token(0);
const COMMANDS: mio::Token = mio::Token(1);

/// Why the relay did not start.
#[derive(Debug, thiserror::Error)]
pub enum WorkersError {
    #[error("UDP port {port} cannot be used: {source}")]
    Port { port: u16, source: io::Error },
    #[error("TCP port {port} cannot be used for media: {source}")]
    TcpPort { port: u16, source: io::Error },
    #[error("a relay worker cannot be started: {0}")]
    Worker(#[from] io::Error),
}

/// How the relay is set up.
#[derive(Debug, Clone)]
pub struct RelaySettings {
    pub udp_port: u16,
    /// For clients whose network lets no UDP through.
    pub tcp_port: u16,
    /// Addresses clients are told to send media to.
    pub advertise: Vec<IpAddr>,
    /// 1 to 64.
    pub workers: u8,
}

/// What the workers have to do.
#[derive(Debug, Default)]
pub struct RelayCounts {
    /// Rooms and peers of each.
    workers: Vec<[AtomicUsize; 2]>,
    detours: AtomicU64,
}

impl RelayCounts {
    pub(super) fn set(&self, worker: u8, rooms: usize, peers: usize) {
        if let Some([room_count, peer_count]) = self.workers.get(usize::from(worker)) {
            room_count.store(rooms, Ordering::Relaxed);
            peer_count.store(peers, Ordering::Relaxed);
        }
    }

    pub(super) fn note_detour(&self) {
        self.detours.fetch_add(1, Ordering::Relaxed);
    }

    /// Datagrams that came to the socket of a worker and belonged to another.
    #[must_use]
    pub fn detours(&self) -> u64 {
        self.detours.load(Ordering::Relaxed)
    }

    /// (rooms, peers) of the node.
    #[must_use]
    pub fn total(&self) -> (usize, usize) {
        self.workers.iter().fold((0, 0), |(rooms, peers), [room_count, peer_count]| {
            (rooms + room_count.load(Ordering::Relaxed), peers + peer_count.load(Ordering::Relaxed))
        })
    }
}

#[derive(Clone)]
struct Inbox {
    commands: Sender<WorkerCommand>,
    waker: Arc<mio::Waker>,
}

impl Inbox {
    fn wake(&self) {
        if let Err(error) = self.waker.wake() {
            tracing::error!(%error, "worker cannot be woken");
        }
    }
}

/// The other workers, as a worker sees them.
#[derive(Clone)]
pub(super) struct Siblings(Arc<[Inbox]>);

impl Siblings {
    /// How many workers there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// Waits when the worker has a lot to do.
    pub(super) async fn tell(&self, index: u8, command: WorkerCommand) {
        if let Some(inbox) = self.0.get(usize::from(index)) {
            send(inbox, command).await;
        }
    }

    pub(super) fn pass(&self, index: u8, command: WorkerCommand) {
        if let Some(inbox) = self.0.get(usize::from(index))
            && inbox.commands.try_send(command).is_ok()
        {
            inbox.wake();
        }
    }
}

/// Handle on all workers.
#[derive(Clone)]
pub struct Workers {
    inboxes: Arc<[Inbox]>,
    port: u16,
    pub counts: Arc<RelayCounts>,
}

impl Workers {
    /// Binds the ports and starts the threads; the listener is the caller's to serve. What rooms want of the recorder
    /// goes to `requests`.
    ///
    /// # Errors
    /// A port is taken or a thread cannot be started.
    pub fn start(
        settings: &RelaySettings,
        requests: &Sender<RecordingRequest>,
    ) -> Result<(Self, MediaListener), WorkersError> {
        let (sockets, port) = bind(settings.udp_port, settings.workers)?;
        let steering = Arc::new(Steering::between(&sockets)?);
        let of_each = (0..settings.workers).map(|_| Default::default()).collect();
        let counts = Arc::new(RelayCounts { workers: of_each, ..Default::default() });
        let mut inboxes = Vec::new();
        let mut starts: Vec<(mio::Poll, RelaySocket, Receiver<WorkerCommand>)> = Vec::new();
        for socket in sockets {
            let poll = mio::Poll::new()?;
            let waker = Arc::new(mio::Waker::new(poll.registry(), COMMANDS)?);
            let socket = RelaySocket::new(socket, settings.advertise.clone())?;
            socket.register(poll.registry(), SOCKET)?;
            let (commands, received) = channel(COMMAND_QUEUE);
            inboxes.push(Inbox { commands, waker });
            starts.push((poll, socket, received));
        }
        let inboxes: Arc<[Inbox]> = inboxes.into();
        let listener = MediaListener::bind(settings.tcp_port, &settings.advertise, Siblings(inboxes.clone()))?;
        let ports = [(Transport::Udp, port), (Transport::Tcp, listener.port())];
        let at = |ip: &IpAddr| ports.map(|(transport, port)| (transport, SocketAddr::new(*ip, port)));
        let candidates: Vec<(Transport, SocketAddr)> = settings.advertise.iter().flat_map(at).collect();
        for (index, (poll, socket, commands)) in (0..settings.workers).zip(starts) {
            let (siblings, steering) = (Siblings(inboxes.clone()), steering.clone());
            let worker = Worker::new(index, candidates.clone(), siblings, steering, counts.clone(), requests.clone());
            let builder = std::thread::Builder::new().name(format!("relay-{index}"));
            builder.spawn(move || {
                // Whether it returned or panicked: its rooms are lost to everybody. A new process takes up their
                // captures, so ending this one is the quickest way back.
                let ended = catch_unwind(AssertUnwindSafe(|| worker.run(poll, socket, commands)));
                tracing::error!(index, panicked = ended.is_err(), "a relay worker ended, and the process with it");
                std::process::abort();
            })?;
        }
        Ok((Self { inboxes, port, counts }, listener))
    }

    /// UDP port in use.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Sends a command to the worker that owns the room.
    pub async fn to_room(&self, room: &RoomKey, command: WorkerCommand) {
        let mut hasher = DefaultHasher::new();
        room.hash(&mut hasher);
        let index = hasher.finish() % self.inboxes.len() as u64;
        if let Some(inbox) = self.inboxes.get(index as usize) {
            send(inbox, command).await;
        }
    }

    /// Sends a command to every worker.
    pub async fn to_all(&self, command: impl Fn() -> WorkerCommand) {
        for inbox in self.inboxes.iter() {
            send(inbox, command()).await;
        }
    }

    /// Ends every room and waits until all have said good-bye and closed their captures.
    pub async fn shut_down(&self) {
        for inbox in self.inboxes.iter() {
            let (done, finished) = tokio::sync::oneshot::channel();
            send(inbox, WorkerCommand::ShutDown { done }).await;
            // A worker that is gone has nothing left to end.
            let _ = finished.await;
        }
    }
}

async fn send(inbox: &Inbox, command: WorkerCommand) {
    if inbox.commands.send(command).await.is_ok() {
        inbox.wake();
    } else {
        tracing::error!("a relay worker is gone");
    }
}

/// One socket per worker on the same port. The first is bound alone, because with SO_REUSEPORT two nodes could share
/// a port without noticing.
pub(super) fn bind(port: u16, workers: u8) -> Result<(Vec<UdpSocket>, u16), WorkersError> {
    let address = |port| SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port);
    let probe = UdpSocket::bind(address(port)).map_err(|source| WorkersError::Port { port, source })?;
    let port = probe.local_addr()?.port();
    drop(probe);
    let mut sockets = Vec::new();
    for _ in 0..workers {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_reuse_port(true)?;
        socket.bind(&address(port).into()).map_err(|source| WorkersError::Port { port, source })?;
        sockets.push(socket.into());
    }
    Ok((sockets, port))
}
