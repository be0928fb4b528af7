//! What Skylink clients ask of their room server.

use crate::{
    on_both_databases,
    support::{Browser, Page},
};
use aws_lc_rs::hmac;
use base64::{Engine as _, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::applications::{self, KeyChange};
use http::{Method, StatusCode};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;

async fn ask(browser: &Browser, path: &str, version: &str) -> Page {
    let headers = [
        ("origin", "https://shop.example"),
        ("sec-fetch-site", "cross-site"),
        ("skylink_sdk_version", version),
        ("skylink_sdk_type", "WEB_SDK"),
    ];
    browser.request(Method::GET, path, &headers, "").await
}

fn refusal(page: &Page) -> (u16, Value) {
    assert_eq!(page.header("access-control-allow-origin"), "https://shop.example", "the page can read the code");
    let document = page.json();
    assert_eq!(document["success"], false);
    assert!(!document["info"].as_str().unwrap().is_empty());
    (page.status.as_u16(), document["error"].clone())
}

on_both_databases! {
    async fn clients_of_every_generation_get_what_they_read(server) {
        let access = server.owner().await;
        let application = server.demo(&access).await;
        let path = format!("/api/{}/my%20room/%C3%A9?rand=1", application.keys[0].id);
        let browser = server.browser();

        let early = ask(&browser, &path, "2.7.2").await;
        assert_eq!(refusal(&early), (503, json!(4021)));

        let _node = server.linked_node().await;
        let modern = ask(&browser, &path, "2.7.2").await;
        assert_eq!((modern.status, modern.header("access-control-allow-origin")), (StatusCode::OK, "https://shop.example"));
        let modern = modern.json();
        let fixed = json!({
            "success": true, "ipSigserver": "localhost:3001", "ipSigserverPath": "/socket.io", "httpPortList": [3001],
            "httpsPortList": [3001], "isPrivileged": false, "autoIntroduce": true, "hasMCU": true,
            "enable_stats_config": false, "hasPersistentMessage": false, "pc_constraints": "{}",
            "offer_constraints": "{}", "media_constraints": "{}", "len": 24.0,
        });
        for (name, value) in fixed.as_object().unwrap() {
            assert_eq!(&modern[name], value, "{name}");
        }
        for name in ["cid", "apiOwner", "username", "userCred", "timeStamp", "room_key", "roomCred", "start"] {
            assert!(!modern[name].as_str().unwrap().is_empty(), "{name}");
        }
        let claims = modern["userCred"].as_str().unwrap().split('.').nth(1).unwrap();
        let claims: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
        assert_eq!((&claims["room"], &claims["sub"]), (&json!("my room/é"), &modern["username"]));
        let key = json!({"privileged": false, "autoIntroduce": true, "linkMessages": false});
        assert_eq!(claims["skylink"], json!({"generation": "modern", "room_key": modern["room_key"], "key": key}));

        let classic = ask(&browser, &path, "0.9.3").await.json();
        assert_eq!(classic["ipSigserver"], "localhost");
        assert_eq!(classic["room_key"], modern["room_key"], "they meet");
        assert_ne!(classic["username"], modern["username"]);
        let elsewhere = ask(&browser, &format!("/api/{}/other", application.keys[0].id), "0.9.3").await.json();
        assert_ne!(elsewhere["room_key"], modern["room_key"]);

        applications::set_relay(server.services(), &access, application.id, false).await.unwrap();
        assert_eq!(ask(&browser, &path, "2.7.2").await.json()["hasMCU"], false);
    }

    async fn keys_and_origins_are_checked(server) {
        let access = server.owner().await;
        let application = server.demo(&access).await;
        let key = application.keys[0].id;
        let _node = server.linked_node().await;
        let browser = server.browser();
        for unknown in ["key_019aa2c1000070008000000000000000", "5f874168-0079-46fc-ab9d-13931c2baa39"] {
            assert_eq!(refusal(&ask(&browser, &format!("/api/{unknown}/room"), "0.9.3").await), (403, json!(4001)));
        }
        let allowed = vec!["https://other.example".to_owned()];
        applications::set_allowed_origins(server.services(), &access, application.id, allowed).await.unwrap();
        assert_eq!(refusal(&ask(&browser, &format!("/api/{key}/room"), "0.9.3").await), (403, json!(4003)));
        applications::set_allowed_origins(server.services(), &access, application.id, vec![]).await.unwrap();
        applications::revoke_key(server.services(), &access, application.id, key).await.unwrap();
        assert_eq!(refusal(&ask(&browser, &format!("/api/{key}/room"), "0.9.3").await), (403, json!(4001)));
    }

    async fn what_a_key_allows_is_told_to_the_client_and_to_the_node(server) {
        let access = server.owner().await;
        let application = server.demo(&access).await;
        let key = application.keys[0].id;
        let _node = server.linked_node().await;
        let change = KeyChange { privileged: Some(true), auto_introduce: Some(false), link_messages: None };
        applications::change_key(server.services(), &access, application.id, key, change).await.unwrap();
        let granted = ask(&server.browser(), &format!("/api/{key}/room"), "0.9.3").await.json();
        assert_eq!((&granted["isPrivileged"], &granted["autoIntroduce"]), (&json!(true), &json!(false)));
        let claims = granted["userCred"].as_str().unwrap().split('.').nth(1).unwrap();
        let claims: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
        let expected = json!({"privileged": true, "autoIntroduce": false, "linkMessages": false});
        assert_eq!(claims["skylink"]["key"], expected);
    }

    async fn credentials_open_one_room_for_one_time(server) {
        let access = server.owner().await;
        let application = server.demo(&access).await;
        let made = applications::create_key(server.services(), &access, application.id).await.unwrap();
        let _node = server.linked_node().await;
        let browser = server.browser();
        let secret = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, made.secret.expose_secret().as_bytes());
        let path = |room: &str, start: &str, duration: &str, signed: &str| {
            let cred = BASE64_STANDARD.encode(hmac::sign(&secret, signed.as_bytes()));
            let cred: String = byte_serialize(cred.as_bytes()).collect();
            format!("/api/{}/{room}/{start}/{duration}?cred={cred}&rand=2", made.key.id)
        };
        let now = domain::clock::to_date(domain::clock::Clock::System.unix_ms());
        let start = now.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);

        let granted = ask(&browser, &path("club", &start, "0.5", &format!("club_0.5_{start}")), "0.9.3").await.json();
        assert_eq!((&granted["success"], &granted["start"], &granted["len"]), (&json!(true), &json!(start), &json!(0.5)));

        let other_room = path("office", &start, "0.5", &format!("club_0.5_{start}"));
        let over = "2020-01-01T00:00:00.000Z";
        let over = path("club", over, "1", &format!("club_1_{over}"));
        for path in [other_room, over] {
            assert_eq!(refusal(&ask(&browser, &path, "0.9.3").await), (403, json!(4005)), "{path}");
        }
        let malformed = path("club", "yesterday", "1", "club_1_yesterday");
        assert_eq!(refusal(&ask(&browser, &malformed, "0.9.3").await), (403, json!(4004)));
    }

    async fn pages_of_other_sites_may_ask_and_leave_statistics(server) {
        let browser = server.browser();
        let headers = [
            ("origin", "https://anywhere.example"),
            ("access-control-request-method", "GET"),
            ("access-control-request-headers", "skylink_api_version,skylink_sdk_type,skylink_sdk_version,x-server-select"),
        ];
        let answer = browser.request(Method::OPTIONS, "/api/key/room", &headers, "").await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        assert_eq!(answer.header("access-control-allow-origin"), "https://anywhere.example");
        for name in ["skylink_sdk_type", "skylink_sdk_version", "skylink_api_version", "x-server-select", "content-type"] {
            assert!(answer.header("access-control-allow-headers").contains(name), "{name}");
        }
        let headers =
            [("origin", "https://anywhere.example"), ("sec-fetch-site", "cross-site"), ("content-type", "application/json")];
        let taken = browser.request(Method::POST, "/rest/stats/client/recording", &headers, "{}").await;
        assert_eq!((taken.status, taken.text.as_str()), (StatusCode::OK, "{}"));
        assert_eq!(taken.header("access-control-allow-origin"), "https://anywhere.example");

        let other = browser.get("/api/v1/nothing").await;
        assert_eq!((other.status, other.code().as_str()), (StatusCode::NOT_FOUND, "not_found"));
    }
}
