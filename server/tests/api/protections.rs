//! What holds for every request.

use crate::{
    on_both_databases,
    support::{Browser, Database, TestServer, server::sign_in},
};
use http::{Method, StatusCode};
use std::collections::BTreeSet;

const OTHER_SITES: &[&[(&str, &str)]] = &[
    &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")],
    &[("sec-fetch-site", "same-site")],
    &[("origin", "https://evil.example")],
    &[("origin", "null")],
];

/// Every server function of the console; a new one is covered as soon as it exists.
fn unsafe_routes() -> BTreeSet<(String, Method)> {
    let functions = leptos::server_fn::axum::server_fn_paths().map(|(path, method)| (path.to_owned(), method));
    functions.filter(|(_, method)| *method != Method::GET).collect()
}

#[tokio::test]
async fn every_unsafe_route_refuses_other_sites() {
    let server = TestServer::start(Database::Sqlite).await;
    server.owner().await;
    let browser = server.browser();
    sign_in(&browser).await;
    let mut routes = unsafe_routes();
    assert!(routes.len() > 10, "{routes:?}");
    routes.insert(("/anything".to_owned(), Method::DELETE));
    for (path, method) in routes {
        for headers in OTHER_SITES {
            let answer = browser.request(method.clone(), &path, headers, "").await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (StatusCode::FORBIDDEN, "cross_site_request"),
                "{method} {path}"
            );
        }
    }
}

/// A server function without a session answers nothing but a refusal.
#[tokio::test]
async fn every_server_function_refuses_strangers() {
    // What proves who somebody is, by a password or by a link from a mail.
    const OPEN: &[&str] = &[
        "/sign-in",
        "/sign-out",
        "/set-up",
        "/set-up-link",
        "/theme",
        "/forgot-password",
        "/reset-link",
        "/reset-password",
        "/verification-link",
        "/verify-email",
        "/invitation",
        "/accept-invitation",
    ];
    let server = TestServer::start(Database::Sqlite).await;
    let access = server.owner().await;
    let demo = server.demo(&access).await;
    let stranger = server.browser();
    let form = format!(
        "application={0}&id={0}&recording=rec_019aa2c1000070008000000000000000&key={1}&on=false&name=x&url=&origins=&storage=sto_019aa2c1000070008000000000000000\
         &standing=spare&days=1&hours=1&reason=&networks=&kind=aws_keys&form[name]=x&place[name]=x\
         &api_key=apikey_019aa2c1000070008000000000000000&endpoint=ep_019aa2c1000070008000000000000000\
         &delivery=dlv_019aa2c1000070008000000000000000&event=&state=&after=&format=standard&signing=hmac&email=x&role=viewer\
         &invitation=inv_019aa2c1000070008000000000000000&member=usr_019aa2c1000070008000000000000000\
         &address=addr_019aa2c1000070008000000000000000&mail=mail_019aa2c1000070008000000000000000",
        demo.id, demo.keys[0].id
    );
    for (path, method) in leptos::server_fn::axum::server_fn_paths() {
        if OPEN.iter().any(|open| path.ends_with(open)) {
            continue;
        }
        let (path, body) =
            if method == Method::GET { (format!("{path}?{form}"), "") } else { (path.to_owned(), form.as_str()) };
        let headers = [("accept", "application/json"), ("content-type", "application/x-www-form-urlencoded")];
        let answer = stranger.request(method, &path, &headers, body).await;
        assert!(answer.text.contains("signed_out"), "{path}: {answer:?}");
    }
    let after = server.demo(&access).await;
    assert!(after.relay && after.recording && after.keys == demo.keys);
}

on_both_databases! {
    async fn pages_carry_a_strict_policy_with_a_fresh_nonce(server) {
        let browser = server.browser();
        let policies = [browser.visit("/sign-in").await, browser.visit("/sign-in").await].map(|page| {
            let policy = page.header("content-security-policy").to_owned();
            let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).expect("a nonce").to_owned();
            assert!(page.text.contains(&format!("nonce=\"{nonce}\"")), "{}", page.text);
            for directive in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"] {
                assert!(policy.contains(directive), "{policy}");
            }
            assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
            nonce
        });
        assert_ne!(policies[0], policies[1]);
    }

    async fn every_answer_has_the_usual_headers(server) {
        let browser = server.browser();
        for path in ["/healthz", "/sign-in", "/nowhere", "/api/v1/join", "/pkg/nothing.js"] {
            let page = browser.get(path).await;
            assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(page.header("referrer-policy"), "same-origin", "{path}");
            assert_eq!(page.header("cross-origin-opener-policy"), "same-origin", "{path}");
            assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
            assert_eq!(page.header("x-request-id").len(), 16, "{path}");
            assert_eq!(page.header("strict-transport-security"), "", "plain http must not promise https");
        }
    }

    async fn bodies_have_a_limit(server) {
        let browser = server.browser();
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let body = format!("email={}&password=x", "a".repeat(100_000));
        let answer = browser.request(Method::POST, "/api/console/sign-in", &headers, &body).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"));
    }
}

#[tokio::test]
async fn forms_of_our_own_pages_are_not_refused() {
    let server = TestServer::start(Database::Sqlite).await;
    server.owner().await;
    // An older browser: no Sec-Fetch-Site, but an origin that is ours.
    let browser: Browser = server.browser();
    let origin = server.url("/").origin().ascii_serialization();
    let headers = [("origin", origin.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    let answer = browser.request(Method::POST, "/api/console/sign-in", &headers, "email=a&password=b").await;
    assert_ne!(answer.status, StatusCode::FORBIDDEN);
}
