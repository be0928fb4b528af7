//! Whole files, taken apart again.

use super::{
    ebml::{
        Id,
        reading::{element, elements, unsigned},
    },
    *,
};
use crate::capture::{self, CaptureHandle, Record, SpoolBudget, TrackIndex};
use mp4_atom::{Decode as _, Ftyp, Moov, StszSamples};
use proptest::prelude::*;
use protocol::{
    ids::{ApplicationId, PeerId, RecordingId, TrackId},
    names::RoomName,
    recording::{CaptureKey, RecordingSpec, StopCause},
};
use std::sync::Arc;
use tempfile::TempDir;

const STARTED_MS: u64 = 1_700_000_000_000;
const CLUSTER: Id = 0x1f43_b675;
/// What an H.264 encoder sends before a key frame of 320 × 180, in one packet.
const H264_PARAMETERS: [u8; 32] = [
    0x78, 0, 23, 0x67, 0x42, 0xc0, 0x0d, 0xda, 0x05, 0x06, 0x7e, 0x7c, 0x04, 0x40, 0x00, 0x00, 0x03, 0x00, 0x40, 0x00,
    0x00, 0x0f, 0x03, 0xc5, 0x0a, 0xa8, 0, 4, 0x68, 0xce, 0x0f, 0xc8,
];

/// One thing that happens while a capture is written.
#[derive(Debug, Clone)]
enum Sent {
    /// A picture of so many bytes.
    Picture {
        is_key: bool,
        bytes: usize,
    },
    Sound,
    /// A packet with this payload, on the picture's or the sound's track.
    Foreign(bool, Vec<u8>),
    /// So many packets of each track never arrive.
    Lost(u16),
    /// Nobody sends anything, for milliseconds.
    Silence(u32),
}

struct Sender {
    codec: Codec,
    capture: CaptureHandle,
    video: TrackIndex,
    audio: TrackIndex,
    at_ms: u32,
    sequences: [u16; 2],
}

impl Sender {
    /// A packet that ends its picture.
    fn packet(&mut self, is_video: bool, payload: &[u8]) {
        self.part(is_video, if is_video { 0xe0 } else { 0x6f }, payload);
    }

    fn part(&mut self, is_video: bool, kind: u8, payload: &[u8]) {
        let index = usize::from(is_video);
        let (track, rate) = if is_video { (self.video, 90) } else { (self.audio, 48) };
        let sequence = self.sequences[index];
        self.sequences[index] = sequence.wrapping_add(1);
        // Both clocks wrap within the first second.
        let timestamp = (u32::MAX - 40_000).wrapping_add(self.at_ms * rate);
        let bytes = [
            &[0x80, kind][..],
            &sequence.to_be_bytes(),
            &timestamp.to_be_bytes(),
            &[0, 0, 0, u8::from(is_video)],
            payload,
        ];
        self.capture.append(track, u64::from(self.at_ms) * 1000, Record::Rtp(bytes.concat().into()));
    }

    fn send(&mut self, sent: &Sent) {
        match sent {
            Sent::Picture { is_key, bytes } => {
                let header: &[u8] = match (self.codec, is_key) {
                    (Codec::H264, true) => {
                        self.part(true, 0x60, &H264_PARAMETERS);
                        &[0x65]
                    }
                    (Codec::H264, false) => &[0x41],
                    (_, true) => &[0x10, 0x10, 0, 0, 0x9d, 1, 0x2a, 64, 1, 180, 0],
                    (_, false) => &[0x10, 0x11, 0, 0],
                };
                self.packet(true, &[header, &vec![7; *bytes]].concat());
                self.at_ms += 33;
            }
            Sent::Sound => {
                self.packet(false, &[0x78, 1, 2, 3]);
                self.at_ms += 20;
            }
            Sent::Foreign(is_video, payload) => self.packet(*is_video, payload),
            Sent::Lost(packets) => {
                self.sequences.iter_mut().for_each(|sequence| *sequence = sequence.wrapping_add(*packets));
            }
            Sent::Silence(milliseconds) => self.at_ms += milliseconds,
        }
    }
}

fn record(video: Codec, everything: &[Sent]) -> (TempDir, Capture) {
    let codec = video;
    let spool = tempfile::tempdir().unwrap();
    let key = CaptureKey::new([7; 32]);
    let spec = RecordingSpec {
        id: RecordingId::from_parts(1, [1; 10]),
        application: ApplicationId::from_parts(1, [1; 10]),
        room: RoomName::try_from("lobby".to_owned()).unwrap(),
        capture_key: key.clone(),
        max_duration_seconds: 3600,
        idle_timeout_seconds: 3600,
        delivery: Default::default(),
    };
    let directory = spool.path().join("capture");
    let budget = Arc::new(SpoolBudget::open(spool.path(), u64::MAX).unwrap());
    let capture = capture::start(&directory, &spec, STARTED_MS, budget, |problem| panic!("{problem:?}")).unwrap();
    let open = |kind, codec, payload_type, clock_rate| {
        capture.open_track(TrackHeader {
            recording: spec.id,
            peer: PeerId::from_parts(1, [1; 10]),
            name: None,
            track: TrackId::from_parts(1, [payload_type; 10]),
            kind,
            codec,
            payload_type,
            clock_rate,
        })
    };
    let video = open(TrackKind::Video, codec, 96, 90_000);
    let audio = open(TrackKind::Audio, Codec::Opus, 111, 48_000);
    let mut sender = Sender { codec, capture, video, audio, at_ms: 0, sequences: [65_530; 2] };
    everything.iter().for_each(|sent| sender.send(sent));
    let finished = sender.capture.finished();
    sender.capture.stop(u64::from(sender.at_ms) * 1000, StopCause::PeerRequest);
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(finished);
    let capture = capture::read(&directory, &key).unwrap();
    (spool, capture)
}

/// Checks everything that holds for any file: sizes, positions, order, and what was said before about it.
fn check(remux: &Remux) {
    let pieces: Vec<Bytes> = remux.bytes().unwrap().map(Result::unwrap).collect();
    let file = pieces.concat();
    let facts = remux.facts();
    assert_eq!(file.len() as u64, facts.bytes);
    assert_eq!(file, remux.bytes().unwrap().map(Result::unwrap).collect::<Vec<_>>().concat(), "the same again");

    let (_, _, rest) = element(&file);
    let (id, segment, rest) = element(rest);
    assert_eq!((id, rest), (0x1853_8067, &[][..]));
    let found = elements(segment);
    let ids: Vec<Id> = found.iter().map(|element| element.0).collect();
    assert_eq!(ids[..4], [0x114d_9b74, 0x1549_a966, 0x1654_ae6b, 0x1c53_bb6b]);
    assert!(ids[4..].iter().all(|&id| id == CLUSTER));
    for (_, seek) in elements(found[0].1) {
        let [(_, id), (_, position)] = elements(seek)[..] else { panic!("{seek:?}") };
        assert_eq!(u64::from(element(&segment[unsigned(position) as usize..]).0), unsigned(id));
    }
    let duration = elements(found[1].1).into_iter().find(|element| element.0 == 0x4489).unwrap().1;
    assert_eq!(f64::from_be_bytes(duration.try_into().unwrap()), facts.duration_ms as f64);

    let frames = check_clusters(&found[4..], facts);
    assert_eq!(
        frames,
        [facts.audio.as_ref().map_or(0, |audio| audio.packets), facts.video.as_ref().map_or(0, |video| video.frames)]
    );
    for (_, point) in elements(found[3].1) {
        let [(_, time), (_, place)] = elements(point)[..] else { panic!("{point:?}") };
        let (id, cluster, _) = element(&segment[unsigned(elements(place)[1].1) as usize..]);
        let blocks = elements(cluster);
        assert_eq!((id, unsigned(blocks[0].1)), (CLUSTER, unsigned(time)));
        assert_eq!((u64::from(blocks[1].1[0] & 0x7f), blocks[1].1[3]), (unsigned(elements(place)[0].1), 0x80));
    }
}

/// The same of an MP4: every sample is where the index says, and the index says when it is shown.
fn check_mp4(remux: &Remux) {
    let file = remux.bytes().unwrap().map(Result::unwrap).collect::<Vec<_>>().concat();
    let facts = remux.facts();
    assert_eq!(file.len() as u64, facts.bytes);
    let mut rest = file.as_slice();
    let brand = Ftyp::decode(&mut rest).unwrap();
    let index = Moov::decode(&mut rest).unwrap();
    assert_eq!((brand.major_brand, index.mvhd.duration), (b"isom".into(), facts.duration_ms));
    assert_eq!((rest.len(), &rest[4..8]), (u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize, &b"mdat"[..]));
    let (mut frames, mut covered) = ([0, 0], 8);
    for track in &index.trak {
        let table = &track.mdia.minf.stbl;
        let is_video = track.mdia.hdlr.handler == b"vide".into();
        let StszSamples::Different { sizes } = &table.stsz.samples else { panic!("sizes differ") };
        let media_time: u64 =
            table.stts.entries.iter().map(|e| u64::from(e.sample_count) * u64::from(e.sample_delta)).sum();
        assert_eq!(table.stts.entries.iter().map(|e| e.sample_count as usize).sum::<usize>(), sizes.len());
        assert!(table.stts.entries.iter().all(|entry| entry.sample_delta > 0), "times rise");
        assert_eq!(media_time, track.mdia.mdhd.duration);
        let (mut sizes_left, offsets) = (sizes.iter(), &table.stco.as_ref().unwrap().entries);
        for (number, offset) in (1..).zip(offsets) {
            let entry = table.stsc.entries.iter().rev().find(|entry| entry.first_chunk <= number).unwrap();
            let samples: Vec<u32> = sizes_left.by_ref().take(entry.samples_per_chunk as usize).copied().collect();
            let mut at = *offset as usize;
            for bytes in samples.into_iter().map(|bytes| bytes as usize) {
                let sample = &file[at..at + bytes];
                let unit = sample.first_chunk().map_or(0, |length| u32::from_be_bytes(*length) as usize);
                assert!(!is_video || unit > 0 && unit + 4 <= bytes, "pictures begin with a unit");
                at += bytes;
                covered += bytes;
            }
        }
        assert!(sizes_left.next().is_none());
        frames[usize::from(is_video)] = sizes.len() as u64;
    }
    assert_eq!(covered, rest.len(), "nothing is in the file twice or without being in the index");
    let expected =
        [facts.audio.as_ref().map_or(0, |audio| audio.packets), facts.video.as_ref().map_or(0, |video| video.frames)];
    assert_eq!(frames, expected);
}

/// Sounds and pictures in the clusters, whose times must rise.
fn check_clusters(clusters: &[(Id, &[u8])], facts: &Facts) -> [u64; 2] {
    let (mut frames, mut last) = ([0; 2], [None; 2]);
    for (_, cluster) in clusters {
        let blocks = elements(cluster);
        let start = unsigned(blocks[0].1);
        assert!(blocks.len() > 1, "no cluster is empty");
        for (id, block) in &blocks[1..] {
            assert_eq!(*id, 0xa3);
            let index = usize::from(block[0] == 0x81);
            let time = start + u64::from(u16::from_be_bytes([block[1], block[2]]));
            assert!(time - start < 5000 && time < facts.duration_ms, "{time} from {start} in {facts:?}");
            assert!(last[index].is_none_or(|last| last < time), "{last:?} then {time}");
            assert!(index == 0 || last[1].is_some() || block[3] == 0x80, "the first picture is a key frame");
            last[index] = Some(time);
            frames[index] += 1;
        }
    }
    frames
}

fn something() -> impl Strategy<Value = Sent> {
    prop_oneof![
        8 => (prop::bool::weighted(0.1), 0usize..3000).prop_map(|(is_key, bytes)| Sent::Picture { is_key, bytes }),
        8 => Just(Sent::Sound),
        1 => (any::<bool>(), prop::collection::vec(any::<u8>(), 0..40)).prop_map(|(is_video, payload)| Sent::Foreign(is_video, payload)),
        1 => (1u16..50).prop_map(Sent::Lost),
        1 => (0u32..7000).prop_map(Sent::Silence),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_arrives_the_file_holds_together(everything in prop::collection::vec(something(), 0..300)) {
        for codec in [Codec::Vp8, Codec::H264] {
            let (_spool, capture) = record(codec, &everything);
            match Remux::prepare(capture, |_| true) {
                Ok(remux) if remux.facts().container == Container::Mp4 => check_mp4(&remux),
                // Also when nothing came but sound.
                Ok(remux) => check(&remux),
                Err(error) => prop_assert!(matches!(error, RemuxError::Empty), "{}", error),
            }
        }
    }
}

#[test]
fn nothing_that_can_be_shown_is_no_file() {
    let nothing: [&[Sent]; 3] = [
        &[],
        &[Sent::Picture { is_key: false, bytes: 100 }, Sent::Silence(1000)],
        &[Sent::Foreign(false, vec![0xfb]), Sent::Foreign(true, vec![1, 2, 3])],
    ];
    for sent in nothing {
        let (_spool, capture) = record(Codec::Vp8, sent);
        assert!(matches!(Remux::prepare(capture, |_| true), Err(RemuxError::Empty)), "{sent:?}");
    }
}

#[test]
fn pictures_wait_for_their_first_key_frame_while_sound_plays() {
    let mut sent = vec![Sent::Picture { is_key: false, bytes: 10 }; 30];
    sent.extend(vec![Sent::Sound; 50]);
    sent.push(Sent::Picture { is_key: true, bytes: 10 });
    let (_spool, capture) = record(Codec::Vp8, &sent);
    let remux = Remux::prepare(capture, |_| true).unwrap();
    check(&remux);
    let facts = remux.facts();
    assert_eq!(facts.video.as_ref().map(|video| (video.frames, video.width, video.height)), Some((1, 320, 180)));
    assert_eq!(facts.audio.as_ref().map(|audio| audio.packets), Some(50));
    assert_eq!(facts.duration_ms, 1033);
    assert_eq!(facts.first_frame_written_ms, STARTED_MS + 30 * 33 + 50 * 20);
    assert_eq!((facts.first_frame_captured_ms, facts.approximate_sync), (None, true));
}

#[test]
fn a_log_that_goes_away_ends_the_file_with_an_error() {
    let (spool, capture) = record(Codec::Vp8, &vec![Sent::Sound; 1000]);
    let remux = Remux::prepare(capture, |_| true).unwrap();
    let log = spool.path().join("capture/track-0002.log");
    let bytes = std::fs::read(&log).unwrap();
    std::fs::write(&log, &bytes[..bytes.len() / 2]).unwrap();
    let pieces: Vec<_> = remux.bytes().unwrap().collect();
    assert!(matches!(pieces.last(), Some(Err(RemuxError::Changed))));
    assert!(pieces[..pieces.len() - 1].iter().all(Result::is_ok));
    std::fs::remove_file(log).unwrap();
    assert!(matches!(remux.bytes(), Err(RemuxError::Capture(_))));
}
