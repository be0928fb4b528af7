//! What programs do with the resources.

use super::Program;
use crate::{
    on_both_databases,
    support::{FakeNode, TestServer},
};
use domain::{api_keys::Scope, audit, clock::Clock};
use http::{Method, StatusCode};
use protocol::{
    ids::ApplicationId,
    link::{Answer, Command, Event, Query},
    recording::StopCause,
};
use serde_json::{Value, json};
use std::time::Duration;

pub async fn program(server: &TestServer) -> Program {
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

    async fn a_program_records_a_room_that_somebody_is_in(server) {
        let program = program(&server).await;
        let application = program.ask(Method::GET, "/api/v1/applications").await.json()["items"][0].clone();
        let id: ApplicationId = application["id"].as_str().unwrap().parse().unwrap();
        let rooms = format!("/api/v1/applications/{id}/rooms");
        let recordings = format!("{rooms}/stand%2Fup/recordings");
        let empty = program.ask(Method::POST, &recordings).await;
        assert_eq!((empty.status, empty.code().as_str()), (StatusCode::CONFLICT, "room_empty"));

        let mut node = server.linked_node().await;
        let first = node.joins(1, id, "stand/up").await;
        let second = node.joins(2, id, "stand/up").await;
        let begun = program.ask(Method::POST, &recordings).await;
        assert_eq!((begun.status, &begun.json()["state"]), (StatusCode::ACCEPTED, &json!("requested")), "{begun:?}");
        let recording = begun.json()["id"].clone();
        assert_eq!(begun.header("location"), path(&recording, "recordings"));
        let (_, (room, told)) = node
            .command(|command| match command {
                Command::StartRecording { room, recording, .. } => Some((room.to_string(), *recording)),
                _ => None,
            })
            .await;
        assert_eq!((room.as_str(), json!(told)), ("stand/up", recording.clone()));
        let Answer::Recording { spec } = node.ask(Query::ResumeRecording { recording: told }).await else {
            panic!("a recording expected")
        };
        assert_eq!((spec.id, spec.room.as_str()), (told, "stand/up"));
        let twice = program.ask(Method::POST, &recordings).await;
        assert_eq!((twice.status, twice.code().as_str()), (StatusCode::CONFLICT, "already_recording"));

        let listed = program.ask(Method::GET, &rooms).await.json();
        assert_eq!(listed["items"].as_array().unwrap().len(), 1);
        let standup = &listed["items"][0];
        assert_eq!((&standup["name"], &standup["peerCount"], &standup["recordingId"]), (&json!("stand/up"), &json!(2), &recording));
        let address = format!("{rooms}/stand%2Fup");
        let peers = program.ask(Method::GET, &address).await.json()["peers"].clone();
        assert_eq!([&peers[0]["id"], &peers[1]["id"]], [&json!(first), &json!(second)]);

        let removed = program.ask(Method::DELETE, &format!("{address}/peers/{first}")).await;
        assert_eq!((removed.status, &removed.json()["id"]), (StatusCode::ACCEPTED, &json!(first)));
        let ended = program.ask(Method::DELETE, &address).await;
        assert_eq!(ended.status, StatusCode::ACCEPTED, "{ended:?}");
        let (_, peer) = node.command(|command| match command { Command::RemovePeer { peer, .. } => Some(*peer), _ => None }).await;
        assert_eq!(peer, first);
        let (_, cause) = node.command(|command| match command { Command::EndRoom { cause, .. } => Some(*cause), _ => None }).await;
        assert_eq!(cause, StopCause::ApiRequest);
        for (sequence, peer) in [(3, first), (4, second)] {
            node.report(sequence, Event::PeerLeft { peer, at: server.clock.unix_ms() }).await;
        }
        assert_eq!(program.ask(Method::GET, &address).await.code(), "room_not_found");
        assert_eq!(program.ask(Method::GET, &rooms).await.json()["items"], json!([]));
    }

    async fn rooms_come_in_pages_by_name(server) {
        let program = program(&server).await;
        let application = program.ask(Method::GET, "/api/v1/applications").await.json()["items"][0]["id"].clone();
        let id: ApplicationId = application.as_str().unwrap().parse().unwrap();
        let mut node = server.linked_node().await;
        for number in 1..=101 {
            node.joins(number, id, &format!("room {number:03}")).await;
        }
        let first = program.ask(Method::GET, &format!("/api/v1/applications/{id}/rooms")).await.json();
        let cursor = first["next"].as_str().unwrap();
        let second = program.ask(Method::GET, &format!("/api/v1/applications/{id}/rooms?cursor={cursor}")).await.json();
        assert_eq!(first["items"].as_array().unwrap().len(), 100);
        assert_eq!((&second["items"][0]["name"], &second["next"]), (&json!("room 101"), &Value::Null));
    }

    async fn keys_are_made_and_revoked(server) {
        let program = program(&server).await;
        let new = json!({ "name": "Export", "scopes": ["recordings:read"], "allowedNetworks": ["127.0.0.0/8"] });
        let created = program.send(Method::POST, "/api/v1/api-keys", &new).await;
        assert_eq!(created.status, StatusCode::CREATED, "{created:?}");
        let key = path(&created.json()["id"], "api-keys");
        assert_eq!(created.header("location"), key);
        let token = created.json()["token"].as_str().unwrap().to_owned();
        let export = Program { client: server.browser(), authorization: format!("Bearer {token}") };
        assert_eq!(export.ask(Method::GET, "/api/v1/applications").await.code(), "scope_missing");
        let read = program.ask(Method::GET, &key).await;
        assert!(!read.text.contains(&token) && token.ends_with(read.json()["ending"].as_str().unwrap()));
        assert_eq!((&read.json()["lastUsedFrom"], &read.json()["allowedNetworks"]), (&json!("127.0.0.1"), &json!(["127.0.0.0/8"])));
        let unknown = program.send(Method::POST, "/api/v1/api-keys", &json!({ "name": "X", "scopes": ["all"] })).await;
        assert_eq!(unknown.json()["errors"][0]["pointer"], "/scopes/0");
        let revoked = program.ask(Method::DELETE, &key).await;
        assert!(revoked.json()["revokedAt"].is_string(), "{revoked:?}");
        assert_eq!(export.ask(Method::GET, "/api/v1/applications").await.code(), "api_key_invalid");

        let application = program.ask(Method::GET, "/api/v1/applications").await.json()["items"][0]["id"].clone();
        let keys = format!("{}/keys", path(&application, "applications"));
        server.clock.advance(Duration::from_secs(1));
        let made = program.ask(Method::POST, &keys).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        let listed = program.ask(Method::GET, &keys).await.json();
        let mut made = made.json();
        assert!(made.as_object_mut().unwrap().remove("secret").unwrap().as_str().unwrap().len() > 40);
        assert_eq!((&listed["items"][0], listed["items"].as_array().unwrap().len()), (&made, 2));
        let old = listed["items"][1]["id"].as_str().unwrap();
        let privileged = program.send(Method::PATCH, &format!("{keys}/{old}"), &json!({ "privileged": true })).await.json();
        let settings = |key: &serde_json::Value| ["privileged", "autoIntroduce", "linkMessages"].map(|name| key[name].clone());
        assert_eq!(settings(&privileged["items"][1]), [json!(true), json!(true), json!(false)]);
        assert_eq!(settings(&privileged["items"][0]), [json!(false), json!(true), json!(false)]);
        let left = program.ask(Method::DELETE, &format!("{keys}/{old}")).await.json();
        assert!(left["items"][0]["revokedAt"].is_null() && left["items"][1]["revokedAt"].is_string());
    }

    async fn usage_is_told_by_month_and_application(server) {
        let program = program(&server).await;
        let application = program.ask(Method::GET, "/api/v1/applications").await.json()["items"][0]["id"].clone();
        let mut node = server.linked_node().await;
        let id = application.as_str().unwrap().parse().unwrap();
        let peer = node.joins(1, id, "standup").await;
        node.report(2, Event::PeerLeft { peer, at: Clock::System.unix_ms() + 90_000 }).await;
        let used = program.ask(Method::GET, "/api/v1/usage").await.json();
        let item = &used["items"][0];
        assert_eq!((&item["applicationId"], &item["recordings"]), (&application, &json!(0)));
        assert!(item["peerSeconds"].as_u64().unwrap() >= 90);
        let before = program.ask(Method::GET, "/api/v1/usage?month=1999-12").await.json();
        assert_eq!(before, json!({ "month": "1999-12", "items": [] }));
        assert_eq!(program.ask(Method::GET, "/api/v1/usage?month=2026-13").await.code(), "month_invalid");
    }
}
