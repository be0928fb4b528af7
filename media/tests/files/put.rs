//! Uploads to addresses of customers, against a server that misbehaves as told.

use crate::support::{
    call::{Call, Peer},
    media::Content,
    remuxed::{file, prepare},
};
use media::{
    remux::Remux,
    uploader::{Delivered, PutClient, PutError, PutTimes, UploadUrl},
};
use outbound::{Outbound, OutboundError};
use protocol::ids::ApplicationId;
use std::{
    sync::{Arc, LazyLock, Mutex},
    thread,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// A file that does not fit into the buffers of a connection.
static FILE: LazyLock<Arc<Remux>> = LazyLock::new(|| {
    let content = Content { colour: [9; 3], beep_hertz: 500.0, period: 1.0, sizes: vec![(320, 180)], noise: true };
    // It waits for its writer, which the runtime of a test must not do.
    let make = || {
        let call = Box::leak(Box::new(Call::record(&[Peer::new(content, 40.0)], 40.0, true)));
        Arc::new(prepare(call, |_| true).unwrap())
    };
    thread::scope(|scope| scope.spawn(make).join().unwrap())
});

/// What the server does with one connection.
#[derive(Debug, Clone, Copy)]
enum Manner {
    /// Takes everything and answers with this status.
    Answer(u16),
    /// Answers with this status when it has seen the head, and reads nothing more.
    AnswerEarly(u16),
    /// Takes a little and closes.
    Close,
    /// Takes a little and does nothing more.
    Hang,
    /// Takes everything and says nothing.
    Mute,
}

/// Head and body of every request.
type Requests = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

struct Destination {
    port: u16,
    requests: Requests,
    _serving: JoinSet<()>,
}

impl Destination {
    /// Treats each connection in its manner, the last one for ever.
    async fn start(manners: &'static [Manner]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Requests::default();
        let mut serving = JoinSet::new();
        let seen = Arc::clone(&requests);
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            for index in 0.. {
                let (socket, _) = listener.accept().await.unwrap();
                let manner = *manners.get(index).or(manners.last()).unwrap();
                connections.spawn(serve(socket, manner, Arc::clone(&seen)));
            }
        });
        Self { port, requests, _serving: serving }
    }

    fn url(&self) -> UploadUrl {
        format!("http://127.0.0.1:{}/bucket/file.webm?signature=secret", self.port).parse().unwrap()
    }

    fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

async fn serve(mut socket: TcpStream, manner: Manner, requests: Requests) {
    let (mut head, mut body) = (Vec::new(), Vec::new());
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let length: usize = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
    let wanted = match manner {
        Manner::Answer(_) | Manner::Mute => length,
        Manner::AnswerEarly(_) => 0,
        Manner::Close | Manner::Hang => 1000,
    };
    body.resize(wanted, 0);
    socket.read_exact(&mut body).await.unwrap();
    requests.lock().unwrap().push((head, body));
    match manner {
        Manner::Answer(status) | Manner::AnswerEarly(status) => {
            let code = "<Error><Code>AccessDenied</Code></Error>";
            let answer =
                format!("HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{code}", code.len());
            socket.write_all(answer.as_bytes()).await.unwrap();
            if let Manner::AnswerEarly(_) = manner {
                std::future::pending::<()>().await;
            }
        }
        Manner::Close => {}
        Manner::Hang | Manner::Mute => std::future::pending().await,
    }
}

fn client(silence: Duration) -> PutClient {
    let outbound = Outbound::new("127.0.0.1:*".parse().unwrap()).unwrap();
    PutClient::new(outbound, PutTimes { pauses: vec![Duration::ZERO; 4], silence })
}

fn application() -> ApplicationId {
    ApplicationId::from_parts(1, [1; 10])
}

async fn put(destination: &Destination) -> Result<Delivered, PutError> {
    client(Duration::from_secs(60)).put(application(), &FILE, &destination.url()).await
}

#[tokio::test]
async fn the_file_arrives_whole_with_its_length_and_type() {
    let destination = Destination::start(&[Manner::Answer(200)]).await;
    assert_eq!(put(&destination).await.unwrap(), Delivered { status: 200, attempts: 1 });
    let (head, body) = destination.requests.lock().unwrap().remove(0);
    assert!(head.starts_with("PUT /bucket/file.webm?signature=secret HTTP/1.1\r\n"), "{head}");
    assert!(
        head.contains(&format!("content-length: {}\r\n", FILE.facts().bytes)) && !head.contains("chunked"),
        "{head}"
    );
    assert!(head.contains("content-type: video/webm\r\n"), "{head}");
    assert!(body == file(&FILE));
}

#[tokio::test]
async fn a_refusal_is_final_whenever_it_comes() {
    for manners in [&[Manner::Answer(403)], &[Manner::AnswerEarly(403)]] {
        let destination = Destination::start(manners).await;
        let error = put(&destination).await.unwrap_err();
        assert_eq!((error.status(), destination.count()), (403, 1), "{error}");
        assert_eq!(error.to_string(), "the destination answered 403 AccessDenied");
    }
}

#[tokio::test]
async fn a_success_before_the_file_was_taken_is_none() {
    let destination = Destination::start(&[Manner::AnswerEarly(200), Manner::Answer(200)]).await;
    assert_eq!(put(&destination).await.unwrap(), Delivered { status: 200, attempts: 2 });
    let destination = Destination::start(&[Manner::AnswerEarly(201)]).await;
    let error = put(&destination).await.unwrap_err();
    assert_eq!((error.status(), destination.count()), (201, 5));
    assert_eq!(error.to_string(), "the destination answered 201 before it had taken the file");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let destination = Destination::start(&[Manner::Answer(307)]).await;
    let error = put(&destination).await.unwrap_err();
    assert_eq!((error.status(), destination.count()), (307, 1));
}

#[tokio::test]
async fn a_destination_that_recovers_gets_the_whole_file() {
    let manners = &[Manner::Answer(500), Manner::Close, Manner::Answer(429), Manner::Answer(408), Manner::Answer(201)];
    let destination = Destination::start(manners).await;
    assert_eq!(put(&destination).await.unwrap(), Delivered { status: 201, attempts: 5 });
    assert!(destination.requests.lock().unwrap()[4].1 == file(&FILE));
}

#[tokio::test]
async fn five_attempts_are_all() {
    let destination = Destination::start(&[Manner::Answer(503)]).await;
    assert_eq!((put(&destination).await.unwrap_err().status(), destination.count()), (503, 5));
    let destination = Destination::start(&[Manner::Close]).await;
    let error = put(&destination).await.unwrap_err();
    assert_eq!((error.status(), destination.count()), (0, 5));
    assert_eq!(error.to_string(), "The address could not be reached.");
}

#[tokio::test]
async fn who_hangs_is_given_up() {
    for manners in [&[Manner::Hang], &[Manner::Mute]] {
        let destination = Destination::start(manners).await;
        let error = client(Duration::from_millis(300)).put(application(), &FILE, &destination.url()).await.unwrap_err();
        assert!(matches!(error, PutError::Silent), "{error:?}");
        assert_eq!((error.status(), destination.count()), (0, 5));
    }
}

#[tokio::test]
async fn addresses_of_our_own_network_and_plain_http_are_refused() {
    let guarded = PutClient::new(Outbound::new("127.0.0.1:9".parse().unwrap()).unwrap(), PutTimes::default());
    for url in [
        "https://127.0.0.1/x",
        "https://10.0.0.1/x",
        "http://example.com/x",
        "https://169.254.169.254/x",
        "ftp://example.com/x",
    ] {
        let error = guarded.put(application(), &FILE, &url.parse().unwrap()).await.unwrap_err();
        assert!(matches!(error, PutError::Unreachable(OutboundError::NotAllowed)), "{url}: {error:?}");
    }
}

#[test]
fn an_address_keeps_its_signature_to_itself() {
    let url: UploadUrl = "https://bucket.example:8443/a/b.webm?X-Amz-Signature=secret".parse().unwrap();
    assert_eq!(format!("{url} {url:?}"), "https://bucket.example:8443 UploadUrl(https://bucket.example:8443/…)");
    assert!("no url".parse::<UploadUrl>().is_err());
}
