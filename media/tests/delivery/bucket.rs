//! A bucket that takes parts, or does not.

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header::ETAG},
    response::{IntoResponse as _, Response},
    routing::put,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use md5::{Digest as _, Md5};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use tokio::{net::TcpListener, task::JoinSet};

/// Every part that was taken: upload, number, content.
type Taken = Vec<(String, u16, Bytes)>;

#[derive(Default)]
struct Contents {
    refusal: Option<(u16, &'static str)>,
    refusals: usize,
    taken: Taken,
}

#[derive(Clone)]
pub struct Bucket {
    contents: Arc<Mutex<Contents>>,
    pub port: u16,
    _serving: Arc<JoinSet<()>>,
}

impl Bucket {
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let contents = Arc::<Mutex<Contents>>::default();
        let app = Router::new().route("/{upload}/{number}", put(take)).with_state(contents.clone());
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { contents, port, _serving: Arc::new(serving) }
    }

    /// From now on answers every part with this status and error code.
    pub fn refuse(&self, status: u16, code: &'static str) {
        self.contents.lock().unwrap().refusal = Some((status, code));
    }

    pub fn recover(&self) {
        self.contents.lock().unwrap().refusal = None;
    }

    /// How many parts were not taken.
    pub fn refusals(&self) -> usize {
        self.contents.lock().unwrap().refusals
    }

    /// Where a part goes.
    pub fn url(&self, upload: &str, number: u16) -> String {
        format!("http://127.0.0.1:{}/{upload}/{number}", self.port)
    }

    /// Numbers of the parts of an upload, as they came.
    pub fn numbers(&self, upload: &str) -> Vec<u16> {
        let taken = &self.contents.lock().unwrap().taken;
        taken.iter().filter(|(of, ..)| of == upload).map(|(_, number, _)| *number).collect()
    }

    /// What completing an upload would make.
    pub fn object(&self, upload: &str) -> Vec<u8> {
        let taken = &self.contents.lock().unwrap().taken;
        let parts: BTreeMap<u16, &Bytes> =
            taken.iter().filter(|(of, ..)| of == upload).map(|(_, number, bytes)| (*number, bytes)).collect();
        parts.into_values().flatten().copied().collect()
    }
}

async fn take(
    State(contents): State<Arc<Mutex<Contents>>>,
    Path((upload, number)): Path<(String, u16)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut contents = contents.lock().unwrap();
    let checksum = BASE64_STANDARD.encode(Md5::digest(&body));
    if headers.get("content-md5").is_none_or(|sent| sent != checksum.as_str()) {
        return (StatusCode::BAD_REQUEST, "<Error><Code>BadDigest</Code></Error>").into_response();
    }
    if let Some((status, code)) = contents.refusal {
        contents.refusals += 1;
        let document = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
        return (StatusCode::from_u16(status).unwrap(), document).into_response();
    }
    contents.taken.push((upload, number, body));
    ([(ETAG, format!("\"{number}\""))], "").into_response()
}
