//! Reads captures, whatever became of their writer.

use super::{
    CaptureError, CaptureEvent, Manifest, Record, TrackHeader,
    format::{self, EVENTS_FILE, HEADER_BYTES, Kind, PREFIX_BYTES, Prefix},
    order::Reordered,
    seal::{FileSeal, SealKey},
};
use protocol::{ids::RecordingId, recording::CaptureKey};
use std::{
    fs::File,
    io::{BufReader, ErrorKind, Read as _},
    path::{Path, PathBuf},
};

const BUFFER_BYTES: usize = 256 * 1024;

/// One recording's capture.
#[derive(Debug)]
pub struct Capture {
    /// Unix milliseconds; arrival times count from here.
    pub started_ms: u64,
    /// In the order they were opened.
    pub tracks: Vec<TrackLog>,
    /// With their arrival, in the order they were logged.
    pub events: Vec<(u64, CaptureEvent)>,
    /// When it was stopped or, after a crash, when the last record arrived.
    pub end_us: u64,
}

/// One track's log.
#[derive(Debug, Clone)]
pub struct TrackLog {
    pub header: TrackHeader,
    recording: RecordingId,
    path: PathBuf,
    number: u32,
    key: SealKey,
}

/// One record of a track, with its time of arrival in microseconds since the recording's start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedRecord {
    pub arrival_us: u64,
    pub record: Record,
}

/// Opens the capture in `directory`. What a crash or a full disk cut off at the end of a log is left out.
///
/// # Errors
/// There is no capture, the key is another one, or the disk refuses.
pub fn read(directory: &Path, key: &CaptureKey) -> Result<Capture, CaptureError> {
    let manifest = Manifest::read(directory)?;
    let key = SealKey::new(key).map_err(|_| CaptureError::WrongKey)?;
    let events = read_events(directory, manifest.id, &key)?;
    let tracks = open_tracks(directory, manifest.id, &key)?;
    let stopped = events.iter().find(|(_, event)| matches!(event, CaptureEvent::Stopped { .. }));
    let end_us = match stopped {
        Some(&(arrival_us, _)) => arrival_us,
        None => last_arrival(&events, &tracks)?,
    };
    Ok(Capture { started_ms: manifest.started_ms, tracks, events, end_us })
}

fn last_arrival(events: &[(u64, CaptureEvent)], tracks: &[TrackLog]) -> Result<u64, CaptureError> {
    let mut last = events.iter().map(|&(arrival_us, _)| arrival_us).max().unwrap_or(0);
    for track in tracks {
        last = track.records()?.map(|record| record.arrival_us).fold(last, u64::max);
    }
    Ok(last)
}

fn read_events(
    directory: &Path,
    recording: RecordingId,
    key: &SealKey,
) -> Result<Vec<(u64, CaptureEvent)>, CaptureError> {
    let mut log = OpenLog::open(&directory.join(format::file_name(EVENTS_FILE)), EVENTS_FILE, recording, key)?;
    let about = log.next_body().ok_or(CaptureError::WrongKey)?;
    serde_json::from_slice::<Manifest>(&about.2).map_err(|_| CaptureError::NotACapture)?;
    let mut events = Vec::new();
    while let Some((kind, arrival_us, body)) = log.next_body() {
        // An event this version does not know says nothing about the ones after it.
        events.extend(format::decode_event(kind, &body).map(|event| (arrival_us, event)));
    }
    Ok(events)
}

fn open_tracks(directory: &Path, recording: RecordingId, key: &SealKey) -> Result<Vec<TrackLog>, CaptureError> {
    let mut numbered = Vec::new();
    for entry in directory.read_dir()? {
        let entry = entry?;
        if let Some(number) = entry.file_name().to_str().and_then(format::track_number) {
            numbered.push((number, entry.path()));
        }
    }
    numbered.sort_unstable();
    let mut tracks = Vec::new();
    for (number, path) in numbered {
        let about = match OpenLog::open(&path, number, recording, key) {
            Ok(mut log) => log.next_body().and_then(|(_, _, body)| serde_json::from_slice(&body).ok()),
            Err(CaptureError::NotACapture) => None,
            Err(error) => return Err(error),
        };
        match about {
            Some(header) => tracks.push(TrackLog { header, recording, path, number, key: key.clone() }),
            None => tracing::warn!(%recording, number, "a track log was cut off before its first record"),
        }
    }
    Ok(tracks)
}

impl TrackLog {
    /// Every record, in order of arrival.
    ///
    /// # Errors
    /// The log has gone or cannot be opened.
    pub fn records(&self) -> Result<Records, CaptureError> {
        let mut log = OpenLog::open(&self.path, self.number, self.recording, &self.key)?;
        log.next_body();
        Ok(Records(log))
    }

    /// The packets, in the order they were sent, with only a few seconds of them in memory.
    ///
    /// # Errors
    /// As [`records`](Self::records).
    pub fn packets(&self) -> Result<TrackPackets, CaptureError> {
        Ok(Reordered::new(self.records()?, self.header.payload_type))
    }
}

/// The packets of one track, in the order they were sent.
pub type TrackPackets = Reordered<Records>;

/// The records of one track, in order of arrival. Ends at the first one that is torn or not genuine.
#[derive(Debug)]
pub struct Records(OpenLog);

impl Iterator for Records {
    type Item = LoggedRecord;

    fn next(&mut self) -> Option<LoggedRecord> {
        loop {
            let (kind, arrival_us, body) = self.0.next_body()?;
            if let Some(record) = format::decode_record(kind, body) {
                return Some(LoggedRecord { arrival_us, record });
            }
        }
    }
}

/// A log being read.
#[derive(Debug)]
struct OpenLog {
    file: BufReader<File>,
    seal: FileSeal,
    ended: bool,
}

impl OpenLog {
    fn open(path: &Path, number: u32, recording: RecordingId, key: &SealKey) -> Result<Self, CaptureError> {
        let mut file = BufReader::with_capacity(BUFFER_BYTES, File::open(path)?);
        let mut header = [0; HEADER_BYTES];
        file.read_exact(&mut header).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => CaptureError::NotACapture,
            _ => CaptureError::Io(error),
        })?;
        if header != *format::header(number, recording) {
            return Err(CaptureError::NotACapture);
        }
        Ok(Self { file, seal: key.file(number), ended: false })
    }

    fn next_body(&mut self) -> Option<(Kind, u64, Vec<u8>)> {
        if self.ended {
            return None;
        }
        let body = self.read_body();
        self.ended = body.is_none();
        body
    }

    fn read_body(&mut self) -> Option<(Kind, u64, Vec<u8>)> {
        let mut bytes = [0; PREFIX_BYTES];
        self.file.read_exact(&mut bytes).ok()?;
        let prefix = Prefix::decode(&bytes)?;
        let mut sealed = vec![0; prefix.sealed_bytes];
        self.file.read_exact(&mut sealed).ok()?;
        Some((prefix.kind, prefix.arrival_us, self.seal.open(&bytes, sealed).ok()?))
    }
}
