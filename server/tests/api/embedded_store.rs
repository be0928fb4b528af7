//! The embedded store keeps inside its bucket, whatever a signed request names.

use crate::support::{Database, TestServer, signer::Signer};
use chrono::{DateTime, Utc};
use domain::{clock::Clock, settings::EmbeddedStore};
use http::{Method, StatusCode};
use reqwest::Client;
use std::time::Duration;
use url::Url;

struct Store {
    server: TestServer,
    client: Client,
}

impl Store {
    async fn start() -> Self {
        let client = Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
        Self { server: TestServer::start(Database::Sqlite).await, client }
    }

    fn settings(&self) -> &EmbeddedStore {
        &self.server.plane.store
    }

    fn now() -> DateTime<Utc> {
        Clock::System.now()
    }

    fn signer(&self) -> Signer<'_> {
        Signer::new(self.settings(), Self::now())
    }

    async fn send(&self, method: Method, url: Url, headers: &[(&str, &str)], body: &str) -> (StatusCode, String) {
        let mut request = self.client.request(method, url).body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        (response.status(), response.text().await.unwrap())
    }

    async fn signed(&self, method: Method, path: &str, body: &str) -> (StatusCode, String) {
        let url = self.signer().presign(method.as_str(), path, &[], &[]);
        self.send(method, url, &[], body).await
    }
}

#[tokio::test]
async fn an_object_comes_back_also_in_part_and_to_other_origins() {
    let store = Store::start().await;
    assert_eq!(store.signed(Method::PUT, "/recordings/a/b.mp4", "0123456789").await.0, StatusCode::OK);
    let url = store.signer().presign("GET", "/recordings/a/b.mp4", &[], &[]);
    let response = store
        .client
        .get(url.clone())
        .header("range", "bytes=2-4")
        .header("origin", "https://anywhere.example")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(response.headers()["content-range"], "bytes 2-4/10");
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
    assert_eq!(response.text().await.unwrap(), "234");
    let preflight = store
        .client
        .request(Method::OPTIONS, url)
        .header("origin", "https://anywhere.example")
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "range")
        .send()
        .await
        .unwrap();
    assert_eq!(preflight.status(), StatusCode::OK);
    assert_eq!(preflight.headers()["access-control-allow-headers"], "range");
}

#[tokio::test]
async fn keys_cannot_leave_the_bucket() {
    let store = Store::start().await;
    for path in [
        "/recordings/..%2F..%2Fevil",
        "/recordings/a%2F..%2F..%2F..%2Fevil",
        "/recordings/%2Fevil",
        "/recordings/a%2F%2Fb",
        "/recordings/a%5C..%5Cb",
        "/recordings/a%00b",
    ] {
        let (status, text) = store.signed(Method::PUT, path, "x").await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}: {text}");
    }
    assert!(!store.server.data_dir().join("evil").exists());
    assert!(!store.server.data_dir().join("store/evil").exists());
    let (status, _) = store.signed(Method::GET, "/recordings/..%2F..%2Fkeys%2Fmaster.key", "").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn there_is_one_bucket_and_nobody_makes_another() {
    let store = Store::start().await;
    let (status, text) = store.signed(Method::PUT, "/other/a", "x").await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{text}");
    assert!(text.contains("NoSuchBucket"), "{text}");
    for (method, path) in [(Method::PUT, "/other"), (Method::DELETE, "/recordings"), (Method::GET, "/")] {
        let (status, text) = store.signed(method.clone(), path, "").await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path}: {text}");
    }
    assert!(!store.server.data_dir().join("store/other").exists());
}

#[tokio::test]
async fn nothing_is_copied() {
    let store = Store::start().await;
    assert_eq!(store.signed(Method::PUT, "/recordings/a", "x").await.0, StatusCode::OK);
    let headers = [("x-amz-copy-source", "recordings/../../keys/master.key")];
    let url = store.signer().presign("PUT", "/recordings/stolen", &[], &headers);
    let (status, text) = store.send(Method::PUT, url, &headers, "").await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{text}");
    assert_eq!(store.signed(Method::GET, "/recordings/stolen", "").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn only_the_right_signature_counts() {
    let store = Store::start().await;
    assert_eq!(store.signed(Method::PUT, "/recordings/a", "x").await.0, StatusCode::OK);

    let mut anonymous = store.settings().endpoint.clone();
    anonymous.set_path("/recordings/a");
    assert_eq!(store.send(Method::GET, anonymous, &[], "").await.0, StatusCode::FORBIDDEN);

    let forged = Signer { secret: "guessed", ..store.signer() }.presign("GET", "/recordings/a", &[], &[]);
    let (status, text) = store.send(Method::GET, forged, &[], "").await;
    assert_eq!((status, text.contains("SignatureDoesNotMatch")), (StatusCode::FORBIDDEN, true), "{text}");

    let elsewhere = Signer { region: "eu-west-1", ..store.signer() }.presign("GET", "/recordings/a", &[], &[]);
    let (status, text) = store.send(Method::GET, elsewhere, &[], "").await;
    assert_eq!((status, text.contains("AuthorizationHeaderMalformed")), (StatusCode::BAD_REQUEST, true), "{text}");

    let past = Signer { now: Store::now() - chrono::TimeDelta::hours(1), ..store.signer() };
    let expired = past.presign("GET", "/recordings/a", &[], &[]);
    assert_eq!(store.send(Method::GET, expired, &[], "").await.0, StatusCode::FORBIDDEN);
}
