//! What programs do with the resources.

use super::Program;
use crate::{
    on_both_databases,
    support::{FakeNode, TestServer},
};
use domain::{api_keys::Scope, audit};
use http::{Method, StatusCode};
use protocol::{
    link::{Answer, Command},
    recording::StopCause,
};
use serde_json::{Value, json};

async fn program(server: &TestServer) -> Program {
    let anna = server.owner().await;
    Program::with(server, &anna, Scope::ALL).await
}

/// An address of ours as a path.
fn path(id: &Value, of: &str) -> String {
    format!("/api/v1/{of}/{}", id.as_str().unwrap())
}

on_both_databases! {
    async fn a_storage_lives_from_post_to_delete(server) {
        const SECRET: &str = "a-secret-that-nobody-reads-again";
        let program = program(&server).await;
        let listed = program.ask(Method::GET, "/api/v1/storages").await.json();
        assert_eq!((listed["items"][0]["kind"].as_str(), listed["held"]["recordings"].as_u64()), (Some("embedded"), Some(0)));
        assert!(!listed["externalId"].as_str().unwrap().is_empty());

        let new = json!({
            "kind": "s3_compatible", "endpoint": server.plane.store.endpoint, "bucket": "second", "pathStyle": true,
            "accessKeyId": "AKIAIOSFODNN7EXAMPLE", "secretAccessKey": SECRET, "tags": { "team": "support" },
        });
        let created = program.send(Method::POST, "/api/v1/storages", &new).await;
        assert_eq!(created.status, StatusCode::CREATED, "{created:?}");
        let storage = path(&created.json()["id"], "storages");
        assert_eq!(created.header("location"), storage);

        let changed = program.send(Method::PATCH, &storage, &json!({ "prefix": "calls/" })).await;
        assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
        let read = program.ask(Method::GET, &storage).await;
        let json = read.json();
        assert_eq!((&json["prefix"], &json["tags"]["team"]), (&json!("calls/"), &json!("support")));
        assert_eq!(json["accessKeyId"], "AKIAIOSFODNN7EXAMPLE");
        for answer in [&created, &changed, &read] {
            assert!(!answer.text.contains(SECRET), "{answer:?}");
        }

        let begun = program.ask(Method::POST, &format!("{storage}/validations")).await;
        assert_eq!(begun.status, StatusCode::ACCEPTED, "{begun:?}");
        let validation = path(&begun.json()["id"], "validations");
        assert_eq!(begun.header("location"), validation);
        let read = program.ask(Method::GET, &validation).await.json();
        assert_eq!((&read["id"], &read["storageId"]), (&begun.json()["id"], &created.json()["id"]));
        assert!(!read["steps"].as_array().unwrap().is_empty());
        let all = program.ask(Method::GET, &format!("{storage}/validations")).await.json();
        assert!(all["items"].as_array().unwrap().iter().any(|item| item["id"] == read["id"]));

        let unproven = program.send(Method::PATCH, &storage, &json!({ "standing": "primary" })).await;
        assert_eq!((unproven.status, unproven.code().as_str()), (StatusCode::CONFLICT, "storage_not_validated"));
        assert_eq!(program.ask(Method::DELETE, &storage).await.status, StatusCode::NO_CONTENT);
        assert_eq!(program.ask(Method::GET, &storage).await.code(), "storage_not_found");
    }

    async fn an_application_changes_as_a_whole_or_not_at_all(server) {
        let program = program(&server).await;
        let created = program.send(Method::POST, "/api/v1/applications", &json!({ "name": "Shop" })).await;
        assert_eq!(created.status, StatusCode::CREATED, "{created:?}");
        let application = path(&created.json()["id"], "applications");
        assert_eq!(created.header("location"), application);

        let change = json!({ "allowedOrigins": ["https://shop.example"], "relay": false, "recording": true });
        let refused = program.send(Method::PATCH, &application, &change).await;
        assert_eq!((refused.status, refused.code().as_str()), (StatusCode::CONFLICT, "conditions_missing"));
        assert_eq!(program.ask(Method::GET, &application).await.json(), created.json());

        let change = json!({
            "allowedOrigins": ["https://shop.example"], "recording": true, "retentionDays": 90,
            "linkValiditySeconds": 7200, "storageId": created.json()["effectiveStorageId"],
        });
        let changed = program.send(Method::PATCH, &application, &change).await.json();
        for field in ["allowedOrigins", "recording", "retentionDays", "linkValiditySeconds", "storageId"] {
            assert_eq!(changed[field], change[field], "{field}");
        }
        let kept = program.send(Method::PATCH, &application, &json!({ "retentionDays": null, "storageId": null })).await;
        let kept = kept.json();
        assert_eq!((&kept["retentionDays"], &kept["storageId"]), (&Value::Null, &Value::Null));
        assert_eq!(kept["allowedOrigins"], change["allowedOrigins"]);
    }

    async fn a_recording_is_stopped_and_held(server) {
        let program = program(&server).await;
        let application = program.ask(Method::GET, "/api/v1/applications").await.json()["items"][0].clone();
        let key = application["keys"][0]["id"].as_str().unwrap().parse().unwrap();
        let id = application["id"].as_str().unwrap().parse().unwrap();
        let mut node = server.linked_node().await;
        let Answer::Recording { spec } = node.ask(FakeNode::start_query(1, id, key, "standup")).await else {
            panic!("a recording expected")
        };
        let list = program.ask(Method::GET, &format!("/api/v1/applications/{id}/recordings")).await.json();
        assert_eq!((&list["items"][0]["id"], &list["next"]), (&json!(spec.id), &Value::Null));
        let recording = format!("/api/v1/recordings/{}", spec.id);
        assert_eq!(program.ask(Method::GET, &recording).await.json(), list["items"][0]);

        let stopped = program.ask(Method::POST, &format!("{recording}/stop")).await;
        assert_eq!(stopped.status, StatusCode::ACCEPTED, "{stopped:?}");
        let (_, told) = node
            .command(|command| match command {
                Command::StopRecording { recording, cause } => Some((*recording, *cause)),
                _ => None,
            })
            .await;
        assert_eq!(told, (spec.id, StopCause::ApiRequest));

        let hold = format!("{recording}/legal-hold");
        let held = program.send(Method::PUT, &hold, &json!({ "reason": "Case 117" })).await;
        assert_eq!((held.status, &held.json()["legalHold"]), (StatusCode::OK, &json!("Case 117")));
        assert_eq!(program.ask(Method::DELETE, &recording).await.code(), "legal_hold");
        let released = program.ask(Method::DELETE, &format!("{hold}?reason=settled")).await;
        assert_eq!((released.status, &released.json()["legalHold"]), (StatusCode::OK, &Value::Null));
        assert_eq!(program.ask(Method::DELETE, &recording).await.code(), "recording_not_ended");
        let link = program.send(Method::POST, &format!("{recording}/links"), &json!({ "validitySeconds": 3600 })).await;
        assert_eq!(link.code(), "recording_not_ready");
    }

    async fn the_audit_log_is_read_page_by_page(server) {
        let anna = server.owner().await;
        let program = Program::with(&server, &anna, Scope::ALL).await;
        let application = server.demo(&anna).await.id;
        for on in [true, false].repeat(55) {
            let change = json!({ "allowedOrigins": if on { vec!["https://shop.example"] } else { vec![] } });
            program.send(Method::PATCH, &format!("/api/v1/applications/{application}"), &change).await;
        }
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = program.ask(Method::GET, &format!("/api/v1/audit{cursor}")).await.json();
            seen.extend(page["items"].as_array().unwrap().iter().map(|entry| entry["sequence"].as_u64().unwrap()));
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("?cursor={next}");
        }
        let newest = audit::list(server.services(), &anna).await.unwrap()[0].sequence;
        assert!(newest > 110);
        assert_eq!(seen, (1..=newest).rev().collect::<Vec<_>>());
    }
}
