//! Walks the router itself, so that no address escapes notice: what is under `/api/v1` is described and refuses
//! nobody's requests; what is open to everybody is listed here; and the rest, the console, shows nobody anything.

use super::*;
use crate::master_keys::MasterKeyFile;
use axum::{body::Body, extract::ConnectInfo, response::Response};
use domain::{
    Settings, accounts,
    api_keys::{self, AllowedNetworks, NewApiKey, Scope},
    clock::Clock,
    settings::Aws,
};
use http::{Method, Request, StatusCode};
use protocol::names::DisplayName;
use secrecy::ExposeSecret as _;
use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};
use tower::ServiceExt as _;

const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
const EMAIL: &str = "anna@example.com";
/// Takes an app key instead of an API key.
const JOIN: &str = "/api/v1/join";
/// Open to everybody.
const OPEN: &[&str] = &[
    "/api/docs",
    "/api/openapi.json",
    "/demo/{application}",
    "/favicon.ico",
    "/healthz",
    "/r/{token}",
    "/r/{token}/poster.jpg",
    "/readyz",
    "/rest/login",
    "/setup",
    "/sign-in",
];
const FILES: [&str; 3] = ["/demo-assets", "/pkg", "/sdk"];
const NODES: [&str; 1] = ["/node/link"];

async fn web(data: &Path) -> Web {
    let random = Random::System;
    let services = Services::open(
        Settings {
            database_url: format!("sqlite:{}", data.join("mixdown.db").display()),
            master_keys: Arc::new(MasterKeyFile::open_or_create(&data.join("master.key"), &random).unwrap()),
            node_secret: "node secret".into(),
            public_url: "http://localhost:3000".parse().unwrap(),
            allow_private: "".parse().unwrap(),
            embedded_store: None,
            aws: Aws::default(),
            hold_limit: Duration::from_secs(3600),
            smtp: None,
        },
        Clock::System,
        random.clone(),
    )
    .await
    .unwrap();
    let (clock, lifecycle) = (services.clock().clone(), Lifecycle::default());
    Web {
        services,
        random,
        public_origin: "http://localhost:3000".into(),
        links: node_link::Links::new(lifecycle.clone()),
        link_pace: Pace::of_download_links(clock.clone()).into(),
        join_pace: Pace::of_joins(clock.clone()).into(),
        trusted_proxies: TrustedProxies::default(),
        quotas: Quotas::new(clock, 1000).into(),
        lifecycle,
    }
}

/// Every address that a router knows, from what it says of itself.
fn addresses(router: &Router) -> BTreeSet<String> {
    let said = format!("{router:?}");
    let known = said.split("paths: {").skip(1).flat_map(|list| {
        let list = list.split_once('}').map_or(list, |_| list);
        list.split("RouteId(").skip(1).filter_map(|entry| entry.split('"').nth(1))
    });
    known.filter(|path| path.starts_with('/')).map(str::to_owned).collect()
}

/// As whoever has this key, or as nobody.
async fn ask(router: &Router, method: &Method, path: &str, key: Option<&str>) -> Response {
    let path: Vec<&str> = path.split('/').map(|part| if part.starts_with('{') { "anything" } else { part }).collect();
    let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 4711));
    let mut request = Request::builder().method(method).uri(path.join("/")).extension(ConnectInfo(peer));
    if let Some(key) = key {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

/// A key that may do everything.
async fn key(services: &Services) -> String {
    let token = accounts::setup_token(services).await.unwrap().unwrap();
    let here = Ipv4Addr::LOCALHOST.into();
    let user = accounts::complete_setup(services, &token, EMAIL, "correct horse battery", here).await;
    let access = accounts::access(services, user.unwrap()).await.unwrap();
    let new = NewApiKey {
        name: DisplayName::try_from("Walker".to_owned()).unwrap(),
        scopes: Scope::ALL.into_iter().collect(),
        application: None,
        allowed_networks: AllowedNetworks::default(),
        expires_at: None,
    };
    api_keys::create(services, &access, new).await.unwrap().token.expose_secret().to_owned()
}

#[tokio::test]
async fn no_address_escapes_notice() {
    let data = tempfile::tempdir().unwrap();
    let web = web(data.path()).await;
    let router = router(&web, data.path(), data.path());
    let key = key(&web.services).await;
    let addresses = addresses(&router);
    assert!(addresses.len() > 40, "{addresses:?}");

    let document: serde_json::Value = serde_json::from_str(&api::document()).unwrap();
    let described = |method: &Method, path: &str| document["paths"][path].get(method.as_str().to_lowercase()).is_some();
    let (programs, others): (Vec<_>, Vec<_>) =
        addresses.iter().partition(|path| path.starts_with("/api/v1/") && *path != JOIN);
    for path in programs {
        for method in METHODS {
            assert_eq!(ask(&router, &method, path, None).await.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
            if !described(&method, path) {
                let answer = ask(&router, &method, path, Some(&key)).await;
                assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {path} is not described");
            }
        }
    }
    for path in document["paths"].as_object().unwrap().keys() {
        assert!(addresses.contains(path), "{path} is described and not there");
    }

    let console = others.into_iter().filter(|path| {
        *path != JOIN
            && !OPEN.contains(&path.as_str())
            && !NODES.contains(&path.as_str())
            && !FILES.iter().any(|files| path.starts_with(files))
    });
    for path in console {
        for method in METHODS {
            let answer = ask(&router, &method, path, None).await;
            let shown = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
            let shown = String::from_utf8_lossy(&shown);
            assert!(!shown.contains(EMAIL) && !shown.contains("Demo"), "{method} {path} shows nobody what is Anna's");
        }
    }
}
