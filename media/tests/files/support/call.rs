//! Simulated calls: peers with their own clocks behind networks that delay, lose and repair, recorded by the real
//! capture. Everything follows from the seeds.

use super::media::{Content, Packet};
use media::capture::{
    self, CaptureEvent, CaptureHandle, Codec, Manifest, Record, SpoolBudget, TrackHeader, TrackIndex, TrackKind,
};
use protocol::{
    ids::{ApplicationId, PeerId, RecordingId, TrackId},
    names::RoomName,
    recording::{CaptureKey, RecordingSpec, StopCause},
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use tempfile::TempDir;

/// Seconds every packet takes at least.
pub const NETWORK_SECONDS: f64 = 0.04;

/// A peer and its way to the node.
#[derive(Debug, Clone)]
pub struct Peer {
    pub content: Content,
    /// Of its pictures.
    pub codec: Codec,
    pub has_video: bool,
    pub has_audio: bool,
    /// Seconds after the recording's start.
    pub joins: f64,
    pub leaves: f64,
    /// From then on the peer sends no picture, without ending the track.
    pub camera_stops: f64,
    /// How much faster than true the peer's clock runs, in parts per million.
    pub drift_ppm: f64,
    /// Share of packets lost on the way, and of those the share repaired 150 ms later.
    pub loss: f64,
    pub repaired: f64,
    /// Seconds video takes longer than audio.
    pub video_delay: f64,
    pub sends_reports: bool,
    /// Share of packets whose payload is noise.
    pub noise: f64,
}

impl Peer {
    /// A peer with a perfect clock and network, there from the start to `leaves`.
    pub fn new(content: Content, leaves: f64) -> Self {
        Self {
            content,
            codec: Codec::Vp8,
            has_video: true,
            has_audio: true,
            joins: 0.0,
            leaves,
            camera_stops: leaves,
            drift_ppm: 0.0,
            loss: 0.0,
            repaired: 1.0,
            video_delay: 0.0,
            sends_reports: true,
            noise: 0.0,
        }
    }
}

/// A recorded call.
pub struct Call {
    spool: TempDir,
    pub spec: RecordingSpec,
}

struct Arrival {
    at: f64,
    track: TrackIndex,
    record: Record,
}

impl Call {
    /// Records `peers` for `seconds`; without `stopped` the log ends like that of a process that was killed.
    pub fn record(peers: &[Peer], seconds: f64, stopped: bool) -> Self {
        let call = Self { spool: tempfile::tempdir().unwrap(), spec: spec() };
        let budget = Arc::new(SpoolBudget::open(call.spool.path(), u64::MAX).unwrap());
        let problem = |problem| panic!("{problem:?}");
        let handle =
            capture::start(&call.directory(), &call.spec, 1_700_000_000_000, Arc::clone(&budget), problem).unwrap();
        let mut arrivals = Vec::new();
        for (peer, number) in peers.iter().zip(1..) {
            join(&handle, peer, number, &mut arrivals);
        }
        arrivals.retain(|arrival| arrival.at < seconds);
        arrivals.sort_by(|a, b| a.at.total_cmp(&b.at));
        let mut appended = 0;
        for Arrival { at, track, record } in arrivals {
            appended += if let Record::Rtp(packet) = &record { packet.len() as u64 } else { 0 };
            handle.append(track, microseconds(at), record);
            // Hours of call are appended in moments here: wait for the writer before its queue is full.
            while appended > budget.used() + 1_000_000 {
                std::thread::yield_now();
            }
        }
        for (peer, number) in peers.iter().zip(1..).filter(|(peer, _)| peer.leaves < seconds) {
            handle.event(microseconds(peer.leaves), CaptureEvent::PeerLeft { peer: peer_id(number) });
        }
        if stopped {
            handle.stop(microseconds(seconds), StopCause::PeerRequest);
        }
        let finished = handle.finished();
        drop(handle);
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(finished);
        assert_eq!(Manifest::read(&call.directory()).unwrap().id, call.spec.id);
        call
    }

    pub fn directory(&self) -> PathBuf {
        self.spool.path().join(self.spec.id.to_string())
    }

    /// The capture's file of this number, tracks in the order video, audio of the first peer, of the second, …
    pub fn track_log(&self, number: usize) -> PathBuf {
        self.directory().join(format!("track-{number:04}.log"))
    }

    pub fn scratch(&self) -> &Path {
        self.spool.path()
    }
}

fn spec() -> RecordingSpec {
    RecordingSpec {
        id: RecordingId::from_parts(1, [1; 10]),
        application: ApplicationId::from_parts(1, [1; 10]),
        room: RoomName::try_from("lobby".to_owned()).unwrap(),
        capture_key: CaptureKey::new([7; 32]),
        max_duration_seconds: 3600,
        idle_timeout_seconds: 3600,
        delivery: Default::default(),
    }
}

/// The id of the peer of this number, counted from one.
pub fn peer_id(number: u8) -> PeerId {
    PeerId::from_parts(1, [number; 10])
}

fn microseconds(seconds: f64) -> u64 {
    (seconds * 1e6) as u64
}

fn join(handle: &CaptureHandle, peer: &Peer, number: u8, arrivals: &mut Vec<Arrival>) {
    handle.event(microseconds(peer.joins), CaptureEvent::PeerJoined { peer: peer_id(number), name: None });
    let seconds = peer.leaves - peer.joins;
    let mut random = Random(u64::from(number) * 7919 + 12_345);
    // Every peer is wrong about the time of day in its own way.
    let wall_clock = 3.9e9 + f64::from(number) * 1234.5678;
    let kinds = [
        (TrackKind::Video, peer.codec, 96, 90_000, peer.has_video),
        (TrackKind::Audio, Codec::Opus, 111, 48_000, peer.has_audio),
    ];
    for (index, (kind, codec, payload_type, clock_rate, _)) in (0..).zip(kinds).filter(|(_, kind)| kind.4) {
        let track = handle.open_track(TrackHeader {
            recording: spec().id,
            peer: peer_id(number),
            name: None,
            track: TrackId::from_parts(1, [number * 2 + index; 10]),
            kind,
            codec,
            payload_type,
            clock_rate,
        });
        let (packets, delay) = match kind {
            TrackKind::Video => {
                (peer.content.video(peer.codec, seconds.min(peer.camera_stops - peer.joins)), peer.video_delay)
            }
            TrackKind::Audio => (peer.content.audio(seconds), 0.0),
        };
        let way = Way { peer, track, delay, clock_rate, wall_clock };
        way.send(packets, &mut random, arrivals);
    }
}

/// The way of one track's packets.
struct Way<'a> {
    peer: &'a Peer,
    track: TrackIndex,
    delay: f64,
    clock_rate: u32,
    wall_clock: f64,
}

impl Way<'_> {
    fn send(&self, packets: Vec<Packet>, random: &mut Random, arrivals: &mut Vec<Arrival>) {
        let mut next_report = 0.5;
        for Packet { captured, mut bytes } in packets {
            let true_seconds = captured / (1.0 + self.peer.drift_ppm * 1e-6);
            let jitter = -0.008 * (1.0 - random.share()).ln();
            let mut at = self.peer.joins + true_seconds + NETWORK_SECONDS + self.delay + jitter;
            if self.peer.sends_reports && captured >= next_report {
                next_report += 1.0;
                let timestamp = u32::from_be_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
                let ssrc = u32::from_be_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]);
                // The report is made 5 ms after this packet's content was captured.
                let ntp = ((self.wall_clock + captured + 0.005) * 2f64.powi(32)) as u64;
                let rtp = timestamp.wrapping_add(self.clock_rate / 200);
                arrivals.push(Arrival { at, track: self.track, record: Record::SenderReport { ssrc, ntp, rtp } });
            }
            if random.share() < self.peer.loss {
                if random.share() >= self.peer.repaired {
                    continue;
                }
                at += 0.15;
            }
            if random.share() < self.peer.noise {
                bytes[12..].fill_with(|| (random.share() * 256.0) as u8);
            }
            arrivals.push(Arrival { at, track: self.track, record: Record::Rtp(bytes.into()) });
        }
    }
}

/// Xorshift.
struct Random(u64);

impl Random {
    fn share(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}
