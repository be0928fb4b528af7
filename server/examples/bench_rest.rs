//! What the control plane answers: reads of the REST API, and starts of recordings as nodes ask for them, on SQLite and
//! on PostgreSQL (when `MIXDOWN_TEST_POSTGRES` names one, as `scripts/with-postgres` does). The program runs as in
//! production, a process of its own; per core means per second of its CPU time.
#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "a bench that cannot go on has nothing to print")]

#[path = "../tests/api/support/options.rs"]
mod options;

use domain::{
    Access, Services, accounts,
    api_keys::{self, AllowedNetworks, NewApiKey, Scope},
    applications::{self, Application},
    clock::Clock,
    random::Random,
};
use futures_util::{SinkExt as _, StreamExt as _};
use protocol::{
    ids::{BootId, NodeId, PeerId, RequestId},
    link::{Answer, ControlMessage, LINK_VERSION, NodeMessage, Query},
    names::{DisplayName, RoomName},
};
use secrecy::ExposeSecret as _;
use server::{config::ControlPlaneOptions, control_plane::ControlPlane};
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest as _},
};

/// How long each load lasts.
const LOAD: Duration = Duration::from_secs(8);
const CONNECTIONS: usize = 16;
/// What a node asks at the same time.
const ASKED_AT_ONCE: usize = 32;

#[tokio::main]
async fn main() {
    measure("SQLite", None).await;
    match std::env::var("MIXDOWN_TEST_POSTGRES") {
        Ok(url) => measure("PostgreSQL", Some(url)).await,
        Err(_) => println!("PostgreSQL: left out, MIXDOWN_TEST_POSTGRES is not set"),
    }
}

async fn measure(name: &str, database_url: Option<String>) {
    let directory = tempfile::tempdir().unwrap();
    let options = on_free_ports(directory.path(), database_url);
    let subject = prepare(&options).await;
    let server = Running::start(&options);
    server.ready().await;
    let reads = [
        ("read one application", format!("/api/v1/applications/{}", subject.application.id)),
        ("list 50 recordings", format!("/api/v1/applications/{}/recordings", subject.application.id)),
    ];
    let starts = starts(&server, &subject, directory.path()).await;
    println!("{name:11} {:22} {starts}", "authorised starts");
    for (what, path) in reads {
        println!("{name:11} {what:22} {}", read(&server, &subject.token, &path).await);
    }
}

/// On ports that are free now: the program is told them, and never says which it took.
fn on_free_ports(directory: &Path, database_url: Option<String>) -> ControlPlaneOptions {
    let free = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    ControlPlaneOptions {
        listen: free(),
        store_listen: free(),
        api_requests_per_minute: u32::MAX,
        ..options::in_directory(directory, database_url)
    }
}

/// Who asks for what.
struct Subject {
    application: Application,
    token: String,
}

/// Sets the installation up, before the program runs.
async fn prepare(options: &ControlPlaneOptions) -> Subject {
    let plane = ControlPlane::start(options, Clock::System, Random::System).await.unwrap();
    let services = plane.services.clone();
    let access = owner(&services).await;
    let application = applications::list(&services, &access).await.unwrap().remove(0);
    let new = NewApiKey {
        name: DisplayName::try_from("Bench".to_owned()).unwrap(),
        scopes: Scope::ALL.into_iter().collect(),
        application: None,
        allowed_networks: AllowedNetworks::default(),
        expires_at: None,
    };
    let token = api_keys::create(&services, &access, new).await.unwrap().token.expose_secret().to_owned();
    plane.stop().await;
    Subject { application, token }
}

async fn owner(services: &Services) -> Access {
    let token = accounts::setup_token(services).await.unwrap().unwrap();
    let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let user =
        accounts::complete_setup(services, &token, "a@example.com", "correct horse battery", here).await.unwrap();
    accounts::access(services, user).await.unwrap()
}

/// The program.
struct Running {
    child: Child,
    port: u16,
}

impl Running {
    fn start(options: &ControlPlaneOptions) -> Self {
        let mut command = Command::new(program());
        command
            .arg("serve")
            .args(["--listen", &options.listen.to_string(), "--store-listen", &options.store_listen.to_string()])
            .args(["--allow-private", &options.allow_private, "--log", "error"])
            .args(["--api-requests-per-minute", &options.api_requests_per_minute.to_string()])
            .arg("--data-dir")
            .arg(&options.data.data_dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        if let Some(url) = &options.data.database_url {
            command.args(["--database-url", url]);
        }
        Self { child: command.spawn().unwrap(), port: options.listen.port() }
    }

    async fn ready(&self) {
        for _ in 0..200 {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Of the program, all threads.
    fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        let ticks: f64 = fields[11..13].iter().map(|ticks| ticks.parse::<f64>().unwrap()).sum();
        ticks / 100.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Beside this one, made by the same build.
fn program() -> PathBuf {
    std::env::current_exe().unwrap().parent().unwrap().with_file_name("mixdown")
}

/// What one load came to.
struct Figures {
    done: usize,
    seconds: f64,
    cpu_seconds: f64,
    latencies: Vec<Duration>,
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut latencies = self.latencies.clone();
        latencies.sort_unstable();
        let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
        let done = self.done as f64;
        write!(
            f,
            "{:7.0} /s  {:7.0} /s per core  p50 {:6.2} ms  p99 {:6.2} ms",
            done / self.seconds,
            done / self.cpu_seconds,
            at(0.5),
            at(0.99)
        )
    }
}

/// Asks over connections that stay open, as a customer's backend does.
async fn read(server: &Running, token: &str, path: &str) -> Figures {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\r\n");
    let (began, cpu) = (Instant::now(), server.cpu_seconds());
    let port = server.port;
    let tasks = (0..CONNECTIONS).map(|_| {
        let request = request.clone();
        tokio::spawn(async move {
            let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
            let mut latencies = Vec::new();
            while began.elapsed() < LOAD {
                let asked = Instant::now();
                socket.write_all(request.as_bytes()).await.unwrap();
                read_answer(&mut socket).await;
                latencies.push(asked.elapsed());
            }
            latencies
        })
    });
    let mut latencies = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        latencies.extend(task.await.unwrap());
    }
    let (seconds, cpu_seconds) = (began.elapsed().as_secs_f64(), server.cpu_seconds() - cpu);
    Figures { done: latencies.len(), seconds, cpu_seconds, latencies }
}

/// One whole answer, which has to be 200.
async fn read_answer(socket: &mut TcpStream) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 64 * 1024];
    loop {
        let count = socket.read(&mut buffer).await.unwrap();
        assert!(count > 0, "the server hung up");
        bytes.extend_from_slice(&buffer[..count]);
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        assert!(head.starts_with("http/1.1 200"), "{head}");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if bytes.len() >= end + 4 + length.parse::<usize>().unwrap() {
            return;
        }
    }
}

/// Asks for recordings of rooms that are not recorded yet, each of which is decided, stored and audited.
async fn starts(server: &Running, subject: &Subject, data: &Path) -> Figures {
    let secret = std::fs::read_to_string(data.join("keys/node.secret")).unwrap();
    let mut request = format!("ws://127.0.0.1:{}/node/link", server.port).into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {}", secret.trim()).parse().unwrap());
    let (socket, _) = connect_async(request).await.unwrap();
    let (mut sink, mut stream) = socket.split();
    let text = |message: &NodeMessage| Message::Text(serde_json::to_string(message).unwrap().into());
    let (node, boot) = (NodeId::from_parts(1, [1; 10]), BootId::from_parts(1, [1; 10]));
    let signaling_url = "ws://localhost:3001".to_owned();
    let hello = NodeMessage::Hello { version: LINK_VERSION, node, boot, signaling_url, last_command: 0 };
    sink.send(text(&hello)).await.unwrap();

    let mut asked = HashMap::new();
    let (mut id, mut latencies) = (0, Vec::new());
    let (began, cpu) = (Instant::now(), server.cpu_seconds());
    loop {
        while asked.len() < ASKED_AT_ONCE && began.elapsed() < LOAD {
            id += 1;
            sink.send(text(&NodeMessage::Query { id, query: start_query(id, subject) })).await.unwrap();
            asked.insert(id, Instant::now());
        }
        if asked.is_empty() {
            break;
        }
        let Some(Ok(Message::Text(said))) = stream.next().await else { continue };
        if let ControlMessage::Answer { id, answer } = serde_json::from_str(&said).unwrap() {
            assert!(matches!(answer, Answer::Recording { .. }), "{answer:?}");
            latencies.push(asked.remove(&id).unwrap().elapsed());
        }
    }
    let (seconds, cpu_seconds) = (began.elapsed().as_secs_f64(), server.cpu_seconds() - cpu);
    Figures { done: latencies.len(), seconds, cpu_seconds, latencies }
}

fn start_query(number: u64, subject: &Subject) -> Query {
    let bytes = number.to_be_bytes();
    let random = [0, 0, bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]];
    Query::StartRecording {
        request: RequestId::from_parts(1, random),
        application: subject.application.id,
        app_key: subject.application.keys[0].id,
        room: RoomName::try_from(format!("room {number}")).unwrap(),
        peer: PeerId::from_parts(1, random),
    }
}
