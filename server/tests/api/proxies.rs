//! Who is asking, behind reverse proxies and at their pace.

use crate::support::{
    Browser, Database, TestServer,
    server::{EMAIL, PASSWORD, options},
};
use domain::audit;
use http::{Method, StatusCode};

async fn behind(proxies: &str) -> TestServer {
    let data = tempfile::tempdir().unwrap();
    let mut options = options(&data);
    options.trusted_proxies = proxies.to_owned();
    TestServer::start_with(options, data).await.unwrap()
}

async fn sign_in(browser: &Browser, password: &str, forwarded_for: &str) -> StatusCode {
    let headers = [
        ("accept", "application/json"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("sec-fetch-site", "same-origin"),
        ("x-forwarded-for", forwarded_for),
    ];
    let form = format!("email={EMAIL}&password={password}");
    browser.request(Method::POST, "/api/console/sign-in", &headers, &form).await.status
}

/// What the audit log says about where the last sign-in came from.
async fn last_address(server: &TestServer, access: &domain::Access) -> String {
    let entries = audit::list(server.services(), access).await.unwrap();
    entries.into_iter().find(|entry| entry.action == "user.signed_in").unwrap().detail
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trusted_proxy_names_the_client() {
    let server = behind("127.0.0.0/8,10.0.0.0/8").await;
    let access = server.owner().await;
    sign_in(&server.browser(), PASSWORD, "198.51.100.9, 203.0.113.7, 10.1.1.1").await;
    assert_eq!(last_address(&server, &access).await, "203.0.113.7");
    // One client that guesses does not slow down the others behind the proxy.
    for _ in 0..7 {
        sign_in(&server.browser(), "wrong", "203.0.113.8").await;
    }
    sign_in(&server.browser(), PASSWORD, "203.0.113.8").await;
    assert_eq!(last_address(&server, &access).await, "203.0.113.7", "the guesser has to wait");
    sign_in(&server.browser(), PASSWORD, "203.0.113.9").await;
    assert_eq!(last_address(&server, &access).await, "203.0.113.9");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anybody_else_only_names_itself() {
    let server = TestServer::start(Database::Sqlite).await;
    let access = server.owner().await;
    sign_in(&server.browser(), PASSWORD, "203.0.113.7").await;
    assert_eq!(last_address(&server, &access).await, "127.0.0.1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_address_asks_for_so_many_join_tokens_a_minute() {
    let server = behind("127.0.0.1").await;
    let browser = server.browser();
    let ask = async |address: &str| {
        let headers = [("content-type", "application/json"), ("x-forwarded-for", address)];
        browser.request(Method::POST, "/api/v1/join", &headers, "{}").await
    };
    for _ in 0..600 {
        assert_eq!(ask("203.0.113.7").await.status, StatusCode::BAD_REQUEST);
    }
    let refused = ask("203.0.113.7").await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::TOO_MANY_REQUESTS, "too_many_requests"));
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(ask("203.0.113.8").await.status, StatusCode::BAD_REQUEST);
}
