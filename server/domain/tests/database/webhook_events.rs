//! What is told: every body is what its schema says, and nothing else.

use crate::support::{World, on_both};
use domain::{
    notifications::{self, deliveries},
    recordings,
};
use protocol::{
    link::{Answer, Event},
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
        // Rooms are not heard of here.
        let of_rooms = |event: &EventType| ["room", "peer"].iter().any(|about| event.as_str().starts_with(about));
        let told = EventType::ALL.iter().filter(|event| !of_rooms(event)).map(ToString::to_string);
        assert_eq!(seen, told.collect());
    }
}

#[test]
fn every_event_has_a_schema_and_a_sentence() {
    let schemas = notifications::schemas();
    assert_eq!(schemas.len(), EventType::ALL.len());
    for (event, schema) in schemas {
        assert!(jsonschema::meta::is_valid(&schema), "{schema}");
        assert_eq!(schema["properties"]["type"]["const"], event.as_str());
        assert!(notifications::summary(event).ends_with('.'));
        let text = schema.to_string();
        assert!(!text.contains("$ref") && !text.contains("title"), "{text}");
    }
}
