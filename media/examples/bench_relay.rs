//! CPU per forwarded packet: one publisher, N watchers, beside a bare UDP fan-out of the same packets. And CPU per stream
//! that is taken and captured as it is, of many at once. Prints, asserts nothing. Clients run in this process; only the
//! node's own threads are counted.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    dead_code,
    reason = "a program for developers, with the support of the tests"
)]

#[path = "../tests/relay/support/mod.rs"]
mod support;

use std::{
    fs,
    net::UdpSocket,
    time::{Duration, Instant},
};
use support::{
    Node,
    client::{AUDIO, Client, VIDEO},
};

const WATCHERS: u8 = 24;
const STREAMS: u8 = 24;
const WINDOW: Duration = Duration::from_secs(10);
/// Four packets per picture, 30 pictures a second.
const VIDEO_PACKET: [u8; 1188] = [0x10; 1188];
const AUDIO_PACKET: [u8; 108] = [0x78; 108];
/// Of a stream of 1.5 Mbit/s.
const PACKETS_PER_PICTURE: u16 = 5;
const PICTURE_TIME: Duration = Duration::from_micros(33_333);
const SOUND_TIME: Duration = Duration::from_millis(20);
/// What goes on the wire for them.
const BARE: [usize; 5] = [1200, 1200, 1200, 1200, 120];
/// Clock ticks per second in /proc (USER_HZ).
const TICKS: f64 = 100.0;

/// CPU seconds used so far by threads whose name begins with `prefix`.
fn cpu(prefix: &str) -> f64 {
    let mut ticks = 0.0;
    for task in fs::read_dir("/proc/self/task").unwrap().flatten() {
        let read = |file: &str| fs::read_to_string(task.path().join(file)).unwrap_or_default();
        if read("comm").starts_with(prefix) {
            let stat = read("stat");
            let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or("").split(' ').collect();
            ticks += fields[11..13].iter().map(|field| field.parse::<f64>().unwrap()).sum::<f64>();
        }
    }
    ticks / TICKS
}

/// Publishes pictures and sound at their pace until `end`.
async fn publish(node: &Node, publisher: &mut Client, watchers: &mut [Client], end: Instant) {
    let (mut picture, mut sequence) = (0_u16, publisher.next_number);
    let begin = media::clock::now();
    while media::clock::now() < end {
        if media::clock::now() >= begin + Duration::from_millis(33) * u32::from(picture) {
            for _ in 0..4 {
                publisher.publish(VIDEO, sequence, u32::from(picture) * 3000, &VIDEO_PACKET);
                sequence = sequence.wrapping_add(1);
            }
            publisher.publish(AUDIO, sequence / 4, u32::from(picture) * 1600, &AUDIO_PACKET);
            picture += 1;
        }
        publisher.step(node).await;
        for watcher in watchers.iter_mut() {
            watcher.step(node).await;
        }
    }
    publisher.next_number = sequence;
}

/// CPU seconds for sending as many packets with nothing but `sendto`.
fn bare(packets: usize) -> f64 {
    let target = UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = target.local_addr().unwrap();
    let thread = std::thread::Builder::new().name("bare".into()).spawn(move || {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let bytes = [0; 1500];
        for sent in 0..packets {
            socket.send_to(&bytes[..BARE[sent % BARE.len()]], to).unwrap();
        }
        cpu("bare")
    });
    thread.unwrap().join().unwrap()
}

/// A client that sends pictures and sound, each at its own pace.
struct Stream {
    client: Client,
    begin: Instant,
    pictures: u16,
    sounds: u16,
    video_number: u16,
}

impl Stream {
    async fn join(node: &Node, n: u8) -> Self {
        let client = Client::join(node, &room_name(n), n, Some(1000)).await;
        client.socket.set_nonblocking(true).unwrap();
        // Not all at the same moment.
        let begin = media::clock::now() + PICTURE_TIME * u32::from(n) / u32::from(STREAMS);
        Self { client, begin, pictures: 0, sounds: 0, video_number: 0 }
    }

    async fn step(&mut self, node: &Node) {
        let now = media::clock::now();
        while now >= self.begin + PICTURE_TIME * u32::from(self.pictures) {
            for _ in 0..PACKETS_PER_PICTURE {
                self.client.publish(VIDEO, self.video_number, u32::from(self.pictures) * 3000, &VIDEO_PACKET);
                self.video_number = self.video_number.wrapping_add(1);
            }
            self.pictures += 1;
        }
        while now >= self.begin + SOUND_TIME * u32::from(self.sounds) {
            self.client.publish(AUDIO, self.sounds, u32::from(self.sounds) * 960, &AUDIO_PACKET);
            self.sounds += 1;
        }
        self.client.step(node).await;
    }
}

fn room_name(n: u8) -> String {
    format!("room-{n}")
}

async fn run(node: &Node, streams: &mut [Stream], time: Duration) {
    let end = media::clock::now() + time;
    while media::clock::now() < end {
        for stream in streams.iter_mut() {
            stream.step(node).await;
        }
    }
}

async fn pass_through() {
    let mut node = Node::start();
    let mut streams = Vec::new();
    for n in 0..STREAMS {
        streams.push(Stream::join(&node, n).await);
    }
    while !streams.iter().all(|stream| stream.client.connected) {
        run(&node, &mut streams, Duration::from_millis(100)).await;
    }
    for (n, stream) in (0..STREAMS).zip(&mut streams) {
        node.record(&room_name(n), &mut stream.client.person).await;
    }
    run(&node, &mut streams, Duration::from_secs(2)).await;
    let counted = || (["relay-", "capture"].map(cpu), node.workers.counts.detours());
    let (before, passed_before) = counted();
    run(&node, &mut streams, WINDOW).await;
    let (after, passed_after) = counted();
    let share = |index: usize| (after[index] - before[index]) * 100.0 / WINDOW.as_secs_f64() / f64::from(STREAMS);
    println!("{STREAMS} streams of 1.5 Mbit/s, each taken and captured, for {WINDOW:?}");
    println!("  relay      {:6.2} % of a core per stream", share(0));
    println!("  capture    {:6.2} % of a core per stream", share(1));
    println!("  both       {:6.2} % of a core per stream (must 2)", share(0) + share(1));
    let detours = passed_after - passed_before;
    println!("  detours    {detours:6} datagrams came to a worker that had to pass them on");
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    forward().await;
    pass_through().await;
}

async fn forward() {
    let node = Node::start();
    let mut publisher = Client::join(&node, "room", 0, Some(1000)).await;
    let mut watchers = Vec::new();
    for n in 1..=WATCHERS {
        watchers.push(Client::join(&node, "room", n, None).await);
    }
    for client in watchers.iter_mut().chain([&mut publisher]) {
        client.socket.set_nonblocking(true).unwrap();
    }
    while !(publisher.connected && watchers.iter().all(|watcher| !watcher.received.is_empty())) {
        let soon = media::clock::now() + Duration::from_millis(100);
        publish(&node, &mut publisher, &mut watchers, soon).await;
    }
    watchers.iter_mut().for_each(|watcher| watcher.received.clear());
    let before = cpu("relay-");
    publish(&node, &mut publisher, &mut watchers, media::clock::now() + WINDOW).await;
    let used = cpu("relay-") - before;
    let counts: Vec<usize> = watchers.iter().map(|watcher| watcher.received.len()).collect();
    let forwarded: usize = counts.iter().sum();
    let floor = bare(forwarded);
    let each = |seconds: f64| seconds * 1e6 / forwarded as f64;
    println!("relay, 1 -> {WATCHERS}, {forwarded} packets in {WINDOW:?}");
    println!("  relay      {:6.1} us CPU per forwarded packet", each(used));
    println!("  bare UDP   {:6.1} us CPU per packet, sendto to one socket, no crypto", each(floor));
    println!("  ratio      {:6.2}", used / floor);
    let (fewest, most) = (counts.iter().min(), counts.iter().max());
    println!("  delivered  {} to {} packets per watcher", fewest.unwrap_or(&0), most.unwrap_or(&0));
    node.workers.shut_down().await;
}
