//! Media over TCP, for clients whose network lets no UDP through (RFC 6544): every datagram goes behind its length
//! (RFC 4571). To rooms such a client is like any other.

use super::{
    commands::WorkerCommand,
    routes::worker_of,
    workers::{Siblings, WorkersError},
};
use crate::rtc::{self, Transport};
use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{
        Semaphore,
        mpsc::{Receiver, channel},
    },
    time::{sleep, timeout},
};
use tokio_util::{
    codec::{Framed, LengthDelimitedCodec},
    sync::CancellationToken,
    task::TaskTracker,
};

/// Connections at once, those of strangers included.
const CONNECTIONS: usize = 2048;
/// Largest datagram, as with UDP.
const DATAGRAM: usize = 2048;
/// A connection says within this time whose it is, and something within each such time after it.
const SILENCE: Duration = Duration::from_secs(60);
/// Datagrams that a client's network has not taken yet. Further ones are dropped, as a full socket buffer does.
const QUEUE: usize = 256;
/// Pause after the system ran out of file descriptors, so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What a worker sends through to one client.
pub(super) type Frames = tokio::sync::mpsc::Sender<Bytes>;

/// The TCP port of all media.
pub struct MediaListener {
    listener: TcpListener,
    port: u16,
    /// What clients know the node by, see `RelaySocket`.
    advertised: Arc<[IpAddr]>,
    siblings: Siblings,
}

impl MediaListener {
    pub(super) fn bind(port: u16, advertised: &[IpAddr], siblings: Siblings) -> Result<Self, WorkersError> {
        let bind = || {
            let listener = std::net::TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))?;
            listener.set_nonblocking(true)?;
            let port = listener.local_addr()?.port();
            Ok((TcpListener::from_std(listener)?, port))
        };
        let (listener, port) = bind().map_err(|source| WorkersError::TcpPort { port, source })?;
        Ok(Self { listener, port, advertised: advertised.into(), siblings })
    }

    /// In use.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Takes connections until `stop`. Those of clients outlive it: their rooms say good-bye.
    pub async fn serve(self, stop: CancellationToken) {
        let (connections, places) = (TaskTracker::new(), Arc::new(Semaphore::new(CONNECTIONS)));
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return,
                accepted = self.listener.accept() => accepted,
            };
            let (stream, from) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection for media could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let Ok(place) = places.clone().try_acquire_owned() else { continue };
            let reached = stream.local_addr().ok().map(|local| local.ip()).filter(|ip| self.advertised.contains(ip));
            let Some(ip) = reached.or(self.advertised.first().copied()) else { continue };
            // Failing to set it costs latency only.
            let _ = stream.set_nodelay(true);
            let way = Way { from, local: SocketAddr::new(ip, self.port), siblings: self.siblings.clone() };
            connections.spawn(async move {
                way.carry(stream).await;
                drop(place);
            });
        }
    }
}

/// One client's connection.
struct Way {
    from: SocketAddr,
    local: SocketAddr,
    siblings: Siblings,
}

impl Way {
    /// Carries datagrams both ways until one side has enough.
    async fn carry(self, stream: TcpStream) {
        let codec = LengthDelimitedCodec::builder().length_field_length(2).max_frame_length(DATAGRAM).new_codec();
        let mut frames = Framed::new(stream, codec);
        let Ok(Some(Ok(first))) = timeout(SILENCE, frames.next()).await else { return };
        let worker = rtc::local_ufrag(&first).and_then(|ufrag| worker_of(ufrag, self.siblings.count()));
        let Some(worker) = worker else { return };
        let (sender, queue) = channel(QUEUE);
        self.siblings.tell(worker, WorkerCommand::StreamOpened { from: self.from, frames: sender }).await;
        self.pass(worker, &first);
        self.exchange(worker, frames, queue).await;
        self.siblings.tell(worker, WorkerCommand::StreamClosed { from: self.from }).await;
    }

    async fn exchange(
        &self,
        worker: u8,
        mut frames: Framed<TcpStream, LengthDelimitedCodec>,
        mut queue: Receiver<Bytes>,
    ) {
        loop {
            tokio::select! {
                arrived = timeout(SILENCE, frames.next()) => match arrived {
                    Ok(Some(Ok(datagram))) => self.pass(worker, &datagram),
                    _ => return,
                },
                datagram = queue.recv() => {
                    let Some(datagram) = datagram else { return };
                    if !matches!(timeout(SILENCE, frames.send(datagram)).await, Ok(Ok(()))) {
                        return;
                    }
                }
            }
        }
    }

    fn pass(&self, worker: u8, datagram: &[u8]) {
        let (from, local, bytes) = (self.from, self.local, datagram.to_vec());
        self.siblings.pass(worker, WorkerCommand::Datagram { from, local, transport: Transport::Tcp, bytes });
    }
}
