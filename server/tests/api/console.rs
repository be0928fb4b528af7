//! The console by its real forms, without JavaScript.

use crate::{
    on_both_databases,
    support::server::{EMAIL, PASSWORD, sign_in},
};
use domain::applications;
use futures_util::future::join_all;
use http::StatusCode;

/// What stands where a part of a page could not be loaded.
const PROBLEM: &str = "This could not be loaded";

on_both_databases! {
    async fn the_set_up_link_works_once(server) {
        let token = server.set_up_token().await.expect("there is no owner yet");
        let browser = server.browser();
        let path = format!("/setup?token={token}");
        let fields = [("email", EMAIL), ("password", PASSWORD), ("repeated", PASSWORD)];
        let done = browser.submit(&path, "set-up", &fields).await;
        assert_eq!(done.location().as_deref(), Some("/applications"), "{done:?}");
        let home = browser.visit("/").await;
        assert_eq!(home.status, StatusCode::OK);
        assert!(home.text.contains("Demo") && home.text.contains(EMAIL), "{}", home.text);

        assert_eq!(server.set_up_token().await, None);
        let again = server.browser().visit(&path).await;
        assert!(!again.text.contains("name=\"password\""), "{}", again.text);
        let forced = vec![
            ("token".to_owned(), token),
            ("email".to_owned(), "eve@example.com".to_owned()),
            ("password".to_owned(), PASSWORD.to_owned()),
            ("repeated".to_owned(), PASSWORD.to_owned()),
        ];
        let eve = server.browser();
        eve.post_form(&path, "/api/console/set-up", &forced).await;
        assert!(!eve.visit("/applications").await.text.contains("Demo"));
    }

    async fn a_wrong_password_says_no_more_than_that(server) {
        server.owner().await;
        let browser = server.browser();
        let mut answers = Vec::new();
        for email in [EMAIL, "nobody@example.com"] {
            browser.submit("/sign-in", "sign-in", &[("email", email), ("password", "wrong password")]).await;
            let values = vec![("email".to_owned(), email.to_owned()), ("password".to_owned(), "wrong password".to_owned())];
            let answer = browser.post_form("/sign-in", "/api/console/sign-in", &values).await;
            answers.push((answer.status, answer.location()));
        }
        assert_eq!(answers[0], answers[1]);
        assert!(!browser.visit("/applications").await.text.contains("Demo"));
    }

    async fn recording_refuses_to_be_switched_on_and_names_why(server) {
        let access = server.owner().await;
        let demo = server.demo(&access).await.id;
        applications::set_relay(server.services(), &access, demo, false).await.unwrap();
        let browser = server.browser();
        sign_in(&browser).await;
        let path = format!("/applications/{demo}");
        browser.submit(&path, "set-recording", &[("on", "true")]).await;
        let page = browser.visit(&path).await;
        assert!(page.text.contains("data-condition=\"relay_required\""), "{}", page.text);
        assert!(!server.demo(&access).await.recording);

        browser.submit(&path, "set-relay", &[("on", "true")]).await;
        browser.submit(&path, "set-recording", &[("on", "true")]).await;
        let application = server.demo(&access).await;
        assert!(application.relay && application.recording);
    }

    async fn an_api_key_is_made_used_and_revoked(server) {
        server.owner().await;
        let (browser, program) = (server.browser(), server.browser());
        sign_in(&browser).await;
        let path = "/account/api-keys";
        let fields = [("name", "Export"), ("application", ""), ("days", "90"), ("networks", "")];
        let unscoped = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        browser.post_form(path, "/api/console/create-api-key", &unscoped).await;
        assert!(browser.visit(path).await.text.contains("Choose at least one scope."));
        let scoped = [&fields[..], &[("scopes[]", "applications:read")]].concat();
        browser.submit(path, "create-api-key", &scoped).await;
        let page = browser.visit(path).await;
        let token: String = page.text[page.text.find("mdk_").expect("the new key is shown")..]
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
            .collect();
        assert!(!browser.visit(path).await.text.contains(&token), "it is shown once");
        let bearer = format!("Bearer {token}");
        let ask = async |path: &str| program.request(http::Method::GET, path, &[("authorization", &bearer)], "").await.status;
        assert_eq!(ask("/api/v1/applications").await, StatusCode::OK);
        assert_eq!(ask("/api/v1/storages").await, StatusCode::FORBIDDEN);
        browser.submit(path, "revoke-api-key", &[]).await;
        assert_eq!(ask("/api/v1/applications").await, StatusCode::UNAUTHORIZED);
    }

    async fn pages_that_many_load_at_once_are_whole(server) {
        let access = server.owner().await;
        let demo = server.demo(&access).await;
        let browser = server.browser();
        sign_in(&browser).await;
        for path in [format!("/applications/{}", demo.id), "/account/recordings".to_owned(), "/account/team".to_owned()] {
            let alone = browser.visit(&path).await;
            assert!(alone.status == StatusCode::OK && !alone.text.contains(PROBLEM), "{}", alone.text);
            for page in join_all((0..40).map(|_| browser.visit(&path))).await {
                assert_eq!(page.status, StatusCode::OK);
                assert!(!page.text.contains(PROBLEM), "{}", page.text);
            }
        }
    }

    async fn what_is_not_there_is_a_page_that_says_so(server) {
        server.owner().await;
        let browser = server.browser();
        sign_in(&browser).await;
        for path in [
            "/nowhere",
            "/applications/app_019aa2c1000070008000000000000000",
            "/applications/garbage",
        ] {
            let page = browser.visit(path).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
            assert!(page.header("content-type").starts_with("text/html"));
        }
        let page = browser.get("/api/nothing").await;
        assert_eq!((page.status, page.code().as_str()), (StatusCode::NOT_FOUND, "not_found"));
    }

    async fn nothing_is_shown_to_strangers(server) {
        let access = server.owner().await;
        let demo = server.demo(&access).await;
        let stranger = server.browser();
        for path in ["/".to_owned(), "/applications".to_owned(), format!("/applications/{}", demo.id), "/account/recordings".to_owned(), "/account/api-keys".to_owned(), "/account/outbox".to_owned(), "/account/audit".to_owned()] {
            let page = stranger.visit(&path).await;
            for secret in ["Demo", EMAIL, &demo.keys[0].id.to_string()] {
                assert!(!page.text.contains(secret), "{path} shows {secret}");
            }
        }
    }
}
