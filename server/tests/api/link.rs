//! The link with media nodes.

use crate::{
    on_both_databases,
    support::{FakeNode, TestServer, soon},
};
use domain::{applications, recordings};
use http::StatusCode;
use protocol::{
    ids::{BootId, PeerId, RecordingId},
    limits::LINK_MESSAGE_BYTES,
    link::{Answer, Command, ControlMessage, Event, LINK_VERSION, NodeMessage, Query},
    names::RoomName,
    policy::AppPolicy,
    recording::{RecordingState, StartRefusal, StopCause},
};
use serde_json::json;
use tokio_tungstenite::tungstenite;

/// As many as a link answers at once.
const QUESTIONS: u8 = 32;

fn policy(command: &Command) -> Option<AppPolicy> {
    match command {
        Command::SetPolicy { policy, .. } => Some(policy.clone()),
        _ => None,
    }
}

async fn refused_with(server: &TestServer, secret: &str, origin: Option<&str>) -> StatusCode {
    match FakeNode::open(server, secret, origin).await {
        Err(tungstenite::Error::Http(response)) => response.status(),
        other => panic!("the link should have been refused: {other:?}"),
    }
}

on_both_databases! {
    async fn only_nodes_with_the_secret_get_in(server) {
        assert_eq!(refused_with(&server, "guessed", None).await, StatusCode::UNAUTHORIZED);
        assert_eq!(refused_with(&server, "", None).await, StatusCode::UNAUTHORIZED);
        let secret = std::fs::read_to_string(server.data_dir().join("keys/node.secret")).unwrap();
        // Pages have an origin, nodes have none.
        assert_eq!(refused_with(&server, secret.trim(), Some("http://localhost")).await, StatusCode::UNAUTHORIZED);
        let page = server.browser().get("/node/link").await;
        assert_eq!((page.status, page.code().as_str()), (StatusCode::UNAUTHORIZED, "node_secret_wrong"));
    }

    async fn broken_conversations_end_with_a_reason(server) {
        let hello = |version: u32| {
            let identity = FakeNode::identity(1);
            json!({"type": "hello", "version": version, "node": identity.node, "boot": identity.boot,
                "signalingUrl": "ws://localhost:3001", "lastCommand": 0}).to_string()
        };
        let recording = RecordingId::from_parts(1, [1; 10]);
        let event = |sequence| {
            serde_json::to_string(&NodeMessage::Event { sequence, event: Event::RecordingMixing { recording } }).unwrap()
        };
        for (messages, reason) in [
            (vec![event(1)], "hello must come first"),
            (vec![hello(LINK_VERSION + 1)], "unsupported link version"),
            (vec!["nonsense".to_owned()], "malformed message"),
            (vec![hello(LINK_VERSION), hello(LINK_VERSION)], "hello came twice"),
            // The first number may be any: the node may have been forgotten since.
            (vec![hello(LINK_VERSION), event(7), event(9)], "an event is missing"),
            (vec![hello(LINK_VERSION), json!({"type": "applied", "command": 9}).to_string()],
                "a command was acknowledged that was not sent"),
        ] {
            let mut node = FakeNode::connect(&server, FakeNode::identity(1)).await;
            for message in messages {
                node.send_text(message).await;
            }
            assert_eq!(node.closed().await, reason);
        }
    }

    async fn an_oversized_message_harms_nobody_else(server) {
        let mut healthy = server.linked_node().await;
        let mut node = FakeNode::connect(&server, FakeNode::identity(2)).await;
        node.hello(0).await;
        // The control plane may hang up while we still write.
        let _ = node.try_send_text("x".repeat(LINK_MESSAGE_BYTES + 1)).await;
        node.closed().await;
        let answer = healthy.ask(Query::ResumeRecording { recording: RecordingId::from_parts(1, [1; 10]) }).await;
        assert_eq!(answer, Answer::Gone);
    }

    async fn settings_reach_the_node_and_wait_while_it_is_away(server) {
        let access = server.owner().await;
        let application = server.demo(&access).await.id;
        let mut node = server.linked_node().await;
        applications::set_recording(server.services(), &access, application, false).await.unwrap();
        let (sequence, off) = node.command(policy).await;
        assert!(off.relay && !off.recording);

        let identity = node.identity;
        drop(node);
        soon("the link to end", server.plane.links.unlinked(identity.node)).await;
        applications::set_recording(server.services(), &access, application, true).await.unwrap();

        let mut node = FakeNode::connect(&server, identity).await;
        node.hello(sequence).await;
        let (_, on) = node.command(policy).await;
        assert!(on.recording && on.revision > off.revision);
    }

    async fn events_are_applied_once_over_reconnects(server) {
        let access = server.owner().await;
        let application = server.demo(&access).await;
        let mut node = server.linked_node().await;
        let spec = match node.ask(FakeNode::start_query(1, application.id, application.keys[0].id, "standup")).await {
            Answer::Recording { spec } => spec,
            other => panic!("a recording expected: {other:?}"),
        };
        // The same request gets the same recording; another one finds the room being recorded.
        assert_eq!(
            node.ask(FakeNode::start_query(1, application.id, application.keys[0].id, "standup")).await.clone(),
            Answer::Recording { spec: spec.clone() }
        );
        assert_eq!(
            node.ask(FakeNode::start_query(2, application.id, application.keys[0].id, "standup")).await,
            Answer::Refused { refusal: StartRefusal::AlreadyRecording }
        );
        let at = server.clock.unix_ms();
        let started = Event::RecordingStarted { recording: spec.id, at };
        let stopped = Event::RecordingStopped { recording: spec.id, at: at + 8000, cause: StopCause::PeerRequest };
        node.report(1, started.clone()).await;

        // The node dies before it hears, and sends everything again.
        node.send(&NodeMessage::Event { sequence: 2, event: stopped.clone() }).await;
        let identity = node.identity;
        drop(node);
        soon("the link to end", server.plane.links.unlinked(identity.node)).await;
        let server = server.restart().await;
        let mut node = FakeNode::connect(&server, identity).await;
        let last = node.hello(0).await;
        assert!((1..=2).contains(&last), "{last}");
        for (sequence, event) in [(1, started), (2, stopped)] {
            node.send(&NodeMessage::Event { sequence, event }).await;
        }
        loop {
            if let ControlMessage::Applied { event: 2 } = node.message().await {
                break;
            }
        }
        let access = domain::accounts::access(server.services(), access.user().unwrap()).await.unwrap();
        let found = recordings::get(server.services(), &access, spec.id).await.unwrap();
        assert_eq!((found.state, found.stop_cause), (RecordingState::Stopping, Some(StopCause::PeerRequest)));
    }

    async fn questions_and_news_that_come_together_hold_each_other_up_no_longer_than_they_take(server) {
        let access = server.owner().await;
        let demo = server.demo(&access).await;
        let identity = FakeNode::identity(1);
        let mut node = FakeNode::connect(&server, identity).await;
        node.hello(0).await;
        for number in 1..=QUESTIONS {
            let room = format!("room {number}");
            let query = FakeNode::start_query(number, demo.id, demo.keys[0].id, &room);
            node.send(&NodeMessage::Query { id: number.into(), query }).await;
            let room = RoomName::try_from(room).unwrap();
            let peer = PeerId::from_parts(number.into(), [9; 10]);
            let event = Event::PeerJoined { boot: identity.boot, application: demo.id, room, peer, name: None, at: 1 };
            node.send(&NodeMessage::Event { sequence: number.into(), event }).await;
        }
        let (mut started, mut applied) = (0, 0);
        while started < QUESTIONS || applied < u64::from(QUESTIONS) {
            match node.message().await {
                ControlMessage::Answer { answer: Answer::Recording { .. }, .. } => started += 1,
                ControlMessage::Applied { event } => applied = event,
                ControlMessage::Command { .. } => {}
                other => panic!("an answer expected: {other:?}"),
            }
        }
    }

    async fn a_second_connection_of_a_node_ends_the_first(server) {
        let mut first = server.linked_node().await;
        let identity = crate::support::node::Identity { boot: BootId::from_parts(2, [9; 10]), ..first.identity };
        let mut second = FakeNode::connect(&server, identity).await;
        second.hello(0).await;
        assert_eq!(first.closed().await, "a newer connection took over");
        let answer = second.ask(Query::ResumeRecording { recording: RecordingId::from_parts(1, [1; 10]) }).await;
        assert_eq!(answer, Answer::Gone);
        assert_eq!(server.browser().get("/readyz").await.status, StatusCode::OK);
    }
}
