//! A customer's webhook endpoint.

use super::soon;
use aws_lc_rs::hmac;
use axum::{Router, body::Bytes, extract::State, routing::post};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::{
    Access, Services,
    notifications::endpoints::{self, NewEndpoint},
};
use http::{HeaderMap, StatusCode};
use protocol::{ids::ApplicationId, webhook::EventType};
use secrecy::ExposeSecret as _;
use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
};
use tokio::{net::TcpListener, sync::mpsc, task::JoinSet};
use url::Url;

const HANG: u16 = 0;

/// An HTTP server that keeps what it is sent.
pub struct Receiver {
    pub url: Url,
    status: Arc<AtomicU16>,
    deliveries: mpsc::Receiver<Delivery>,
    _serving: JoinSet<()>,
}

/// One request.
#[derive(Debug)]
pub struct Delivery {
    pub headers: HeaderMap,
    pub body: Bytes,
}

type Inbox = (mpsc::Sender<Delivery>, Arc<AtomicU16>);

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = Url::parse(&format!("http://{}/hook", listener.local_addr().unwrap())).unwrap();
        let (sender, deliveries) = mpsc::channel(64);
        let status = Arc::new(AtomicU16::new(200));
        let router = Router::new().route("/hook", post(receive)).with_state((sender, Arc::clone(&status)));
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, status, deliveries, _serving: serving }
    }

    /// Has these events of an application sent here, without any all of them; the secret that signs them.
    pub async fn subscribe(
        &self,
        services: &Services,
        access: &Access,
        application: ApplicationId,
        events: &[EventType],
    ) -> String {
        let new = NewEndpoint { events: events.to_vec(), ..NewEndpoint::at(self.url.clone()) };
        let made = endpoints::create(services, access, application, new).await.unwrap();
        made.secret.unwrap().expose_secret().to_owned()
    }

    /// What the next requests are answered with.
    pub fn answer_with(&self, status: StatusCode) {
        self.status.store(status.as_u16(), Ordering::SeqCst);
    }

    pub async fn delivery(&mut self) -> Delivery {
        soon("a webhook", self.deliveries.recv()).await.unwrap()
    }

    /// Takes the next requests and never answers them.
    pub fn hang(&self) {
        self.status.store(HANG, Ordering::SeqCst);
    }

    /// For waiting on something else beside it; cancelling loses nothing.
    pub async fn next(&mut self) -> Delivery {
        self.deliveries.recv().await.unwrap()
    }
}

async fn receive(State((inbox, status)): State<Inbox>, headers: HeaderMap, body: Bytes) -> StatusCode {
    inbox.send(Delivery { headers, body }).await.unwrap();
    match status.load(Ordering::SeqCst) {
        HANG => std::future::pending().await,
        status => StatusCode::from_u16(status).unwrap(),
    }
}

impl Delivery {
    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Whether one of the signatures is right for the secret (Standard Webhooks 1.0).
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let mut signed = format!("{}.{}.", self.header("webhook-id"), self.header("webhook-timestamp")).into_bytes();
        signed.extend_from_slice(&self.body);
        self.header("webhook-signature")
            .split(' ')
            .filter_map(|signature| BASE64_STANDARD.decode(signature.strip_prefix("v1,")?).ok())
            .any(|signature| hmac::verify(&key, &signed, &signature).is_ok())
    }
}
