//! `POST /api/v1/join`.

use crate::{
    on_both_databases,
    support::{Browser, Page},
};
use domain::applications;
use http::{Method, StatusCode};
use serde_json::{Value, json};

async fn join(browser: &Browser, origin: Option<&str>, body: &Value) -> Page {
    let mut headers = vec![("content-type", "application/json"), ("sec-fetch-site", "cross-site")];
    headers.extend(origin.map(|origin| ("origin", origin)));
    browser.request(Method::POST, "/api/v1/join", &headers, &body.to_string()).await
}

on_both_databases! {
    async fn a_page_gets_a_token_for_a_room(server) {
        let access = server.owner().await;
        let application = server.demo(&access).await;
        let key = application.keys[0].id;
        let body = json!({"appKey": key, "room": "standup", "name": "Anna"});
        let browser = server.browser();

        let early = join(&browser, None, &body).await;
        assert_eq!((early.status, early.code().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "no_media_node"));

        let _node = server.linked_node().await;
        let grant = join(&browser, Some("https://shop.example"), &body).await;
        assert_eq!(grant.status, StatusCode::OK, "{grant:?}");
        assert_eq!(grant.header("access-control-allow-origin"), "https://shop.example");
        let grant = grant.json();
        assert_eq!(grant["signalingUrl"], "ws://localhost:3001/native");
        assert_eq!(grant["relay"], true);
        assert!(grant["peer"].as_str().unwrap().starts_with("peer_"));
        assert_eq!(grant["token"].as_str().unwrap().split('.').count(), 3);

        applications::revoke_key(server.services(), &access, application.id, key).await.unwrap();
        let revoked = join(&browser, None, &body).await;
        assert_eq!((revoked.status, revoked.code().as_str()), (StatusCode::NOT_FOUND, "unknown_app_key"));
    }

    async fn only_allowed_origins_get_a_token(server) {
        let access = server.owner().await;
        let application = server.demo(&access).await;
        let _node = server.linked_node().await;
        let allowed = vec!["https://shop.example".to_owned()];
        applications::set_allowed_origins(server.services(), &access, application.id, allowed).await.unwrap();
        let body = json!({"appKey": application.keys[0].id, "room": "standup"});
        let browser = server.browser();

        assert_eq!(join(&browser, Some("https://shop.example"), &body).await.status, StatusCode::OK);
        // A program has no origin.
        assert_eq!(join(&browser, None, &body).await.status, StatusCode::OK);
        for origin in ["https://evil.example", "null", "https://shop.example.evil.example", "http://shop.example"] {
            let refused = join(&browser, Some(origin), &body).await;
            assert_eq!((refused.status, refused.code().as_str()), (StatusCode::FORBIDDEN, "origin_not_allowed"));
            assert!(!refused.text.contains("token"));
        }
    }

    async fn bad_requests_are_told_what_is_wrong(server) {
        let browser = server.browser();
        let key = "key_019aa2c1000070008000000000000000";
        for body in [
            json!({}),
            json!(null),
            json!({"appKey": key}),
            json!({"appKey": key, "room": ""}),
            json!({"appKey": key, "room": "a\nb"}),
            json!({"appKey": key, "room": "x".repeat(129)}),
            json!({"appKey": key, "room": "r", "name": "x".repeat(65)}),
            json!({"appKey": key, "room": "r", "admin": true}),
        ] {
            let refused = join(&browser, None, &body).await;
            assert_eq!((refused.status, refused.code().as_str()), (StatusCode::BAD_REQUEST, "invalid_body"), "{body}");
        }
        for key in [key, "key_1", "' OR 1=1"] {
            let refused = join(&browser, None, &json!({"appKey": key, "room": "r"})).await;
            assert_eq!((refused.status, refused.code().as_str()), (StatusCode::NOT_FOUND, "unknown_app_key"));
        }
        let form = browser.request(Method::POST, "/api/v1/join", &[("content-type", "text/plain")], "{}").await;
        assert_eq!(form.code(), "invalid_body");
        let large = json!({"appKey": key, "room": "x".repeat(70_000)});
        let refused = join(&browser, None, &large).await;
        assert_eq!((refused.status, refused.code().as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"));
        let other = browser.get("/api/v1/join").await;
        assert_eq!((other.status, other.code().as_str()), (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"));
    }

    async fn every_origin_may_ask_whether_it_may_ask(server) {
        let headers = [
            ("origin", "https://anywhere.example"),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type"),
        ];
        let answer = server.browser().request(Method::OPTIONS, "/api/v1/join", &headers, "").await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        assert_eq!(answer.header("access-control-allow-origin"), "https://anywhere.example");
        assert_eq!(answer.header("access-control-allow-methods"), "POST");
        assert_eq!(answer.header("access-control-allow-headers"), "content-type");
    }
}
