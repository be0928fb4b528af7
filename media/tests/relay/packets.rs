//! Media through the relay, between clients over real sockets: what arrives, what is captured, who is asked for
//! keyframes.

use crate::support::{
    self, Node,
    client::{AUDIO, Client, VIDEO, run},
};
use media::capture::{self, Record, TrackKind};
use std::net::Ipv4Addr;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// A VP8 payload descriptor and the first bytes of a keyframe, numbered.
fn frame(n: u16) -> Vec<u8> {
    let [high, low] = n.to_be_bytes();
    vec![0x10, 0x00, 0x9d, 0x01, 0x2a, high, low]
}

async fn connected(node: &Node, clients: &mut [&mut Client]) {
    run(node, clients, |clients| clients.iter().all(|client| client.connected)).await;
}

/// Publishes one packet of each kind per turn until the watcher has seen `count` of both.
async fn watch(node: &Node, publisher: &mut Client, watcher: &mut Client, count: usize) {
    let mut n = publisher.next_number;
    run(node, &mut [publisher, watcher], |clients| {
        clients[0].publish(AUDIO, n, u32::from(n) * 960, &n.to_be_bytes());
        clients[0].publish(VIDEO, n, u32::from(n) * 3000, &frame(n));
        n = n.wrapping_add(1);
        clients[1].payloads(AUDIO).len() >= count && clients[1].payloads(VIDEO).len() >= count
    })
    .await;
    publisher.next_number = n;
}

#[tokio::test]
async fn packets_arrive_unchanged_and_in_order_under_one_numbering() {
    let node = Node::start();
    let mut anna = Client::join(&node, "room", 1, Some(1000)).await;
    let mut ben = Client::join(&node, "room", 2, Some(2000)).await;
    connected(&node, &mut [&mut anna, &mut ben]).await;
    watch(&node, &mut anna, &mut ben, 100).await;
    let audio: Vec<u16> =
        ben.payloads(AUDIO).iter().map(|payload| u16::from_be_bytes([payload[0], payload[1]])).collect();
    assert!(audio.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1)), "{audio:?}");
    let mut numbers =
        ben.received.iter().filter(|packet| packet.header.payload_type == VIDEO).map(|p| p.header.sequence_number);
    let first = numbers.next().unwrap();
    assert!(numbers.enumerate().all(|(i, number)| number == first.wrapping_add(i as u16 + 1)));
    assert!(anna.received.is_empty(), "a publisher hears itself");
}

/// As most clouds have it: no interface of the machine has the address that clients are told.
#[tokio::test]
async fn media_reaches_a_node_behind_an_address_translator() {
    let node = Node::advertising([192, 0, 2, 7].into());
    let mut anna = Client::join(&node, "room", 1, Some(1000)).await;
    let mut ben = Client::join(&node, "room", 2, Some(2000)).await;
    connected(&node, &mut [&mut anna, &mut ben]).await;
    watch(&node, &mut anna, &mut ben, 10).await;
}

#[tokio::test]
async fn connections_that_carry_no_media_are_closed() {
    let node = Node::start();
    // A check for a connection that the first worker does not have; its sender waits and says no more.
    let check = [&[0, 36, 0, 1, 0, 16, 0x21, 0x12, 0xa4, 0x42][..], &[9; 12], &[0, 6, 0, 12], b"00nobody00:x"].concat();
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, node.tcp_port)).await.unwrap();
    stream.write_all(&check).await.unwrap();
    let closed = timeout(support::PATIENCE, stream.read_to_end(&mut Vec::new())).await;
    assert_eq!(closed.unwrap().unwrap(), 0);

    let long = [&u16::MAX.to_be_bytes()[..], &[0; 3000]].concat();
    for sent in [&[0, 1, 7][..], &long, &[0, 0], b"GET / HTTP/1.1\r\n\r\n", &[0, 20, 0, 1]] {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, node.tcp_port)).await.unwrap();
        stream.write_all(sent).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        // A close before everything was read is a reset.
        let closed = timeout(support::PATIENCE, stream.read_to_end(&mut answer)).await.unwrap();
        assert!(closed.is_err() || answer.is_empty(), "{answer:?}");
    }
}

#[tokio::test]
async fn a_publisher_who_leaves_frees_the_slot_for_the_next() {
    let node = Node::start();
    let mut watcher = Client::join(&node, "room", 9, None).await;
    for n in 1..=3 {
        let mut publisher = Client::join(&node, "room", n, Some(u32::from(n) * 1000)).await;
        connected(&node, &mut [&mut publisher, &mut watcher]).await;
        watcher.received.clear();
        watch(&node, &mut publisher, &mut watcher, 10).await;
        node.disconnect("room", &publisher.person).await;
    }
    let ssrcs: std::collections::BTreeSet<u32> = watcher.received.iter().map(|packet| packet.header.ssrc).collect();
    assert_eq!(ssrcs.len(), 2, "one slot, one audio and one video stream");
}

#[tokio::test]
async fn keyframes_are_asked_of_the_publisher() {
    let node = Node::start();
    let mut anna = Client::join(&node, "room", 1, Some(1000)).await;
    let mut ben = Client::join(&node, "room", 2, None).await;
    connected(&node, &mut [&mut anna, &mut ben]).await;
    watch(&node, &mut anna, &mut ben, 5).await;
    let before = anna.keyframe_requests();
    ben.request_keyframes();
    run(&node, &mut [&mut anna, &mut ben], |clients| clients[0].keyframe_requests() > before).await;
}

#[tokio::test]
async fn what_was_published_is_in_the_capture() {
    let mut node = Node::start();
    let mut anna = Client::join(&node, "room", 1, Some(1000)).await;
    let mut ben = Client::join(&node, "room", 2, None).await;
    connected(&node, &mut [&mut anna, &mut ben]).await;
    watch(&node, &mut anna, &mut ben, 5).await;
    let recording = node.record("room", &mut anna.person).await;
    let (before, first) = (anna.keyframe_requests(), anna.next_number);
    ben.received.clear();
    watch(&node, &mut anna, &mut ben, 100).await;
    run(&node, &mut [&mut anna, &mut ben], |clients| clients[0].keyframe_requests() > before).await;
    node.say("room", &ben.person, protocol::native::ClientMessage::StopRecording).await;
    node.stopped().await;
    node.written(recording).await;
    let key = support::spec(&support::room("room"), 1).capture_key;
    let capture = capture::read(&node.directory(recording), &key).unwrap();
    let kinds: Vec<TrackKind> = capture.tracks.iter().map(|track| track.header.kind).collect();
    assert_eq!(kinds.len(), 2, "{kinds:?}");
    for track in &capture.tracks {
        assert_eq!(track.header.peer, anna.person.id);
        let numbers = track.records().unwrap().filter_map(|logged| match logged.record {
            Record::Rtp(packet) => Some(u16::from_be_bytes([packet[2], packet[3]])),
            _ => None,
        });
        let since_start: Vec<u16> = numbers.skip_while(|number| *number != first).take(50).collect();
        assert_eq!(since_start, (0..50).map(|n| first.wrapping_add(n)).collect::<Vec<_>>(), "{:?}", track.header.kind);
    }
}

#[tokio::test]
async fn garbage_on_the_media_port_disturbs_nobody() {
    let node = Node::start();
    let mut anna = Client::join(&node, "room", 1, Some(1000)).await;
    let mut ben = Client::join(&node, "room", 2, None).await;
    connected(&node, &mut [&mut anna, &mut ben]).await;
    let port = node.workers.port();
    let stranger = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    for n in 0..500_u16 {
        let datagram: Vec<u8> = (0..n).map(|i| (i.wrapping_mul(31) ^ n) as u8).collect();
        stranger.send_to(&datagram, ("127.0.0.1", port)).unwrap();
        // From a peer's own address too: STUN, DTLS, RTP and RTCP look-alikes.
        for first in [0, 20, 22, 128, 129, 200] {
            anna.send_garbage(([127, 0, 0, 1], port).into(), &[&[first], datagram.as_slice()].concat());
        }
    }
    watch(&node, &mut anna, &mut ben, 50).await;
}

/// Whether the packets of each kind came under one numbering without gaps and repetitions.
fn assert_contiguous(client: &Client) {
    for payload_type in [AUDIO, VIDEO] {
        let packets = client.received.iter().filter(|packet| packet.header.payload_type == payload_type);
        let numbers: Vec<u16> = packets.map(|packet| packet.header.sequence_number).collect();
        assert!(numbers.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1)), "{payload_type}: {numbers:?}");
    }
}

#[tokio::test]
async fn forged_cut_and_replayed_packets_of_an_established_session_harm_nobody() {
    let node = Node::start();
    let mut anna = Client::join(&node, "room", 1, Some(1000)).await;
    let mut ben = Client::join(&node, "room", 2, Some(2000)).await;
    connected(&node, &mut [&mut anna, &mut ben]).await;
    watch(&node, &mut anna, &mut ben, 50).await;
    watch(&node, &mut ben, &mut anna, 50).await;
    let to = ([127, 0, 0, 1], node.workers.port()).into();
    for (n, packet) in anna.sent.iter().enumerate() {
        anna.send_garbage(to, packet);
        for length in 0..packet.len() {
            anna.send_garbage(to, &packet[..length]);
        }
        // The right header with a number of its own, and noise where the ciphertext was.
        let mut forged = packet.clone();
        let header = if forged[1] & 0x7f >= 64 { 8 } else { 12 };
        for (i, byte) in forged.iter_mut().enumerate().skip(header) {
            *byte = (i * 31 + n * 7) as u8;
        }
        for ahead in [0_u16, 1, 100, 20_000, 40_000] {
            let number = u16::from_be_bytes([packet[2], packet[3]]).wrapping_add(ahead);
            if header == 12 {
                forged[2..4].copy_from_slice(&number.to_be_bytes());
            }
            anna.send_garbage(to, &forged);
        }
        let mut flipped = packet.clone();
        let last = flipped.len() - 1;
        flipped[n % last] ^= 1 << (n % 8);
        anna.send_garbage(to, &flipped);
    }
    ben.received.clear();
    anna.received.clear();
    watch(&node, &mut anna, &mut ben, 80).await;
    watch(&node, &mut ben, &mut anna, 80).await;
    assert_contiguous(&anna);
    assert_contiguous(&ben);
}

#[tokio::test]
async fn the_same_token_twice_gets_media_on_the_second_socket() {
    let node = Node::start();
    let mut anna = Client::join(&node, "room", 1, Some(1000)).await;
    let mut first = Client::join(&node, "room", 2, None).await;
    connected(&node, &mut [&mut anna, &mut first]).await;
    let mut second = Client::join(&node, "room", 2, None).await;
    connected(&node, &mut [&mut anna, &mut second]).await;
    watch(&node, &mut anna, &mut second, 10).await;
}
