//! Puts the node together and takes it apart again.

use crate::{
    capture::SpoolBudget,
    clock,
    config::NodeConfig,
    control::{self, Identity, Link, LinkSettings, Outbox},
    health, random,
    recorder::{Pauses, Recorder, RecorderSettings},
    sfu::{Order, RelaySettings, RoomKey, WorkerCommand, Workers},
    signaling::{self, NativeSettings, Registry, SkylinkSettings, StreamrecSettings, TokenKey},
    uploader::{PartClient, PutClient, PutTimes},
};
use anyhow::Context as _;
use axum::Router;
use outbound::Outbound;
use protocol::{
    ids::{BootId, NodeId, RecordingId},
    link::Command,
};
use rustix::process::{Resource, getrlimit, setrlimit};
use std::{
    fs,
    net::{IpAddr, Ipv4Addr, UdpSocket},
    os::unix::fs::DirBuilderExt as _,
    path::Path,
    sync::{Arc, atomic::AtomicU64},
    thread::available_parallelism,
    time::Duration,
};
use tokio::{net::TcpListener, process, sync::mpsc, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use zeroize::Zeroizing;

/// Requests of rooms waiting for the recorder.
const REQUEST_QUEUE: usize = 1024;
/// Time for the mixer's check; the first one on a machine builds GStreamer's registry of plugins.
const CHECK_TIME: Duration = Duration::from_secs(120);
/// Time for files on their way to addresses of clients, within what a supervisor grants.
const DELIVERY_TIME: Duration = Duration::from_secs(12);
/// Time for good-byes and for the last captured packets to reach the disk.
const SHUTDOWN_TIME: Duration = Duration::from_secs(5);

/// Runs the node until `stop`.
///
/// # Errors
/// It cannot start; the message is one sentence for the operator.
pub async fn run(config: NodeConfig, stop: CancellationToken) -> anyhow::Result<()> {
    raise_descriptor_limit();
    let secret = read_secret(&config.node_secret_file)?;
    prepare_spool(&config.spool)?;
    let identity = Identity::open(&config.spool)?;
    let outbox = Outbox::open(&config.spool)?;
    let budget = SpoolBudget::open(&config.spool, config.spool_max_bytes)
        .with_context(|| format!("the spool {} cannot be read", config.spool.display()))?;
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("{} cannot be used for signaling (change it with --listen)", config.listen))?;
    let cores = available_parallelism().map_or(1, std::num::NonZero::get);
    let relay = RelaySettings {
        udp_port: config.udp_port,
        tcp_port: config.tcp_port.unwrap_or(config.udp_port),
        advertise: advertised(config.advertise),
        workers: config.workers.unwrap_or(u8::try_from(cores).unwrap_or(64).min(64)),
    };
    let program = std::env::current_exe().context("the path of this program is unknown")?;
    check_mixer(&program).await?;
    let (requests, requested) = mpsc::channel(REQUEST_QUEUE);
    let (workers, media) = Workers::start(&relay, &requests)?;
    let node = identity.node();
    let token_key = TokenKey::default();
    let host = host_of(&config.signaling_url);
    let link_settings = LinkSettings {
        control_url: config.control_url,
        secret,
        boot: BootId::from_parts(clock::unix_ms(), random::bytes()?),
        signaling_url: config.signaling_url,
        token_key: token_key.clone(),
    };
    // Good-byes and deliveries are told before the link ends.
    let unlink = CancellationToken::new();
    let (link, keep_link) = control::connect(link_settings, identity, outbox, unlink.clone());
    let _unlink = unlink.drop_guard();
    let settings = RecorderSettings {
        spool: config.spool,
        budget: Arc::new(budget),
        mixer: program,
        mixes: (cores / 2).max(1),
        pauses: Pauses::default(),
    };
    let outbound = Arc::new(Outbound::new(config.allow_private)?);
    let (parts, puts) = (PartClient::new(outbound.clone()), PutClient::new(outbound.clone(), PutTimes::default()));
    let recorder = Recorder::new(settings, link.clone(), workers.clone(), parts, puts);
    let tasks = TaskTracker::new();
    tasks.spawn(keep_link(Dispatch { workers: workers.clone(), recorder: recorder.clone() }));
    tasks.spawn(recorder.clone().run(requested));
    tasks.spawn(media.serve(stop.clone()));
    recorder.recover().context("the spool cannot be read")?;
    let registry = Registry::default();
    let inside = Inside {
        node,
        token_key,
        host,
        link: link.clone(),
        recorder: recorder.clone(),
        workers: workers.clone(),
        registry: registry.clone(),
        outbound,
    };
    let app = inside.front_doors();
    tracing::info!(%node, listen = %config.listen, udp_port = config.udp_port, tcp_port = relay.tcp_port, advertise = ?relay.advertise, "node is up");
    tasks.spawn(signaling::serve(listener, app, signaling::Limits::default(), stop.clone()));
    stop.cancelled().await;
    tracing::info!("shutting down");
    link.leave();
    say_good_bye(&workers, &registry, &recorder, &link).await;
    Ok(())
}

/// Ends calls and sessions, and sees to it that what was captured is safe.
async fn say_good_bye(workers: &Workers, registry: &Registry, recorder: &Recorder, link: &Link) {
    let farewell = async {
        workers.shut_down().await;
        registry.ended().await;
        recorder.captures_on_disk().await;
    };
    if timeout(SHUTDOWN_TIME, farewell).await.is_err() {
        tracing::warn!("not everything was closed in time; the next start recovers it");
    }
    // A client that chose where its file goes may have chosen for how long it can go there.
    let delivered = async {
        recorder.direct_deliveries().await;
        link.events_told().await;
    };
    if timeout(DELIVERY_TIME, delivered).await.is_err() {
        tracing::warn!("not everything was delivered in time; the next start goes on with it");
    }
}

/// What front doors lead to.
struct Inside {
    node: NodeId,
    token_key: TokenKey,
    host: String,
    link: Link,
    recorder: Recorder,
    workers: Workers,
    registry: Registry,
    outbound: Arc<Outbound>,
}

impl Inside {
    fn front_doors(self) -> Router {
        let Self { node, token_key, host, link, recorder, workers, registry, outbound } = self;
        let sessions = Arc::<AtomicU64>::default();
        let health = health::router(link.status.clone());
        let skylink = SkylinkSettings {
            node,
            token_key: token_key.clone(),
            workers: workers.clone(),
            sessions: Arc::clone(&sessions),
            host,
        };
        let streamrec = StreamrecSettings {
            link,
            recorder,
            workers: workers.clone(),
            sessions: Arc::clone(&sessions),
            registry,
            outbound,
            patience: Default::default(),
        };
        let native = signaling::router(NativeSettings { node, token_key, workers, sessions });
        signaling::with_skylink(native.merge(health).merge(signaling::streamrec_router(streamrec)), skylink)
    }
}

/// Passes commands of the control plane to whom they concern.
struct Dispatch {
    workers: Workers,
    recorder: Recorder,
}

impl Dispatch {
    async fn order(&self, room: RoomKey, order: Order) {
        self.workers.to_room(&room, WorkerCommand::Order { room: room.clone(), order }).await;
    }
}

impl control::Node for Dispatch {
    async fn apply(&self, command: Command) {
        match command {
            Command::SetPolicy { application, policy } => {
                self.workers.to_all(|| WorkerCommand::SetPolicy { application, policy: policy.clone() }).await;
            }
            Command::RevokeAppKey { app_key } => {
                self.workers.to_all(|| WorkerCommand::RevokeKey { app_key }).await;
            }
            Command::EndRoom { application, room, cause } => {
                self.order(RoomKey { application, room }, Order::End { cause }).await;
            }
            Command::RemovePeer { application, room, peer } => {
                self.order(RoomKey { application, room }, Order::Remove { peer }).await;
            }
            command => self.recorder.command(command).await,
        }
    }

    async fn report(&self) -> (u32, u32, Vec<RecordingId>) {
        let (rooms, peers) = self.workers.counts.total();
        let count = |n| u32::try_from(n).unwrap_or(u32::MAX);
        (count(rooms), count(peers), self.recorder.recordings())
    }
}

/// The host in an address like `wss://media.example:3001`.
fn host_of(address: &str) -> String {
    let uri = address.parse::<http::Uri>().ok();
    uri.as_ref().and_then(http::Uri::host).unwrap_or("localhost").to_owned()
}

/// Asks in a process of its own, as mixes run: GStreamer is never loaded into the node.
async fn check_mixer(program: &Path) -> anyhow::Result<()> {
    let check = process::Command::new(program).arg("check-mixer").kill_on_drop(true).output();
    let checked = timeout(CHECK_TIME, check).await.context("the mixer did not start in time")??;
    let reason = String::from_utf8_lossy(&checked.stderr);
    anyhow::ensure!(checked.status.success(), "recordings could not be mixed: {}", reason.trim());
    Ok(())
}

/// Every socket and every captured track takes a descriptor; the usual soft limit of 1024 is for programs that use
/// `select`.
fn raise_descriptor_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files stays as it was");
    }
}

fn read_secret(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    let text = fs::read_to_string(path)
        .with_context(|| format!("the node secret {} cannot be read (set --node-secret-file)", path.display()))?;
    let secret = Zeroizing::new(text.trim().to_owned());
    anyhow::ensure!(!secret.is_empty(), "the node secret {} is empty", path.display());
    Ok(secret)
}

fn prepare_spool(spool: &Path) -> anyhow::Result<()> {
    let create = || -> std::io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(spool)?;
        let probe = spool.join(".writable");
        fs::write(&probe, [])?;
        fs::remove_file(probe)
    };
    create().with_context(|| format!("the spool {} cannot be written (set --spool)", spool.display()))
}

/// What clients are told when the operator said nothing: the address of the default route, and loopback for clients
/// on this machine.
fn advertised(configured: Vec<IpAddr>) -> Vec<IpAddr> {
    if !configured.is_empty() {
        return configured;
    }
    let loopback = IpAddr::from(Ipv4Addr::LOCALHOST);
    // Connecting a UDP socket sends nothing; it only makes the kernel choose a route.
    let routed = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).and_then(|socket| {
        socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9))?;
        socket.local_addr()
    });
    match routed {
        Ok(address) if !address.ip().is_loopback() && !address.ip().is_unspecified() => vec![address.ip(), loopback],
        _ => vec![loopback],
    }
}
