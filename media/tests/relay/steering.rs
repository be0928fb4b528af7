//! Which worker's socket a peer's datagrams come to.

use crate::support::{
    Node,
    client::{Client, VIDEO, run},
    room,
};
use media::sfu::WorkerCommand;
use tokio::sync::oneshot;

/// Steps in which a node would have shown what it does; each gives it some milliseconds.
const STEPS: u8 = 60;

fn name(n: u8) -> String {
    format!("room-{n}")
}

/// A client in a room of its own, connected, whose datagrams come to the wrong socket.
async fn detoured(node: &Node, ssrc: Option<u32>) -> (Client, String) {
    for n in 0..64 {
        let before = node.workers.counts.detours();
        let mut client = Client::join(node, &name(n), n, ssrc).await;
        run(node, &mut [&mut client], |clients| clients[0].connected).await;
        if node.workers.counts.detours() > before {
            return (client, name(n));
        }
    }
    panic!("all come to the right worker");
}

/// Publishes until nothing of it takes the detour any more.
async fn steered(node: &Node, client: &mut Client) {
    let (mut before, mut straight) = (node.workers.counts.detours(), 0);
    let mut number = client.next_number;
    run(node, &mut [client], |clients| {
        let detours = node.workers.counts.detours();
        straight = if detours == before { straight + 1 } else { 0 };
        before = detours;
        clients[0].publish(VIDEO, number, u32::from(number), b"picture");
        number = number.wrapping_add(1);
        straight == STEPS
    })
    .await;
    client.next_number = number;
}

/// Has every worker do what waits for it, many times.
async fn turns(node: &Node) {
    for room in (0..STEPS).map(|n| room(&name(n))) {
        let (answer, answered) = oneshot::channel();
        node.workers.to_room(&room, WorkerCommand::Knock { room: room.clone(), answer }).await;
        answered.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn media_that_came_to_the_wrong_worker_comes_to_the_right_one() {
    let node = Node::start();
    let (mut client, _) = detoured(&node, Some(1000)).await;
    steered(&node, &mut client).await;
}

#[tokio::test]
async fn what_nobody_can_be_known_by_goes_on_taking_the_detour() {
    let node = Node::start();
    let (mut client, _) = detoured(&node, None).await;
    let to = ([127, 0, 0, 1], node.workers.port()).into();
    for _ in 0..STEPS {
        client.send_garbage(to, b"\x80 no media of anybody");
        client.step(&node).await;
    }
    let before = node.workers.counts.detours();
    client.send_garbage(to, b"\x80 no media of anybody");
    run(&node, &mut [&mut client], |_| node.workers.counts.detours() > before).await;
}

#[tokio::test]
async fn whoever_left_cannot_have_workers_pass_a_datagram_to_and_fro() {
    let node = Node::start();
    let (mut client, room) = detoured(&node, Some(1000)).await;
    steered(&node, &mut client).await;
    node.disconnect(&room, &client.person).await;
    let before = node.workers.counts.detours();
    let to = ([127, 0, 0, 1], node.workers.port()).into();
    for claimed in [b"00bogus000:x", b"01bogus000:x"] {
        let check = [&[0, 1, 0, 16, 0x21, 0x12, 0xa4, 0x42][..], &[9; 12], &[0, 6, 0, 12], claimed].concat();
        client.send_garbage(to, &check);
    }
    client.send_garbage(to, b"\x80 after that");
    turns(&node).await;
    assert!(node.workers.counts.detours() - before <= 3, "each is passed on at most once");
}
