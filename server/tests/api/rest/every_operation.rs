//! What holds for every operation. The operations are those that the server itself describes, so that a new one is
//! covered as soon as it exists.

use super::Program;
use crate::{
    on_both_databases,
    support::{Database, FakeNode, Page, TestServer},
    tenancy::{other_tenant, record},
};
use domain::{
    api_keys::{self, Scope},
    notifications::{
        deliveries,
        endpoints::{self, NewEndpoint},
    },
    recordings, rooms, storage,
};
use http::{Method, StatusCode};
use protocol::names::RoomName;
use serde_json::Value;

const CHECKED_IN: &str = include_str!("../../../openapi.json");

struct Operation {
    method: Method,
    /// With names in braces.
    path: String,
    scope: Scope,
    /// The example of its body.
    body: Option<Value>,
}

impl Operation {
    async fn ask(&self, program: &Program, path: &str) -> Page {
        match &self.body {
            Some(body) => program.send(self.method.clone(), path, body).await,
            None => program.ask(self.method.clone(), path).await,
        }
    }
}

async fn operations(server: &TestServer) -> Vec<Operation> {
    let document = server.browser().get("/api/openapi.json").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let scopes = operation["security"][0]["apiKey"].as_array();
            let scope = scopes.and_then(|scopes| scopes[0].as_str()?.parse().ok());
            let schema = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str();
            let body = schema.map(|schema| {
                let body = document.pointer(&schema[1..]).unwrap()["example"].clone();
                assert!(body.is_object(), "{schema} has no example");
                body
            });
            operations.push(Operation {
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                scope: scope.unwrap_or_else(|| panic!("{method} {path} names no scope")),
                body,
            });
        }
    }
    assert!(operations.len() >= 33, "{}", operations.len());
    operations
}

#[tokio::test]
async fn the_description_is_the_one_that_is_checked_in() {
    let server = TestServer::start(Database::Sqlite).await;
    let served = server.browser().get("/api/openapi.json").await;
    assert!(
        served.text == CHECKED_IN,
        "the API and server/openapi.json differ: run `cargo run -p server -- openapi > server/openapi.json`"
    );
}

#[tokio::test]
async fn the_description_holds_together() {
    let server = TestServer::start(Database::Sqlite).await;
    let document = server.browser().get("/api/openapi.json").await;
    let json = document.json();
    for reference in document.text.split("\"$ref\": \"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(json.pointer(pointer).is_some(), "nothing is at {pointer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_refuses_all_but_those_who_may() {
    let server = TestServer::start(Database::Postgres).await;
    let anna = server.owner().await;
    let demo = server.demo(&anna).await;
    let recording = record(&server, FakeNode::start_query(1, demo.id, demo.keys[0].id, "standup")).await;
    let storage = storage::overview(server.services(), &anna).await.unwrap().storages.remove(0);
    let validation = storage::validate(server.services(), &anna, storage.id).await.unwrap();
    let mut node = FakeNode::connect(&server, FakeNode::identity(7)).await;
    node.hello(0).await;
    let peer = node.joins(1, demo.id, "standup").await;
    let new = NewEndpoint::at("http://127.0.0.1:9/".parse().unwrap());
    let endpoint = endpoints::create(server.services(), &anna, demo.id, new).await.unwrap().endpoint.id;
    let delivery = deliveries::send_test(server.services(), &anna, endpoint).await.unwrap();
    let own = Program::with(&server, &anna, Scope::ALL).await;
    let api_key = api_keys::list(server.services(), &anna).await.unwrap().remove(0).id;
    let ids = [
        ("{apiKey}", api_key.to_string()),
        ("{key}", demo.keys[0].id.to_string()),
        ("{room}", "standup".to_owned()),
        ("{peer}", peer.to_string()),
        ("{application}", demo.id.to_string()),
        ("{recording}", recording.to_string()),
        ("{storage}", storage.id.to_string()),
        ("{validation}", validation.id.to_string()),
        ("{endpoint}", endpoint.to_string()),
        ("{delivery}", delivery.id.to_string()),
    ];
    let ben = Program::with(&server, &other_tenant(&server).await, Scope::ALL).await;
    let nobody = Program { client: server.browser(), authorization: String::new() };
    let guess = Program { client: server.browser(), authorization: "Bearer mdk_guess".to_owned() };

    for operation in operations(&server).await {
        let path = ids.iter().fold(operation.path.clone(), |path, (name, id)| path.replace(name, id));
        assert!(!path.contains('{'), "{path}");
        let said = |page: &Page| (page.status, page.code());
        let line = format!("{} {}", operation.method, operation.path);

        let refused = operation.ask(&nobody, &path).await;
        assert_eq!(said(&refused), (StatusCode::UNAUTHORIZED, "api_key_required".to_owned()), "{line}");
        assert!(refused.header("www-authenticate").starts_with("Bearer"), "{line}");
        let refused = operation.ask(&guess, &path).await;
        assert_eq!(said(&refused), (StatusCode::UNAUTHORIZED, "api_key_invalid".to_owned()), "{line}");

        let family = operation.scope.as_str().split(':').next().unwrap();
        let others = Scope::ALL.into_iter().filter(|scope| {
            let reads_only = operation.scope.as_str().ends_with(":write") && scope.as_str().ends_with(":read");
            !scope.as_str().starts_with(family) || reads_only
        });
        let lacking = Program::with(&server, &anna, others).await;
        let refused = operation.ask(&lacking, &path).await;
        assert_eq!(said(&refused), (StatusCode::FORBIDDEN, "scope_missing".to_owned()), "{line}");
        assert!(refused.text.contains(operation.scope.as_str()), "{line}: {refused:?}");

        let foreign = operation.path.contains('{');
        if foreign || operation.method == Method::GET {
            let answer = operation.ask(&ben, &path).await;
            assert_eq!(answer.status == StatusCode::NOT_FOUND, foreign, "{line}: {answer:?}");
            for (_, id) in &ids {
                assert!(id == "standup" || !answer.text.contains(id), "{line} shows {id}: {answer:?}");
            }
        }
    }

    assert_eq!(own.ask(Method::GET, "/api/v1/applications").await.status, StatusCode::OK);
    let room = rooms::get(server.services(), &anna, demo.id, &RoomName::try_from("standup".to_owned()).unwrap()).await;
    assert_eq!(room.unwrap().1.len(), 1);
    let after = server.demo(&anna).await;
    assert!(after.relay && after.recording && after.policy() == demo.policy() && after.keys == demo.keys);
    let untouched = recordings::get(server.services(), &anna, recording).await.unwrap();
    assert!(untouched.stop_cause.is_none() && untouched.legal_hold.is_none());
    let storages = storage::overview(server.services(), &anna).await.unwrap().storages;
    assert_eq!((storages.len(), storages[0].revision), (1, storage.revision));
}

on_both_databases! {
    async fn requests_are_read_strictly(server) {
        let anna = server.owner().await;
        let demo = server.demo(&anna).await;
        let program = Program::with(&server, &anna, Scope::ALL).await;
        let application = format!("/api/v1/applications/{}", demo.id);
        let large = format!("{{\"name\":\"{}\"}}", "a".repeat(100_000));
        let unknown = "/api/v1/applications/app_019aa2c1000070008000000000000000";
        for (method, path, media, body, expected) in [
            (Method::PATCH, application.as_str(), "application/json", "{\"relays\":true}", (400, "invalid_body")),
            (Method::PATCH, &application, "application/json", "{\"relay\":1}", (400, "invalid_body")),
            (Method::PATCH, &application, "application/json", "{", (400, "invalid_body")),
            (Method::PATCH, &application, "text/plain", "{}", (415, "unsupported_media_type")),
            (Method::PATCH, &application, "application/json", &large, (413, "body_too_large")),
            (Method::PATCH, &application, "application/json", "{} {}", (400, "invalid_body")),
            (Method::GET, &format!("{application}/recordings?cursor=x"), "", "", (400, "invalid_cursor")),
            (Method::GET, &format!("{application}/recordings?page=2"), "", "", (400, "invalid_query")),
            (Method::GET, "/api/v1/applications/app_1", "", "", (404, "not_found")),
            (Method::GET, unknown, "", "", (404, "application_not_found")),
            (Method::GET, "/api/v1/nothing", "", "", (404, "not_found")),
            (Method::DELETE, "/api/v1/storages", "", "", (405, "method_not_allowed")),
        ] {
            let answer = program.send_as(media, method.clone(), path, body).await;
            let said = (answer.status.as_u16(), answer.code());
            assert_eq!(said, (expected.0, expected.1.to_owned()), "{method} {path} {media}");
        }
    }

    async fn a_signed_in_browser_is_nobody_here(server) {
        server.owner().await;
        let browser = server.browser();
        crate::support::server::sign_in(&browser).await;
        let answer = browser.get("/api/v1/applications").await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::UNAUTHORIZED, "api_key_required"));
    }
}
