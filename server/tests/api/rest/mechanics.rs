//! What all operations have in common: repetition, versions, cursors, limits, and what is said about wrong bodies.

use super::{Program, resources::program};
use crate::{
    on_both_databases,
    support::{Database, Page, TestServer, server::options},
    tenancy::other_tenant,
};
use domain::{api_keys::Scope, applications};
use futures_util::future::join_all;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

const APPLICATIONS: &str = "/api/v1/applications";
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Makes an application under an idempotency key.
async fn create(program: &Program, key: &str, name: &str) -> Page {
    let headers = [("content-type", "application/json"), ("idempotency-key", key)];
    program.send_with(&headers, Method::POST, APPLICATIONS, &json!({ "name": name }).to_string()).await
}

async fn names(program: &Program) -> Vec<Value> {
    let listed = program.ask(Method::GET, APPLICATIONS).await.json();
    listed["items"].as_array().unwrap().iter().map(|item| item["name"].clone()).collect()
}

on_both_databases! {
    async fn a_repeated_post_is_done_once(server) {
        let program = program(&server).await;
        let first = create(&program, "5c6b", "Shop").await;
        assert_eq!(first.status, StatusCode::CREATED, "{first:?}");
        for key in ["5c6b", "\"5c6b\""] {
            let again = create(&program, key, "Shop").await;
            assert_eq!((again.status, again.json()), (first.status, first.json()), "{key}");
            for header in ["location", "etag", "content-type"] {
                assert_eq!(again.header(header), first.header(header));
            }
            assert_eq!((first.header("idempotent-replayed"), again.header("idempotent-replayed")), ("", "true"));
        }
        let other = create(&program, "5c6b", "Market").await;
        assert_eq!((other.status.as_u16(), other.code().as_str()), (422, "idempotency_key_reused"));
        assert_eq!(names(&program).await, ["Demo", "Shop"]);

        let taken = create(&program, "77aa", "Shop").await;
        let still = create(&program, "77aa", "Shop").await;
        for refused in [&taken, &still] {
            assert_eq!((refused.status.as_u16(), refused.code().as_str()), (409, "application_name_taken"));
        }
        assert_eq!(still.header("idempotent-replayed"), "true");
        let long = "k".repeat(256);
        for key in ["", "two words", &long] {
            assert_eq!(create(&program, key, "Market").await.code(), "idempotency_key_invalid", "{key}");
        }

        server.clock.advance(DAY);
        assert_eq!(create(&program, "5c6b", "Market").await.status, StatusCode::CREATED);
    }

    async fn a_hundred_repetitions_at_once_make_one(server) {
        let program = program(&server).await;
        let answers = join_all((0..100).map(|_| create(&program, "5c6b", "Shop"))).await;
        let made: Vec<&Page> = answers.iter().filter(|answer| answer.status == StatusCode::CREATED).collect();
        assert!(!made.is_empty() && made.iter().all(|answer| answer.json() == made[0].json()));
        for answer in answers.iter().filter(|answer| answer.status != StatusCode::CREATED) {
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (409, "request_in_progress"));
            assert_eq!(answer.header("retry-after"), "1");
        }
        assert_eq!(names(&program).await, ["Demo", "Shop"]);
    }

    async fn keys_of_programs_do_not_meet(server) {
        let anna = server.owner().await;
        let one = Program::with(&server, &anna, Scope::ALL).await;
        let other = Program::with(&server, &anna, Scope::ALL).await;
        assert_eq!(create(&one, "5c6b", "Shop").await.status, StatusCode::CREATED);
        assert_eq!(create(&other, "5c6b", "Market").await.status, StatusCode::CREATED);
    }

    async fn nobody_changes_settings_that_somebody_else_has_changed(server) {
        let anna = server.owner().await;
        let program = Program::with(&server, &anna, Scope::ALL).await;
        let demo = server.demo(&anna).await.id;
        let application = format!("{APPLICATIONS}/{demo}");
        let change = |tag: &'static str, days: u32| {
            let (program, application) = (&program, &application);
            async move {
                let headers = [("content-type", "application/json"), ("if-match", tag)];
                let headers = if tag.is_empty() { &headers[..1] } else { &headers };
                let body = json!({ "retentionDays": days }).to_string();
                program.send_with(headers, Method::PATCH, application, &body).await
            }
        };
        let said = |page: &Page| (page.status.as_u16(), page.code());
        let read = program.ask(Method::GET, &application).await;
        assert_eq!(read.header("etag"), "\"1\"");
        assert_eq!(said(&change("", 30).await), (428, "if_match_required".to_owned()));
        let changed = change("\"1\"", 30).await;
        assert_eq!((changed.status, changed.header("etag")), (StatusCode::OK, "\"3\""));
        assert_eq!(said(&change("\"1\"", 60).await), (412, "changed_meanwhile".to_owned()));
        assert_eq!(said(&change("W/\"3\"", 60).await), (412, "changed_meanwhile".to_owned()));
        applications::set_link_validity(server.services(), &anna, demo, DAY).await.unwrap();
        assert_eq!(said(&change("\"3\"", 60).await), (412, "changed_meanwhile".to_owned()));
        let now = program.ask(Method::GET, &application).await;
        assert_eq!(now.json()["retentionDays"], 30);
        assert_eq!(change("*", 60).await.json()["retentionDays"], 60);

        let storages = program.ask(Method::GET, "/api/v1/storages").await.json();
        let storage = format!("/api/v1/storages/{}", storages["items"][0]["id"].as_str().unwrap());
        let tag = program.ask(Method::GET, &storage).await.header("etag").to_owned();
        let rename = |name: &'static str| {
            let (program, storage, tag) = (&program, &storage, &tag);
            async move {
                let headers = [("content-type", "application/json"), ("if-match", tag.as_str())];
                program.send_with(&headers, Method::PATCH, storage, &json!({ "name": name }).to_string()).await
            }
        };
        assert_eq!(rename("Calls").await.json()["name"], "Calls");
        assert_eq!(said(&rename("Lost").await), (412, "changed_meanwhile".to_owned()));
    }

    async fn a_cursor_works_where_it_came_from_and_unchanged(server) {
        let anna = server.owner().await;
        let program = Program::with(&server, &anna, Scope::ALL).await;
        let demo = server.demo(&anna).await.id;
        for _ in 0..101 {
            applications::set_relay(server.services(), &anna, demo, true).await.unwrap();
        }
        let audit = |cursor: &str| format!("/api/v1/audit?cursor={cursor}");
        let next = program.ask(Method::GET, "/api/v1/audit").await.json()["next"].as_str().unwrap().to_owned();
        let second = program.ask(Method::GET, &audit(&next)).await;
        assert_eq!(second.status, StatusCode::OK, "{second:?}");
        let swap = |at: usize| {
            let other = if &next[at..=at] == "A" { "B" } else { "A" };
            format!("{}{other}{}", &next[..at], &next[at + 1..])
        };
        let recordings = format!("{APPLICATIONS}/{demo}/recordings?cursor={next}");
        for forged in [audit(&swap(0)), audit(&swap(next.len() - 3)), audit(&next[..20]), audit("2"), recordings] {
            assert_eq!(program.ask(Method::GET, &forged).await.code(), "invalid_cursor", "{forged}");
        }
    }

    async fn a_wrong_field_is_pointed_at(server) {
        let anna = server.owner().await;
        let program = Program::with(&server, &anna, Scope::ALL).await;
        let application = format!("{APPLICATIONS}/{}", server.demo(&anna).await.id);
        for (body, pointer) in [
            (json!({ "retentionDays": "ten" }), "/retentionDays"),
            (json!({ "allowedOrigins": ["https://shop.example", 7] }), "/allowedOrigins/1"),
            (json!({ "retention": 7 }), "/retention"),
        ] {
            let problem = program.send(Method::PATCH, &application, &body).await.json();
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
            assert!(!problem["errors"][0]["detail"].as_str().unwrap().is_empty());
        }
    }
}

#[tokio::test]
async fn a_key_that_asks_too_often_is_told_when_to_come_back() {
    let data = tempfile::tempdir().unwrap();
    let options = server::config::ControlPlaneOptions { api_requests_per_minute: 3, ..options(&data) };
    let server = TestServer::start_with(options, data).await.unwrap();
    let program = program(&server).await;
    let mut last = None;
    for remaining in ["2", "1", "0"] {
        let page = program.ask(Method::GET, APPLICATIONS).await;
        assert_eq!(page.status, StatusCode::OK);
        assert_eq!(page.header("ratelimit-policy"), "\"key\";q=3;w=60, \"organization\";q=15;w=60");
        assert!(page.header("ratelimit").starts_with(&format!("\"key\";r={remaining};t=")), "{page:?}");
        last = Some(page);
    }
    let refused = program.ask(Method::GET, APPLICATIONS).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (429, "quota_exceeded"));
    assert_eq!(refused.json()["violated-policies"], json!(["key"]));
    assert_eq!(refused.json()["type"], "https://iana.org/assignments/http-problem-types#quota-exceeded");
    let seconds: u64 = refused.header("retry-after").parse().unwrap();
    assert!(last.unwrap().header("ratelimit").contains(&format!("t={seconds}")), "{refused:?}");
    server.clock.advance(Duration::from_secs(seconds));
    assert_eq!(program.ask(Method::GET, APPLICATIONS).await.status, StatusCode::OK);
}

/// What a program knows of the requests that it repeats does not depend on which process answers.
#[tokio::test]
async fn repetitions_are_known_after_a_restart() {
    let server = TestServer::start(Database::Sqlite).await;
    let program = program(&server).await;
    let made = create(&program, "5c6b", "Shop").await;
    let server = server.restart().await;
    let program = Program { client: server.browser(), authorization: program.authorization };
    let again = create(&program, "5c6b", "Shop").await;
    assert_eq!((again.status, again.json()), (StatusCode::CREATED, made.json()));
}

#[tokio::test]
async fn a_cursor_works_in_its_organization_only() {
    let server = TestServer::start(Database::Postgres).await;
    let anna = server.owner().await;
    let demo = server.demo(&anna).await.id;
    for _ in 0..101 {
        applications::set_relay(server.services(), &anna, demo, true).await.unwrap();
    }
    let hers = Program::with(&server, &anna, Scope::ALL).await.ask(Method::GET, "/api/v1/audit").await.json();
    let ben = Program::with(&server, &other_tenant(&server).await, Scope::ALL).await;
    let page = format!("/api/v1/audit?cursor={}", hers["next"].as_str().unwrap());
    assert_eq!(ben.ask(Method::GET, &page).await.code(), "invalid_cursor");
}
