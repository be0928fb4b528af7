//! A node with a spool, and its mixer: mostly a script, because what is mixed does not matter here.

use super::control_plane::{ControlPlane, PATIENCE, spec};
use media::{
    capture::{self, SpoolBudget},
    clock,
    control::{self, Identity, Link, LinkSettings, Outbox},
    random,
    recorder::{Pauses, Recorder, RecorderSettings},
    sfu::{RelaySettings, Workers},
    signaling::TokenKey,
    uploader::{PartClient, PutClient, PutTimes},
};
use outbound::Outbound;
use protocol::{
    ids::{BootId, RecordingId},
    link::Command,
    recording::StopCause,
};
use std::{
    fs,
    net::Ipv4Addr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;
use tokio::{sync::mpsc, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

/// The parts in the order they leave the mixer: the first one last.
pub const PARTS: [(u16, &str); 3] = [(2, "the middle, "), (3, "the end"), (1, "the beginning, ")];
/// What they make.
pub const FILE: &str = "the beginning, the middle, the end";

pub struct Node {
    spool: PathBuf,
    pub recorder: Recorder,
    _spool: Option<TempDir>,
    _running: JoinSet<()>,
}

impl Node {
    /// Starts a node that finds the finished capture of [`spec`] in its spool.
    pub async fn start(control_plane: &ControlPlane) -> Self {
        let spool = tempfile::tempdir().unwrap();
        let budget = Arc::new(SpoolBudget::open(spool.path(), u64::MAX).unwrap());
        let problem = |problem| panic!("capture problem: {problem:?}");
        let directory = spool.path().join(spec().id.to_string());
        let capture = capture::start(&directory, &spec(), 1_700_000_000_000, budget, problem).unwrap();
        capture.stop(1000, StopCause::PeerRequest);
        capture.finished().await;

        let (rooms, _) = mpsc::channel(1);
        let relay = RelaySettings { udp_port: 0, tcp_port: 0, advertise: vec![Ipv4Addr::LOCALHOST.into()], workers: 1 };
        let (workers, _) = Workers::start(&relay, &rooms).unwrap();
        let mixer = mixer(spool.path());
        let node = Self::with(spool.path(), workers, mixer, control_plane);
        node.recorder.recover().unwrap();
        Self { _spool: Some(spool), ..node }
    }

    /// Starts a node on a spool, with the rooms of these workers.
    pub fn with(spool: &Path, workers: Workers, mixer: PathBuf, control_plane: &ControlPlane) -> Self {
        let (link, keep_link) = connect(spool, control_plane);
        let settings = RecorderSettings {
            spool: spool.to_owned(),
            budget: Arc::new(SpoolBudget::open(spool, u64::MAX).unwrap()),
            mixer,
            mixes: 1,
            pauses: Pauses {
                part: vec![Duration::from_millis(1); 4],
                attempt: Duration::from_millis(1),
                longest_attempt: Duration::from_millis(10),
            },
        };
        let outbound = Arc::new(Outbound::new("".parse().unwrap()).unwrap());
        let (parts, puts) = (PartClient::new(outbound.clone()), PutClient::new(outbound, PutTimes::default()));
        let recorder = Recorder::new(settings, link, workers, parts, puts);
        let mut running = JoinSet::new();
        running.spawn(keep_link(Commands(recorder.clone())));
        Self { spool: spool.to_owned(), recorder, _spool: None, _running: running }
    }

    pub fn has_capture(&self) -> bool {
        self.spool.join(spec().id.to_string()).join("events.log").exists()
    }

    /// Waits until the capture is gone.
    pub async fn erased(&self) {
        let gone = async {
            while self.has_capture() {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, gone).await.unwrap();
    }

    pub fn mixes(&self) -> usize {
        fs::read_to_string(self.spool.join("mixes")).map_or(0, |lines| lines.lines().count())
    }
}

type KeepLink = Box<dyn FnOnce(Commands) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>>>;

fn connect(spool: &Path, control_plane: &ControlPlane) -> (Link, KeepLink) {
    let settings = LinkSettings {
        control_url: control_plane.url.clone(),
        secret: Zeroizing::new("secret".to_owned()),
        boot: BootId::from_parts(clock::unix_ms(), random::bytes().unwrap()),
        signaling_url: "ws://localhost:1".to_owned(),
        token_key: TokenKey::default(),
    };
    let (identity, outbox) = (Identity::open(spool).unwrap(), Outbox::open(spool).unwrap());
    let (link, keep_link) = control::connect(settings, identity, outbox, CancellationToken::new());
    (link, Box::new(keep_link))
}

/// Writes the parts and a picture as `mixdown-media mix` does, and a line for each time it ran.
fn mixer(spool: &Path) -> PathBuf {
    let parts = PARTS.map(|(part, text)| format!(r#"printf '{{"part":{part},"bytes":{}}}\n%s' '{text}'"#, text.len()));
    let done = format!(
        r#"{{"done":{{"bytes":{},"durationMs":1,"width":1280,"height":720,"approximateSync":false,"poster":true}}}}"#,
        FILE.len()
    );
    let mixes = spool.join("mixes");
    let poster = r#"printf '{"poster":7}\npicture'"#;
    let script = format!(
        "#!/bin/sh\nread key\necho mixed >> '{}'\n{}\n{poster}\necho '{done}'\n",
        mixes.display(),
        parts.join("\n")
    );
    let path = spool.join("mixer");
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    path
}

struct Commands(Recorder);

impl control::Node for Commands {
    async fn apply(&self, command: Command) {
        self.0.command(command).await;
    }

    async fn report(&self) -> (u32, u32, Vec<RecordingId>) {
        (0, 0, self.0.recordings())
    }
}
