//! The capture as its users see it: what was written is read, whatever happened in between.

use super::*;
use proptest::prelude::*;
use protocol::{
    ids::ApplicationId,
    names::RoomName,
    recording::{CaptureKey, RecordingSpec},
};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
};
use tempfile::TempDir;

fn spec(number: u8) -> RecordingSpec {
    RecordingSpec {
        id: RecordingId::from_parts(1, [number; 10]),
        application: ApplicationId::from_parts(1, [1; 10]),
        room: RoomName::try_from("lobby".to_owned()).unwrap(),
        capture_key: CaptureKey::new([number; 32]),
        max_duration_seconds: 60,
        idle_timeout_seconds: 60,
        delivery: Default::default(),
    }
}

fn header(number: u8) -> TrackHeader {
    TrackHeader {
        recording: spec(1).id,
        peer: PeerId::from_parts(1, [number; 10]),
        name: Some("Anna".to_owned()),
        track: TrackId::from_parts(1, [number; 10]),
        kind: TrackKind::Audio,
        codec: Codec::Opus,
        payload_type: 111,
        clock_rate: 48_000,
    }
}

fn packet(number: u16) -> Record {
    let mut bytes = vec![0x80, 111];
    bytes.extend(number.to_be_bytes());
    bytes.extend((u32::from(number) * 960).to_be_bytes());
    bytes.extend([0, 0, 0, 9]);
    bytes.extend([number as u8; 50]);
    Record::Rtp(bytes.into())
}

fn wait(finished: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(finished);
}

struct Spool {
    root: TempDir,
    budget: Arc<SpoolBudget>,
}

impl Spool {
    fn new(max_bytes: u64) -> Self {
        let root = tempfile::tempdir().unwrap();
        let budget = Arc::new(SpoolBudget::open(root.path(), max_bytes).unwrap());
        Self { root, budget }
    }

    fn directory(&self) -> PathBuf {
        self.root.path().join("capture")
    }

    fn start(&self) -> (CaptureHandle, mpsc::Receiver<CaptureProblem>) {
        let (problems, problem) = mpsc::sync_channel(8);
        let report = move |problem| problems.send(problem).unwrap();
        (start(&self.directory(), &spec(1), 1234, Arc::clone(&self.budget), report).unwrap(), problem)
    }

    /// A capture of two tracks with `packets` packets each.
    fn capture(&self, packets: u16, stop: bool) {
        let (handle, problem) = self.start();
        let tracks = [handle.open_track(header(1)), handle.open_track(header(2))];
        handle.event(5, CaptureEvent::PeerJoined { peer: header(1).peer, name: None });
        for number in 0..packets {
            for track in tracks {
                handle.append(track, 1000 * u64::from(number), packet(number));
            }
        }
        handle.append(tracks[0], 99_000_000, Record::SenderReport { ssrc: 9, ntp: 1 << 33, rtp: 77 });
        if stop {
            handle.stop(100_000_000, StopCause::PeerRequest);
        }
        let finished = handle.finished();
        drop(handle);
        wait(finished);
        assert_eq!(problem.try_iter().count(), 0);
    }

    fn read(&self) -> Result<Capture, CaptureError> {
        read(&self.directory(), &spec(1).capture_key)
    }
}

fn records(track: &TrackLog) -> Vec<LoggedRecord> {
    track.records().unwrap().collect()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_was_written_is_read() {
    let spool = Spool::new(1 << 20);
    spool.capture(300, true);
    let capture = spool.read().unwrap();
    assert_eq!((capture.started_ms, capture.end_us), (1234, 100_000_000));
    assert_eq!(capture.events.len(), 2);
    assert_eq!(capture.tracks.iter().map(|track| track.header.clone()).collect::<Vec<_>>(), [header(1), header(2)]);
    let first = records(&capture.tracks[0]);
    assert_eq!(first.len(), 301);
    assert_eq!(first[7], LoggedRecord { arrival_us: 7000, record: packet(7) });
    assert_eq!(first[300].record, Record::SenderReport { ssrc: 9, ntp: 1 << 33, rtp: 77 });
    assert_eq!(capture.tracks[1].packets().unwrap().count(), 300);
    assert_eq!(mode(&spool.directory()), 0o700);
    assert_eq!(Manifest::read(&spool.directory()).unwrap().id, spec(1).id);
}

#[test]
fn media_and_names_are_unreadable_without_the_key() {
    let spool = Spool::new(1 << 20);
    spool.capture(3, true);
    assert!(matches!(read(&spool.directory(), &spec(2).capture_key), Err(CaptureError::WrongKey)));
    for entry in fs::read_dir(spool.directory()).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(4).any(|window| window == b"Anna" || window == [2; 4]));
    }
}

#[test]
fn a_second_capture_of_a_recording_is_refused() {
    let spool = Spool::new(1 << 20);
    spool.capture(3, true);
    let again = start(&spool.directory(), &spec(1), 0, Arc::clone(&spool.budget), |_| {});
    assert!(matches!(again, Err(CaptureError::AlreadyExists)));
}

#[test]
fn a_capture_without_an_end_ends_with_its_last_record() {
    let spool = Spool::new(1 << 20);
    spool.capture(10, false);
    assert_eq!(spool.read().unwrap().end_us, 99_000_000);
}

#[test]
fn a_full_spool_is_reported_once_and_leaves_a_readable_capture() {
    let spool = Spool::new(20_000);
    let (handle, problem) = spool.start();
    let track = handle.open_track(header(1));
    for number in 0..1000 {
        handle.append(track, 1000 * u64::from(number), packet(number));
        if number == 100 {
            // The writer comes by on its own; what it flushed is on disk before the rest no longer fits.
            while spool.budget.used() < 5000 {
                std::thread::yield_now();
            }
        }
    }
    assert_eq!(problem.recv().unwrap(), CaptureProblem::SpoolFull);
    wait(handle.finished());
    handle.stop(9_000_000, StopCause::SpoolFull);
    let capture = spool.read().unwrap();
    assert!(records(&capture.tracks[0]).len() >= 100);
    assert!(spool.budget.used() <= 20_000);
    assert_eq!(problem.try_iter().count(), 0);

    erase(&spool.directory(), &spool.budget).unwrap();
    erase(&spool.directory(), &spool.budget).unwrap();
    assert_eq!(spool.budget.used(), 0);
}

#[test]
fn packets_of_an_ended_track_are_ignored() {
    let spool = Spool::new(1 << 20);
    let (handle, _problem) = spool.start();
    let track = handle.open_track(header(1));
    handle.append(track, 1, packet(1));
    handle.event(2, CaptureEvent::TrackEnded { track: header(1).track });
    handle.append(track, 3, packet(2));
    handle.stop(4, StopCause::RoomEmpty);
    handle.append(track, 5, packet(3));
    wait(handle.finished());
    assert_eq!(records(&spool.read().unwrap().tracks[0]).len(), 1);
}

#[test]
fn no_directory_is_not_a_capture() {
    let missing = read(Path::new("/nonexistent"), &spec(1).capture_key);
    assert!(matches!(missing, Err(CaptureError::NotACapture)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damage_costs_what_comes_after_it_and_nothing_else(place in 0.0..1.0f64, cut: bool, noise: Vec<u8>) {
        let spool = Spool::new(1 << 20);
        spool.capture(20, true);
        let path = spool.directory().join("track-0001.log");
        let whole = records(&spool.read().unwrap().tracks[0]);
        let mut bytes = fs::read(&path).unwrap();
        let place = (place * bytes.len() as f64) as usize;
        if cut {
            bytes.truncate(place);
        } else {
            bytes[place] ^= 0x55;
        }
        bytes.extend(noise);
        fs::write(&path, bytes).unwrap();
        let capture = spool.read().unwrap();
        let other = capture.tracks.last().unwrap();
        prop_assert_eq!(&other.header, &header(2));
        prop_assert_eq!(records(other).len(), 20);
        if capture.tracks.len() == 2 {
            let rest = records(&capture.tracks[0]);
            prop_assert_eq!(&whole[..rest.len()], &rest[..]);
        }
    }

    #[test]
    fn noise_is_not_a_capture(events: Vec<u8>, track: Vec<u8>) {
        let spool = Spool::new(1 << 20);
        spool.capture(1, true);
        fs::write(spool.directory().join("track-0001.log"), track).unwrap();
        prop_assert_eq!(spool.read().unwrap().tracks.len(), 1);
        fs::write(spool.directory().join("events.log"), events).unwrap();
        prop_assert!(spool.read().is_err());
    }
}

#[test]
fn a_track_whose_log_cannot_be_made_costs_the_others_nothing_and_is_tried_again() {
    let spool = Spool::new(u64::MAX);
    let (handle, problem) = spool.start();
    let first = handle.open_track(header(1));
    let in_the_way = spool.directory().join("track-0002.log");
    fs::create_dir(&in_the_way).unwrap();
    let (second, third) = (handle.open_track(header(2)), handle.open_track(header(3)));
    let log_of = |number: u8| spool.directory().join(format!("track-{number:04}.log"));
    while !log_of(3).exists() {
        std::thread::yield_now();
    }
    fs::remove_dir(&in_the_way).unwrap();
    while !log_of(2).is_file() {
        std::thread::yield_now();
    }
    for track in [first, second, third] {
        handle.append(track, 2000, packet(1));
    }
    handle.stop(100_000_000, StopCause::PeerRequest);
    wait(handle.finished());
    assert_eq!(problem.try_iter().count(), 0);
    let capture = spool.read().unwrap();
    assert_eq!(capture.tracks.iter().map(|track| records(track).len()).collect::<Vec<_>>(), [1, 1, 1]);
}
