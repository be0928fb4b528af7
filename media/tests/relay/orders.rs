//! What the control plane orders of rooms, and what it is told of them.

use crate::support::{Node, policy, room, spec};
use media::sfu::{Order, Presence, WorkerCommand};
use protocol::{
    native::{ByeReason, RecordingSignal, ServerMessage},
    recording::StopCause,
};

#[tokio::test]
async fn a_room_is_recorded_without_a_peer_that_asks() {
    let mut node = Node::start();
    let mut anna = node.join("room", 1).await;
    let recording = node.order(&room("room"), spec(&room("room"), 1)).await;
    assert_eq!(anna.recording_state().await, (RecordingSignal::Start, Some(recording)));
    let command = WorkerCommand::StopRecording { room: room("room"), recording, cause: StopCause::ApiRequest };
    node.workers.to_room(&room("room"), command).await;
    assert_eq!(anna.recording_state().await, (RecordingSignal::Stop, Some(recording)));
    assert_eq!(node.stopped().await, (recording, StopCause::ApiRequest));
}

#[tokio::test]
async fn an_ordered_recording_that_comes_too_late_ends_with_a_result() {
    let mut node = Node::start();
    let nobody = node.order(&room("empty"), spec(&room("empty"), 8)).await;
    assert_eq!(node.stopped().await, (nobody, StopCause::RoomEmpty));
    let mut anna = node.join("room", 1).await;
    node.record("room", &mut anna).await;
    let second = node.order(&room("room"), spec(&room("room"), 9)).await;
    assert_eq!(node.stopped().await, (second, StopCause::RoomEmpty));
    // Apart, because an application has one policy.
    let mut node = Node::start();
    let off = node.join_with("off", 2, policy(1, true, false)).await;
    let refused = node.order(&room("off"), spec(&room("off"), 3)).await;
    assert_eq!(node.stopped().await, (refused, StopCause::SwitchedOff));
    drop(off);
}

#[tokio::test]
async fn a_room_that_is_ended_says_so_and_its_recording_is_delivered() {
    let mut node = Node::start();
    let mut anna = node.join("room", 1).await;
    let mut ben = node.join("room", 2).await;
    let recording = node.record("room", &mut anna).await;
    node.tell(&room("room"), Order::End { cause: StopCause::ApiRequest }).await;
    for peer in [&mut anna, &mut ben] {
        peer.expect(|message| *message == ServerMessage::Bye { reason: ByeReason::RoomEnded }).await;
    }
    assert_eq!(node.stopped().await, (recording, StopCause::ApiRequest));
    node.written(recording).await;
}

#[tokio::test]
async fn a_removed_peer_is_told_why_and_the_others_stay() {
    let node = Node::start();
    let mut anna = node.join("room", 1).await;
    let mut ben = node.join("room", 2).await;
    node.tell(&room("room"), Order::Remove { peer: ben.id }).await;
    ben.expect(|message| *message == ServerMessage::Bye { reason: ByeReason::Removed }).await;
    anna.expect(|message| *message == ServerMessage::PeerLeft { peer: ben.id }).await;
}

#[tokio::test]
async fn comings_and_goings_are_told_in_order() {
    let mut node = Node::start();
    let anna = node.join("room", 1).await;
    let first = node.presence().await;
    assert!(matches!(first, Presence::Joined { room: of, peer, .. } if of == room("room") && peer == anna.id));
    node.disconnect("room", &anna).await;
    assert!(matches!(node.presence().await, Presence::Left { peer } if peer == anna.id));
}
