//! What is told: every body is what its schema says, and nothing else.

use crate::support::{World, on_both};
use domain::{
    nodes,
    notifications::{self, deliveries},
    recordings,
};
use protocol::{
    ids::{BootId, PeerId},
    link::{Answer, Event},
    names::RoomName,
    recording::{FailureCause, StopCause},
    webhook::EventType,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The schema of an event that refuses what it does not name.
fn strict(event: EventType) -> Value {
    let mut schema = notifications::schemas().into_iter().find(|(known, _)| *known == event).unwrap().1;
    schema["unevaluatedProperties"] = json!(false);
    schema["properties"]["data"]["unevaluatedProperties"] = json!(false);
    schema
}

/// Checks whatever was sent so far; what it was about.
fn checked(world: &World) -> BTreeSet<String> {
    let hooks = world.outside.state(|outside| std::mem::take(&mut outside.hooks));
    let mut seen = BTreeSet::new();
    for hook in hooks {
        let body: Value = serde_json::from_slice(&hook.body).unwrap();
        let event: EventType = body["type"].as_str().unwrap().parse().unwrap();
        let validator = jsonschema::options().should_validate_formats(true).build(&strict(event)).unwrap();
        let errors: Vec<_> = validator.iter_errors(&body).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{event}: {errors:?} in {body}");
        seen.insert(event.to_string());
    }
    seen
}

on_both! {
    async fn every_body_is_what_its_schema_says(world: World) {
        let access = world.owner().await;
        let (services, demo, node) = (&world.services, world.demo(&access).await, world.node().await);
        let endpoint = world.webhook(&access, demo.id, &[]).await.endpoint.id;
        deliveries::send_test(services, &access, endpoint).await.unwrap();

        // From the start to the deletion of its file.
        let id = world.start(&node, &world.start_request(&demo, "lobby")).await.unwrap().id;
        let at = world.clock.unix_ms();
        world.event(&node, Event::RecordingStarted { recording: id, at }).await;
        world.event(&node, Event::RecordingStopped { recording: id, at: at + 9, cause: StopCause::RoomEmpty }).await;
        world.event(&node, Event::RecordingMixing { recording: id }).await;
        world.run_jobs().await;
        let ready = world.recorded(&node, &demo, "other").await;
        recordings::delete(services, &access, ready, "").await.unwrap();
        world.run_jobs().await;

        // Somebody who comes and goes.
        let (application, room) = (demo.id, RoomName::try_from("lobby".to_owned()).unwrap());
        let (peer, name) = (PeerId::from_parts(1, [9; 10]), Some("Anna".to_owned().try_into().unwrap()));
        world.event(&node, Event::PeerJoined { boot: node.boot, application, room, peer, name, at }).await;
        world.event(&node, Event::PeerLeft { peer, at: at + 5000 }).await;
        world.run_jobs().await;

        // A bucket that refuses, and takes again.
        world.outside.state(|outside| outside.bucket_closed = true);
        let held = recordings::begin_upload(services, node.id, id, None).await.unwrap();
        assert!(matches!(held, Answer::Held { .. }));
        world.outside.state(|outside| outside.bucket_closed = false);
        world.advance(900);
        world.run_jobs().await;
        let failed = Event::RecordingFailed { recording: id, cause: FailureCause::MixFailed, detail: String::new() };
        world.event(&node, failed).await;
        world.run_jobs().await;

        let seen = checked(&world);
        let offered = EventType::ALL.iter().filter(|event| event.is_offered());
        assert_eq!(seen, offered.map(ToString::to_string).collect());
    }
}

on_both! {
    async fn a_room_is_over_when_its_node_started_again(world: World) {
        let access = world.owner().await;
        let (services, demo, node) = (&world.services, world.demo(&access).await, world.node().await);
        world.webhook(&access, demo.id, &[EventType::RoomStarted, EventType::RoomEnded, EventType::PeerLeft]).await;
        let (application, room, at) = (demo.id, RoomName::try_from("lobby".to_owned()).unwrap(), world.clock.unix_ms());
        for number in [1, 2] {
            let (peer, room) = (PeerId::from_parts(1, [number; 10]), room.clone());
            world.event(&node, Event::PeerJoined { boot: node.boot, application, room, peer, name: None, at }).await;
        }
        world.run_jobs().await;
        let told = || world.outside.state(|outside| {
            let hooks = std::mem::take(&mut outside.hooks);
            hooks.iter().map(|hook| serde_json::from_slice(&hook.body).unwrap()).collect::<Vec<Value>>()
        });
        let began = told().remove(0);
        assert_eq!((&began["type"], &began["data"]["startedAt"]), (&json!("room.started"), &json!("2026-11-21T09:00:00.000Z")));

        world.advance(60);
        nodes::register(services, node.id, BootId::from_parts(2, [2; 10]), "ws://localhost:3001", 0).await.unwrap();
        world.run_jobs().await;
        let mut told = told();
        told.sort_by_key(|body| body["type"].to_string());
        let types: Vec<_> = told.iter().map(|body| body["type"].as_str().unwrap()).collect();
        assert_eq!(types, ["peer.left", "peer.left", "room.ended"]);
        assert_eq!(told[2]["data"]["startedAt"], began["data"]["startedAt"]);
    }
}

#[test]
fn every_event_has_a_schema_and_a_sentence() {
    let schemas = notifications::schemas();
    assert_eq!(schemas.len(), EventType::ALL.iter().filter(|event| event.is_offered()).count());
    for (event, schema) in schemas {
        assert!(jsonschema::meta::is_valid(&schema), "{schema}");
        assert_eq!(schema["properties"]["type"]["const"], event.as_str());
        assert!(notifications::summary(event).ends_with('.'));
        let text = schema.to_string();
        assert!(!text.contains("$ref") && !text.contains("title"), "{text}");
    }
}
