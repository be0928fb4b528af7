//! Recordings of single streams, and who only watches.

use super::support::{
    Node,
    client::{AUDIO, Client, VIDEO, run},
    policy, room, spec,
};
use media::sfu::Order;
use protocol::{native::RecordingSignal, recording::StopCause};

/// A VP8 payload that begins a key frame.
const KEY_FRAME: [u8; 12] = [0x10, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01, 0, 0, 0];

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_recorded_for_itself_and_ends_with_its_publisher() {
    let mut node = Node::start();
    let mut client = Client::join(&node, "session", 1, Some(1000)).await;
    run(&node, &mut [&mut client], |clients| clients[0].connected).await;
    client.publish(AUDIO, 1, 0, b"sound");
    client.publish(VIDEO, 1, 0, &KEY_FRAME);

    let key = room("session");
    let (first, second) = (spec(&key, 1), spec(&key, 2));
    let (recording, absent) = (first.id, second.id);
    for (stream, spec) in [(0, first), (1, second)] {
        let started = node.open(spec);
        node.tell(&key, Order::BeginStream { stream, started }).await;
    }
    // The picture is asked for anew, so that the file can begin with it.
    run(&node, &mut [&mut client], |clients| {
        let number = clients[0].next_number;
        clients[0].next_number = number.wrapping_add(1);
        clients[0].publish(VIDEO, number, u32::from(number) * 3000, &KEY_FRAME);
        clients[0].keyframe_requests() > 0
    })
    .await;
    let again = spec(&key, 3);
    let declined = again.id;
    let started = node.open(again);
    node.tell(&key, Order::BeginStream { stream: 0, started }).await;
    assert_eq!(node.stopped().await, (declined, StopCause::RoomEmpty));

    node.disconnect("session", &client.person).await;
    let mut ended = [node.stopped().await, node.stopped().await];
    ended.sort_by_key(|(recording, _)| *recording);
    assert_eq!(ended, [(recording, StopCause::RoomEmpty), (absent, StopCause::RoomEmpty)]);
    for (recording, tracks) in [(recording, 2), (absent, 0)] {
        node.written(recording).await;
        let capture = media::capture::read(&node.directory(recording), &node.key(recording)).unwrap();
        assert_eq!(capture.tracks.len(), tracks);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_end_one_by_one_and_with_the_switch() {
    let mut node = Node::start();
    let mut person = node.join("session", 1).await;
    let key = room("session");
    for stream in [0, 2] {
        let started = node.open(spec(&key, stream + 1));
        node.tell(&key, Order::BeginStream { stream: stream.into(), started }).await;
        assert_eq!(person.recording_state().await, (RecordingSignal::Start, Some(spec(&key, stream + 1).id)));
    }
    let command = media::sfu::WorkerCommand::StopRecording {
        room: key.clone(),
        recording: spec(&key, 3).id,
        cause: StopCause::PeerRequest,
    };
    node.workers.to_room(&key, command).await;
    assert_eq!(node.stopped().await, (spec(&key, 3).id, StopCause::PeerRequest));
    node.set_policy(policy(2, true, false)).await;
    assert_eq!(node.stopped().await, (spec(&key, 1).id, StopCause::SwitchedOff));
}
