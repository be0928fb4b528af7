//! What peers of a room are told: joins, refusals, switches, recordings. No media flows here.

use crate::support::{Node, PATIENCE, app_key, policy, spec};
use media::{
    capture::{self, CaptureEvent},
    sfu::{RecordingOutcome, StartDecision, WorkerCommand},
};
use protocol::{
    ids::RecordingId,
    native::{ByeReason, ClientMessage, ErrorCode, RecordingSignal, ServerMessage, Signal},
    recording::{StartRefusal, StopCause},
};
use tokio::time::timeout;

#[tokio::test]
async fn peers_learn_of_each_other() {
    let node = Node::start();
    let mut anna = node.join("room", 1).await;
    let mut ben = node.join("room", 2).await;
    let ServerMessage::Welcome { peers, relay, recording, .. } = ben.next().await else { panic!("no welcome") };
    assert_eq!((peers.len(), relay, recording), (1, true, None));
    anna.expect(|message| matches!(message, ServerMessage::PeerJoined { peer } if peer.id == ben.id)).await;
    let mut other = node.join("another room", 3).await;
    assert!(matches!(other.next().await, ServerMessage::Welcome { peers, .. } if peers.is_empty()));
    node.disconnect("room", &ben).await;
    anna.expect(|message| *message == ServerMessage::PeerLeft { peer: ben.id }).await;
}

#[tokio::test]
async fn rooms_and_peers_are_counted_while_they_last() {
    let node = Node::start();
    let counted = async |rooms, peers| {
        let reached = async {
            while node.workers.counts.total() != (rooms, peers) {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, reached).await.unwrap();
    };
    let anna = node.join("room", 1).await;
    let ben = node.join("room", 2).await;
    let chris = node.join("another room", 3).await;
    counted(2, 3).await;
    node.disconnect("room", &ben).await;
    counted(2, 2).await;
    node.disconnect("room", &anna).await;
    counted(1, 1).await;
    node.disconnect("another room", &chris).await;
    counted(0, 0).await;
}

#[tokio::test]
async fn the_same_token_twice_replaces_the_first_socket() {
    let node = Node::start();
    let mut first = node.join("room", 1).await;
    let mut second = node.join("room", 1).await;
    first.expect(|message| *message == ServerMessage::Bye { reason: ByeReason::Replaced }).await;
    // The first socket's end must not take the second one with it.
    node.disconnect("room", &first).await;
    node.say("room", &second, ClientMessage::StopRecording).await;
    second
        .expect(|message| matches!(message, ServerMessage::RecordingState { state: RecordingSignal::Error, .. }))
        .await;
}

#[tokio::test]
async fn starts_are_refused_with_the_reason() {
    for (relay, recording, refusal) in
        [(false, false, StartRefusal::RelayRequired), (true, false, StartRefusal::RecordingOff)]
    {
        let mut node = Node::start();
        let mut anna = node.join_with("room", 1, policy(1, relay, recording)).await;
        node.say("room", &anna, ClientMessage::StartRecording).await;
        assert_eq!(anna.recording_error().await, refusal.to_string());
        assert!(!node.was_asked(), "the recorder was asked in spite of {refusal}");
    }
}

#[tokio::test]
async fn a_refusal_of_the_control_plane_reaches_who_asked_and_the_next_start_is_free() {
    let mut node = Node::start();
    let mut anna = node.join("room", 1).await;
    for refusal in [StartRefusal::PlanRequired, StartRefusal::ControlPlaneUnreachable] {
        node.say("room", &anna, ClientMessage::StartRecording).await;
        let (room, request) = node.asked().await;
        let decision = StartDecision { request, result: Err(refusal) };
        node.workers.to_room(&room, WorkerCommand::Decided { room: room.clone(), decision }).await;
        assert_eq!(anna.recording_error().await, refusal.to_string());
    }
}

#[tokio::test]
async fn everyone_sees_start_stop_and_link_and_late_comers_too() {
    let mut node = Node::start();
    let mut anna = node.join("room", 1).await;
    let recording = node.record("room", &mut anna).await;
    let mut ben = node.join("room", 2).await;
    assert!(matches!(ben.next().await, ServerMessage::Welcome { recording: Some(id), .. } if id == recording));
    node.say("room", &ben, ClientMessage::StartRecording).await;
    assert_eq!(ben.recording_error().await, "already_recording");
    node.say("room", &ben, ClientMessage::StopRecording).await;
    for peer in [&mut anna, &mut ben] {
        assert_eq!(peer.recording_state().await, (RecordingSignal::Stop, Some(recording)));
    }
    assert_eq!(node.stopped().await, (recording, StopCause::PeerRequest));
    // A new one starts although nothing has come of the first yet.
    let second = node.record("room", &mut ben).await;
    assert_ne!(second, recording);
    node.disconnect("room", &anna).await;
    let room = crate::support::room("room");
    let outcome = RecordingOutcome::Ready { url: "https://bucket/file.mp4".into() };
    node.workers.to_room(&room, WorkerCommand::Deliver { room: room.clone(), recording, outcome }).await;
    let link = ben
        .expect(|message| matches!(message, ServerMessage::RecordingState { state: RecordingSignal::Link, .. }))
        .await;
    assert!(matches!(link, ServerMessage::RecordingState { url: Some(url), recording: Some(id), .. }
        if url == "https://bucket/file.mp4" && id == recording));
}

#[tokio::test]
async fn switching_off_stops_the_recording_and_refuses_the_next() {
    let mut node = Node::start();
    let mut anna = node.join("room", 1).await;
    let recording = node.record("room", &mut anna).await;
    node.set_policy(policy(2, true, false)).await;
    assert_eq!(anna.recording_state().await, (RecordingSignal::Stop, Some(recording)));
    assert_eq!(node.stopped().await, (recording, StopCause::SwitchedOff));
    node.say("room", &anna, ClientMessage::StartRecording).await;
    assert_eq!(anna.recording_error().await, "recording_off");
    // A token from before the switch does not bring it back.
    let mut ben = node.join("room", 2).await;
    node.say("room", &ben, ClientMessage::StartRecording).await;
    assert_eq!(ben.recording_error().await, "recording_off");
}

#[tokio::test]
async fn switching_relay_off_ends_the_room_and_the_next_is_peer_to_peer() {
    let mut node = Node::start();
    let mut anna = node.join("room", 1).await;
    let recording = node.record("room", &mut anna).await;
    node.set_policy(policy(2, false, false)).await;
    assert_eq!(node.stopped().await, (recording, StopCause::SwitchedOff));
    anna.expect(|message| *message == ServerMessage::Bye { reason: ByeReason::RelayChanged }).await;
    let mut anna = node.join("room", 1).await;
    let mut ben = node.join("room", 2).await;
    assert!(matches!(ben.next().await, ServerMessage::Welcome { relay: false, .. }));
    let signal = Signal::Offer { sdp: "v=0".into() };
    node.say("room", &ben, ClientMessage::Signal { to: anna.id, signal: signal.clone() }).await;
    anna.expect(|message| *message == ServerMessage::Signal { from: ben.id, signal: signal.clone() }).await;
    let stranger = node.join("another room", 3).await;
    node.say("room", &ben, ClientMessage::Signal { to: stranger.id, signal }).await;
    ben.expect(|message| matches!(message, ServerMessage::Error { code: ErrorCode::UnknownPeer, .. })).await;
}

#[tokio::test]
async fn a_revoked_key_ends_the_stay_and_the_recording() {
    let mut node = Node::start();
    let mut anna = node.join("room", 1).await;
    let recording = node.record("room", &mut anna).await;
    node.workers.to_all(|| WorkerCommand::RevokeKey { app_key: app_key() }).await;
    anna.expect(|message| *message == ServerMessage::Bye { reason: ByeReason::KeyRevoked }).await;
    assert_eq!(node.stopped().await, (recording, StopCause::SwitchedOff));
    // A token that was signed before does not bring anybody back.
    let mut anna = node.join("room", 1).await;
    assert_eq!(anna.next().await, ServerMessage::Bye { reason: ByeReason::KeyRevoked });
}

#[tokio::test]
async fn a_key_revoked_while_the_start_is_decided_ends_the_recording_at_once() {
    let mut node = Node::start();
    let anna = node.join("room", 1).await;
    node.say("room", &anna, ClientMessage::StartRecording).await;
    let (room, request) = node.asked().await;
    node.workers.to_all(|| WorkerCommand::RevokeKey { app_key: app_key() }).await;
    let recording = node.decide(&room, request, spec(&room, 5)).await;
    assert_eq!(node.stopped().await, (recording, StopCause::SwitchedOff));
}

#[tokio::test]
async fn limits_of_a_recording_end_it() {
    for (max_duration, idle_timeout, cause) in [(0, 60, StopCause::MaxDuration), (60, 0, StopCause::RoomEmpty)] {
        let mut node = Node::start();
        let mut anna = node.join("room", 1).await;
        node.say("room", &anna, ClientMessage::StartRecording).await;
        let (room, request) = node.asked().await;
        let mut spec = spec(&room, 9);
        (spec.max_duration_seconds, spec.idle_timeout_seconds) = (max_duration, idle_timeout);
        let recording = node.decide(&room, request, spec).await;
        assert_eq!(anna.recording_state().await, (RecordingSignal::Start, Some(recording)));
        node.disconnect("room", &anna).await;
        assert_eq!(node.stopped().await, (recording, cause));
    }
}

#[tokio::test]
async fn a_capture_that_nobody_waits_for_any_more_ends_with_a_result() {
    let mut node = Node::start();
    let anna = node.join("room", 1).await;
    node.say("room", &anna, ClientMessage::StartRecording).await;
    let (room, request) = node.asked().await;
    node.disconnect("room", &anna).await;
    let spec = spec(&room, 4);
    let (recording, key) = (spec.id, spec.capture_key.clone());
    node.decide(&room, request, spec).await;
    let (stopped, cause) = node.stopped().await;
    assert_eq!(stopped, recording);
    node.written(recording).await;
    let capture = capture::read(&node.directory(recording), &key).unwrap();
    assert!(capture.events.iter().any(|(_, event)| *event == CaptureEvent::Stopped { cause }));
}

#[tokio::test]
async fn garbage_offers_are_answered_and_harm_nobody() {
    let node = Node::start();
    let mut anna = node.join("room", 1).await;
    let no_media = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n";
    let no_ice = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n";
    for sdp in ["", "v=0", "\0\0", no_media, no_ice, &"a=".repeat(60_000)] {
        node.say("room", &anna, ClientMessage::Offer { sdp: sdp.into() }).await;
        anna.expect(|message| matches!(message, ServerMessage::Error { code: ErrorCode::InvalidDescription, .. }))
            .await;
    }
    let mut ben = node.join("room", 2).await;
    assert!(matches!(ben.next().await, ServerMessage::Welcome { peers, .. } if peers.len() == 1));
}

#[tokio::test]
async fn a_client_that_does_not_read_is_let_go_and_the_others_go_on() {
    let node = Node::start();
    let mut anna = node.join("room", 1).await;
    let stuck = node.join("room", 2).await;
    // Every refusal is one message; the stuck client reads none of them.
    for _ in 0..=protocol::limits::CLIENT_QUEUE {
        node.say("room", &stuck, ClientMessage::StopRecording).await;
    }
    anna.expect(|message| *message == ServerMessage::PeerLeft { peer: stuck.id }).await;
}

#[tokio::test]
async fn shutting_down_says_good_bye_and_closes_the_capture() {
    let mut node = Node::start();
    let mut anna = node.join("room", 1).await;
    let recording: RecordingId = node.record("room", &mut anna).await;
    node.workers.shut_down().await;
    anna.expect(|message| *message == ServerMessage::Bye { reason: ByeReason::Shutdown }).await;
    assert_eq!(node.stopped().await, (recording, StopCause::Shutdown));
}
