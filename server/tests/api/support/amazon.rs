//! Stands for STS and S3: gives out one session, and takes nothing that is asked with it.

use super::soon;
use axum::{Router, body::Bytes, extract::State, http::Uri};
use http::StatusCode;
use std::net::Ipv4Addr;
use tokio::{net::TcpListener, sync::mpsc, task::JoinSet};

/// Secret of the identity that assumes roles.
pub const OWN_SECRET: &str = "u8Tq1LwZb5YxRk3NvJcGmDpSeHaFo0iX7r2W9y4B";
pub const SESSION_SECRET: &str = "fJk2mQz8RtYw0LxNcVbHsDgPaEuXo1iT4r6W9v3S";
pub const SESSION_TOKEN: &str = "IQoJb3JpZ2luX2VjEHgaCWV1LXdlc3QtMSJHMEUCIQDp4vYwq7";

pub struct Amazon {
    pub url: String,
    used: mpsc::Receiver<()>,
    _serving: JoinSet<()>,
}

impl Amazon {
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, used) = mpsc::channel(64);
        let router = Router::new().fallback(answer).with_state(sender);
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, used, _serving: serving }
    }

    /// Waits until something was asked of S3 with the session.
    pub async fn session_used(&mut self) {
        soon("a request with the session", self.used.recv()).await.unwrap();
    }
}

async fn answer(State(used): State<mpsc::Sender<()>>, uri: Uri, body: Bytes) -> (StatusCode, String) {
    let form = String::from_utf8_lossy(&body);
    if form.contains("Action=GetCallerIdentity") {
        let identity = "<Arn>arn:aws:iam::123456789012:user/mixdown</Arn><Account>123456789012</Account>";
        return (StatusCode::OK, format!("<Answer>{identity}</Answer>"));
    }
    if form.contains("Action=AssumeRole") {
        let session = format!(
            "<Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>{SESSION_SECRET}</SecretAccessKey>\
             <SessionToken>{SESSION_TOKEN}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
        );
        return (StatusCode::OK, session);
    }
    if uri.query().is_some_and(|query| query.contains("X-Amz-Security-Token=")) {
        // Nobody may be waiting any more.
        let _ = used.try_send(());
    }
    (StatusCode::FORBIDDEN, "<Error><Code>AccessDenied</Code></Error>".to_owned())
}
