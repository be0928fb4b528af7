use crate::support::{nothing, on_both};
use domain::{
    applications,
    error::Kind,
    join::{self, JoinRequest},
    nodes::{self, Report},
    recordings,
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use protocol::{
    link::{Answer, Command, Event, Query},
    names::RoomName,
    recording::StopCause,
    token::JoinClaims,
};

fn room(name: &str) -> RoomName {
    name.to_owned().try_into().unwrap()
}

on_both! {
    async fn join_tokens_are_for_one_node(world: World) {
        let access = world.owner().await;
        let services = &world.services;
        let demo = world.demo(&access).await;
        let request = |origin: Option<&str>| JoinRequest {
            app_key: demo.keys[0].id,
            room: room("lobby"),
            name: None,
            origin: origin.map(str::to_owned),
        };
        assert_eq!(join::issue(services, request(None)).await.unwrap_err().code(), "no_media_node");
        let node = world.node().await;
        let grant = join::issue(services, request(None)).await.unwrap();
        assert_eq!((grant.signaling_url.as_str(), grant.relay), ("ws://localhost:3001", true));

        let welcome = nodes::register(services, node.id, node.boot, "ws://localhost:3001", 0).await.unwrap();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[node.id]);
        validation.validate_exp = false;
        let decode = |key: &str| {
            let key = DecodingKey::from_secret(&hex::decode(key).unwrap());
            jsonwebtoken::decode::<JoinClaims>(&grant.token, &key, &validation)
        };
        let claims = decode(&welcome.token_key).unwrap().claims;
        assert_eq!((claims.aud, claims.sub, &claims.policy), (node.id, grant.peer, demo.policy()));
        assert_eq!((claims.iat, claims.exp), (world.clock.unix_ms() / 1000, world.clock.unix_ms() / 1000 + 120));
        let other = world.node().await;
        let other = nodes::register(services, other.id, other.boot, "ws://other:3001", 0).await.unwrap();
        assert!(decode(&other.token_key).is_err());

        let unknown = JoinRequest { app_key: nothing().1, ..request(None) };
        assert_eq!(join::issue(services, unknown).await.unwrap_err().code(), "unknown_app_key");
        applications::set_allowed_origins(services, &access, demo.id, vec!["https://shop.example".into()]).await.unwrap();
        let foreign = join::issue(services, request(Some("https://evil.example"))).await.unwrap_err();
        assert_eq!((foreign.kind(), foreign.code()), (Kind::Forbidden, "origin_not_allowed"));
        join::issue(services, request(Some("https://shop.example"))).await.unwrap();
        applications::revoke_key(services, &access, demo.id, demo.keys[0].id).await.unwrap();
        assert_eq!(join::issue(services, request(None)).await.unwrap_err().code(), "unknown_app_key");
    }
}

on_both! {
    async fn joining_a_room_in_use_waits_for_no_writer(world: World) {
        let access = world.owner().await;
        let demo = world.demo(&access).await;
        let node = world.node().await;
        let join = async || {
            let request = JoinRequest { app_key: demo.keys[0].id, room: room("lobby"), name: None, origin: None };
            join::issue(&world.services, request).await
        };
        join().await.unwrap();
        let writer = world.block_writers("room_placements").await;
        join().await.expect("nothing needs to be written");
        writer.release().await;

        // After an hour the room is noted to be in use again.
        world.advance(3601);
        nodes::report(&world.services, node.id, Report::default()).await.unwrap();
        let used_at = async || world.cells().await.into_iter().find(|(column, _)| column == "room_placements.used_at");
        let before = used_at().await;
        join().await.unwrap();
        assert_ne!(used_at().await, before);
    }
}

on_both! {
    async fn a_room_stays_where_it_is(world: World) {
        let access = world.owner().await;
        let services = &world.services;
        let application = world.demo(&access).await.id;
        let pick = async |name: &str| nodes::pick(services, application, &room(name)).await.unwrap().map(|node| node.node);
        assert_eq!(pick("lobby").await, None);
        let (one, two) = (world.node().await, world.node().await);
        let busy = |peers| Report { rooms: 1, peers, recordings: Vec::new(), leaving: false };
        nodes::report(services, one.id, busy(5)).await.unwrap();
        assert_eq!(pick("lobby").await, Some(two.id));
        nodes::report(services, two.id, busy(9)).await.unwrap();
        assert_eq!((pick("lobby").await, pick("other").await), (Some(two.id), Some(one.id)));
        nodes::report(services, two.id, Report { leaving: true, ..busy(9) }).await.unwrap();
        assert_eq!(pick("lobby").await, Some(one.id), "a node that is stopping takes nobody");
        nodes::disconnected(services, two.id, two.boot).await.unwrap();
        assert_eq!((pick("lobby").await, nodes::linked(services).await.unwrap()), (Some(one.id), 1));
        world.advance(21);
        assert_eq!((pick("lobby").await, nodes::linked(services).await.unwrap()), (None, 0));
    }
}

on_both! {
    async fn events_are_applied_once_and_in_order(world: World) {
        let access = world.owner().await;
        let services = &world.services;
        let demo = world.demo(&access).await;
        let node = world.node().await;
        let spec = world.start(&node, &world.start_request(&demo, "lobby")).await.unwrap();
        let apply = async |sequence, event| recordings::apply_event(services, node.id, sequence, event).await;
        let started = |at| Event::RecordingStarted { recording: spec.id, at };
        apply(1, started(1000)).await.unwrap();
        apply(1, started(2000)).await.unwrap();
        let stopped = Event::RecordingStopped { recording: spec.id, at: 3000, cause: StopCause::PeerRequest };
        assert_eq!(apply(3, stopped.clone()).await.unwrap_err().code(), "event_out_of_order");
        apply(2, stopped).await.unwrap();
        let recording = recordings::get(services, &access, spec.id).await.unwrap();
        assert_eq!(recording.started_at.unwrap().timestamp_millis(), 1000);
        assert_eq!(recording.stop_cause, Some(StopCause::PeerRequest));
        let welcome = nodes::register(services, node.id, node.boot, "ws://localhost:3001", 0).await.unwrap();
        assert_eq!(welcome.last_event, 2);
        let nobody = protocol::ids::NodeId::from_parts(9, [9; 10]);
        let unknown = recordings::apply_event(services, nobody, 1, started(1)).await.unwrap_err();
        assert_eq!(unknown.code(), "node_not_registered");
    }
}

on_both! {
    async fn a_forgotten_node_goes_on_counting_where_it_was(world: World) {
        let access = world.owner().await;
        let services = &world.services;
        let demo = world.demo(&access).await;
        let node = world.node().await;
        world.execute("DELETE FROM nodes").await.unwrap();
        let welcome = nodes::register(services, node.id, node.boot, "ws://localhost:3001", 40).await.unwrap();
        assert_eq!(welcome.last_event, 0);
        applications::set_recording(services, &access, demo.id, false).await.unwrap();
        assert_eq!(nodes::commands_after(services, node.id, 40).await.unwrap()[0].0, 41);
        let event = Event::RecordingMixing { recording: nothing().0 };
        recordings::apply_event(services, node.id, 57, event.clone()).await.unwrap();
        assert!(recordings::apply_event(services, node.id, 59, event).await.is_err());
    }
}

on_both! {
    async fn queries_about_what_is_not_there_are_answered_gone(world: World) {
        world.owner().await;
        let node = world.node().await;
        let recording = nothing().0;
        for query in [
            Query::ResumeRecording { recording },
            Query::BeginUpload { recording, refused: None },
            Query::SignParts { recording, upload: "x".into(), parts: vec![1] },
        ] {
            assert_eq!(nodes::answer(&world.services, node.id, query).await, Answer::Gone);
        }
        let too_many = Query::SignParts { recording, upload: "x".into(), parts: vec![1; 17] };
        assert_eq!(nodes::answer(&world.services, node.id, too_many).await, Answer::Unavailable);
    }
}

on_both! {
    async fn stopping_from_the_console_tells_the_node(world: World) {
        let access = world.owner().await;
        let services = &world.services;
        let demo = world.demo(&access).await;
        let node = world.node().await;
        let spec = world.start(&node, &world.start_request(&demo, "lobby")).await.unwrap();
        recordings::stop(services, &access, spec.id).await.unwrap();
        let commands = nodes::commands_after(services, node.id, 0).await.unwrap();
        assert_eq!(commands, [(1, Command::StopRecording { recording: spec.id, cause: StopCause::ConsoleRequest })]);
        world.event(&node, Event::RecordingMixing { recording: spec.id }).await;
        recordings::stop(services, &access, spec.id).await.unwrap();
        assert_eq!(nodes::commands_after(services, node.id, 0).await.unwrap().len(), 1);
    }
}

on_both! {
    async fn only_the_shared_secret_opens_the_link(world: World) {
        assert!(nodes::verify_secret(&world.services, "node secret"));
        for guess in ["", "node", "node secret ", "Node secret"] {
            assert!(!nodes::verify_secret(&world.services, guess));
        }
    }
}
