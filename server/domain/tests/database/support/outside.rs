//! What is outside of us: a bucket and a webhook receiver, on one small HTTP server.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

#[derive(Debug, Clone)]
pub struct Received {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

#[derive(Default)]
pub struct State {
    bucket_exists: bool,
    pub objects: BTreeMap<String, Vec<u8>>,
    /// Parts by upload and number.
    pub uploads: BTreeMap<String, BTreeMap<u16, Vec<u8>>>,
    created_uploads: u32,
    pub hooks: Vec<Received>,
    /// What the webhook answers; 200 when empty.
    pub hook_answers: Vec<(u16, String)>,
    /// The bucket refuses everything.
    pub bucket_closed: bool,
    /// The bucket was deleted by its owner.
    pub bucket_gone: bool,
}

pub struct Outside {
    port: u16,
    state: Arc<Mutex<State>>,
    _server: JoinSet<()>,
}

impl Outside {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State::default()));
        let mut server = JoinSet::new();
        server.spawn(serve(listener, state.clone()));
        Self { port, state, _server: server }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn hook_url(&self) -> url::Url {
        format!("http://localhost:{}/hook", self.port).parse().unwrap()
    }

    pub fn state<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap())
    }
}

async fn serve(listener: TcpListener, state: Arc<Mutex<State>>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(exchange(stream, state.clone()));
    }
}

async fn exchange(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let Some(request) = read(&mut stream).await else { return };
    let (status, headers, body) = answer(&mut state.lock().unwrap(), &request);
    let length = body.len();
    let mut text =
        format!("HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n").into_bytes();
    if request.method != "HEAD" {
        text.extend(body);
    }
    let _ = stream.write_all(&text).await;
}

async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    let end = loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers: BTreeMap<_, _> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = bytes[end + 4..].to_vec();
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(Received { method, path: path.to_owned(), query: query.to_owned(), headers, body })
}

type Answer = (u16, String, Vec<u8>);

fn answer(state: &mut State, request: &Received) -> Answer {
    if request.path.starts_with("/hook") {
        state.hooks.push(request.clone());
        let (status, headers) =
            if state.hook_answers.is_empty() { (200, String::new()) } else { state.hook_answers.remove(0) };
        return (status, headers, b"thank you\0".to_vec());
    }
    if matches!(request.path.as_str(), "/second" | "/second/") {
        return (200, String::new(), Vec::new());
    }
    if let Some(key) = request.path.strip_prefix("/second/") {
        return object(state, request, &format!("second/{key}"));
    }
    let Some(key) = request.path.strip_prefix("/recordings").filter(|_| !state.bucket_closed) else {
        return (403, String::new(), b"<Error><Code>AccessDenied</Code></Error>".to_vec());
    };
    if state.bucket_gone {
        return (404, String::new(), b"<Error><Code>NoSuchBucket</Code></Error>".to_vec());
    }
    match key.strip_prefix('/').unwrap_or_default() {
        "" => bucket(state, &request.method),
        key => object(state, request, key),
    }
}

fn bucket(state: &mut State, method: &str) -> Answer {
    if method == "PUT" {
        state.bucket_exists = true;
    }
    (if state.bucket_exists { 200 } else { 404 }, String::new(), Vec::new())
}

fn object(state: &mut State, request: &Received, key: &str) -> Answer {
    let parameter = |name: &str| {
        let pairs = url::form_urlencoded::parse(request.query.as_bytes());
        pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    match (request.method.as_str(), parameter("uploadId"), parameter("partNumber")) {
        ("PUT", Some(upload), Some(number)) => put_part(state, &upload, number.parse().unwrap(), request.body.clone()),
        ("POST", Some(upload), _) => complete(state, key, &upload),
        ("POST", None, _) => create(state, key),
        ("DELETE", Some(upload), _) => {
            (if state.uploads.remove(&upload).is_some() { 204 } else { 404 }, String::new(), Vec::new())
        }
        ("PUT", ..) => {
            state.objects.insert(key.to_owned(), request.body.clone());
            (200, "etag: \"x\"\r\n".into(), Vec::new())
        }
        ("DELETE", ..) => {
            state.objects.remove(key);
            (204, String::new(), Vec::new())
        }
        _ => match state.objects.get(key) {
            Some(body) => (200, "etag: \"x\"\r\n".into(), body.clone()),
            None => (404, String::new(), b"<Error><Code>NoSuchKey</Code></Error>".to_vec()),
        },
    }
}

fn create(state: &mut State, key: &str) -> Answer {
    state.created_uploads += 1;
    let upload = format!("upload-{}", state.created_uploads);
    state.uploads.insert(upload.clone(), BTreeMap::new());
    let body = format!(
        "<InitiateMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>recordings</Bucket><Key>{key}</Key><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
    );
    (200, String::new(), body.into_bytes())
}

fn put_part(state: &mut State, upload: &str, number: u16, body: Vec<u8>) -> Answer {
    match state.uploads.get_mut(upload) {
        Some(parts) => {
            parts.insert(number, body);
            (200, format!("etag: \"part-{number}\"\r\n"), Vec::new())
        }
        None => (404, String::new(), b"<Error><Code>NoSuchUpload</Code></Error>".to_vec()),
    }
}

fn complete(state: &mut State, key: &str, upload: &str) -> Answer {
    let Some(parts) = state.uploads.remove(upload) else {
        return (404, String::new(), b"<Error><Code>NoSuchUpload</Code></Error>".to_vec());
    };
    state.objects.insert(key.to_owned(), parts.into_values().flatten().collect());
    let body = format!(
        "<CompleteMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Location>x</Location><Bucket>recordings</Bucket><Key>{key}</Key><ETag>\"x-1\"</ETag></CompleteMultipartUploadResult>"
    );
    (200, String::new(), body.into_bytes())
}
