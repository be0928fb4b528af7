//! Writes one capture, on a thread of its own.

use super::{
    CaptureError, CaptureEvent, CaptureProblem, Manifest, Record, SpoolBudget, TrackHeader, TrackIndex,
    format::{self, EVENTS_FILE, Kind, MAX_BODY_BYTES, Prefix},
    queue::{Batch, Entry, Queue},
    seal::{FileSeal, SealKey, TAG_BYTES},
    spool::sync_names,
};
use protocol::{
    ids::{PeerId, RecordingId, TrackId},
    recording::{RecordingSpec, StopCause},
};
use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};
use tokio::sync::watch;

/// How long records may wait in memory: what a crash of the process costs.
const FLUSH_EVERY: Duration = Duration::from_millis(200);
/// How long records may wait in the page cache, counted so that a slow flush still ends within a second.
const SYNC_EVERY: Duration = Duration::from_millis(700);
/// A file's buffer is written out early beyond this size.
const BUFFER_BYTES: usize = 64 * 1024;
/// Track logs of one capture.
const MAX_TRACKS: u32 = 9999;

/// Where a room's media goes while it is recorded. Cheap to clone; no call blocks or fails. The capture ends with
/// [`stop`](Self::stop), or when the last handle is gone.
#[derive(Debug, Clone)]
pub struct CaptureHandle(Arc<Handle>);

#[derive(Debug)]
struct Handle {
    queue: Arc<Queue>,
    tracks: AtomicU32,
    done: watch::Receiver<bool>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.queue.close(None);
    }
}

impl CaptureHandle {
    /// Begins the log of a track. It ends with the event [`CaptureEvent::TrackEnded`] or its peer's
    /// [`CaptureEvent::PeerLeft`]; packets after that are ignored.
    #[must_use]
    pub fn open_track(&self, header: TrackHeader) -> TrackIndex {
        let track = TrackIndex(self.0.tracks.fetch_add(1, Ordering::Relaxed).saturating_add(1));
        self.0.queue.push(Entry::Open(track, header));
        track
    }

    /// Logs what arrived on a track, `arrival_us` after the recording's start by a monotonic clock.
    pub fn append(&self, track: TrackIndex, arrival_us: u64, record: Record) {
        self.0.queue.push(Entry::Append { track, arrival_us, record });
    }

    /// Logs what happened in the room.
    pub fn event(&self, arrival_us: u64, event: CaptureEvent) {
        self.0.queue.push(Entry::Event { arrival_us, event });
    }

    /// Ends the capture; everything logged after is ignored.
    pub fn stop(&self, arrival_us: u64, cause: StopCause) {
        self.0.queue.close(Some(Entry::Event { arrival_us, event: CaptureEvent::Stopped { cause } }));
    }

    /// Waits until the capture has ended and everything is on disk. Holds no handle while it waits.
    pub fn finished(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut done = self.0.done.clone();
        async move {
            // An error means the writer is gone, which is an end as well.
            let _ = done.wait_for(|done| *done).await;
        }
    }
}

/// Starts capturing into the new directory `directory`, readable by this user only.
///
/// # Errors
/// The directory exists already, the spool is full, or the disk refuses.
pub fn start(
    directory: &Path,
    spec: &RecordingSpec,
    started_ms: u64,
    budget: Arc<SpoolBudget>,
    on_problem: impl Fn(CaptureProblem) + Send + 'static,
) -> Result<CaptureHandle, CaptureError> {
    if budget.is_full() {
        return Err(CaptureError::SpoolFull);
    }
    fs::DirBuilder::new().mode(0o700).create(directory)?;
    let key = SealKey::new(&spec.capture_key).map_err(|_| CaptureError::WrongKey)?;
    let manifest = Manifest::new(spec, started_ms);
    let manifest_bytes = manifest.write(directory)?;
    if !budget.take(manifest_bytes) {
        return Err(CaptureError::SpoolFull);
    }
    let logs = Logs { directory: directory.to_owned(), recording: spec.id, key, budget };
    let mut events = logs.create(EVENTS_FILE, &manifest).map_err(io::Error::from)?;
    events.flush(&logs.budget).and_then(|()| events.sync()).map_err(io::Error::from)?;
    sync_names(directory)?;

    let queue = Arc::new(Queue::default());
    let (finished, done) = watch::channel(false);
    let mut writer = Writer { logs, events, tracks: HashMap::new(), unopened: Vec::new(), last_arrival_us: 0 };
    let handle = CaptureHandle(Arc::new(Handle { queue: Arc::clone(&queue), tracks: AtomicU32::new(0), done }));
    thread::Builder::new().name("capture".to_owned()).spawn(move || {
        if let Err(problem) = writer.run(&queue) {
            queue.close(None);
            writer.salvage();
            on_problem(problem);
        }
        let _ = finished.send(true);
    })?;
    Ok(handle)
}

impl From<CaptureProblem> for io::Error {
    fn from(problem: CaptureProblem) -> Self {
        match problem {
            CaptureProblem::SpoolFull => io::ErrorKind::StorageFull.into(),
            CaptureProblem::WriteFailed(kind) => kind.into(),
        }
    }
}

impl From<io::Error> for CaptureProblem {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::SpoolFull,
            kind => Self::WriteFailed(kind),
        }
    }
}

/// What every log of a capture shares.
struct Logs {
    directory: PathBuf,
    recording: RecordingId,
    key: SealKey,
    budget: Arc<SpoolBudget>,
}

impl Logs {
    fn create(&self, number: u32, about: &impl serde::Serialize) -> Result<Log, CaptureProblem> {
        let file = File::create_new(self.directory.join(format::file_name(number)))?;
        let mut log =
            Log { file, seal: self.key.file(number), buffer: format::header(number, self.recording), unsynced: false };
        log.append(Kind::About, 0, &serde_json::to_vec(about).map_err(io::Error::from)?)?;
        Ok(log)
    }
}

/// One file being written.
struct Log {
    file: File,
    seal: FileSeal,
    buffer: Vec<u8>,
    unsynced: bool,
}

impl Log {
    fn append(&mut self, kind: Kind, arrival_us: u64, body: &[u8]) -> Result<(), CaptureProblem> {
        if body.len() > MAX_BODY_BYTES {
            return Ok(());
        }
        let prefix = Prefix { sealed_bytes: body.len() + TAG_BYTES, kind, arrival_us };
        self.seal.seal(prefix, body, &mut self.buffer).map_err(|_| CaptureProblem::WriteFailed(io::ErrorKind::Other))
    }

    fn flush(&mut self, budget: &SpoolBudget) -> Result<(), CaptureProblem> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        if !budget.take(self.buffer.len() as u64) {
            return Err(CaptureProblem::SpoolFull);
        }
        self.unsynced = true;
        self.file.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    fn sync(&mut self) -> Result<(), CaptureProblem> {
        if std::mem::take(&mut self.unsynced) {
            self.file.sync_data()?;
        }
        Ok(())
    }
}

struct OpenTrack {
    log: Log,
    peer: PeerId,
    track: TrackId,
}

struct Writer {
    logs: Logs,
    events: Log,
    tracks: HashMap<TrackIndex, OpenTrack>,
    /// Tracks whose log could not be made yet.
    unopened: Vec<(TrackIndex, TrackHeader)>,
    last_arrival_us: u64,
}

impl Writer {
    fn run(&mut self, queue: &Queue) -> Result<(), CaptureProblem> {
        let mut synced = crate::clock::now();
        loop {
            let Batch { entries, dropped, closed } = queue.take(FLUSH_EVERY);
            let overflow = (dropped > 0).then_some(CaptureEvent::Overflow { dropped });
            for entry in entries {
                self.write(entry)?;
            }
            if let Some(event) = overflow {
                self.write_event(self.last_arrival_us, &event)?;
            }
            for log in self.open_logs() {
                log.0.flush(log.1)?;
            }
            if closed || synced.elapsed() >= SYNC_EVERY {
                for (log, _) in self.open_logs() {
                    log.sync()?;
                }
                synced = crate::clock::now();
            }
            if closed {
                return Ok(());
            }
            for (index, header) in std::mem::take(&mut self.unopened) {
                self.open(index, header)?;
            }
        }
    }

    fn open_logs(&mut self) -> impl Iterator<Item = (&mut Log, &SpoolBudget)> {
        let budget = &*self.logs.budget;
        let tracks = self.tracks.values_mut().map(|track| &mut track.log);
        std::iter::once(&mut self.events).chain(tracks).map(move |log| (log, budget))
    }

    fn write(&mut self, entry: Entry) -> Result<(), CaptureProblem> {
        match entry {
            Entry::Open(index, header) if index.0 <= MAX_TRACKS => {
                let track = header.track;
                self.open(index, header)?;
                if !self.tracks.contains_key(&index) {
                    tracing::warn!(recording = %self.logs.recording, %track, "this track cannot be captured yet");
                }
                Ok(())
            }
            Entry::Open(_, header) => {
                tracing::warn!(recording = %self.logs.recording, track = %header.track, "too many tracks, this one is not captured");
                Ok(())
            }
            Entry::Append { track, arrival_us, record } => self.write_record(track, arrival_us, &record),
            Entry::Event { arrival_us, event } => self.write_event(arrival_us, &event),
        }
    }

    /// Begins a track's log. What is in the way of one track, such as too many open files, must not end the capture of
    /// the others: it is tried again.
    fn open(&mut self, index: TrackIndex, header: TrackHeader) -> Result<(), CaptureProblem> {
        match self.logs.create(index.0, &header) {
            Ok(log) => {
                sync_names(&self.logs.directory).unwrap_or_else(|error| {
                    tracing::warn!(recording = %self.logs.recording, %error, "the name of a log is not on disk yet");
                });
                self.tracks.insert(index, OpenTrack { log, peer: header.peer, track: header.track });
            }
            Err(CaptureProblem::SpoolFull) => return Err(CaptureProblem::SpoolFull),
            Err(problem) => {
                tracing::debug!(track = %header.track, ?problem, "a track's log was not made");
                self.unopened.push((index, header));
            }
        }
        Ok(())
    }

    fn write_record(&mut self, track: TrackIndex, arrival_us: u64, record: &Record) -> Result<(), CaptureProblem> {
        let Some(OpenTrack { log, .. }) = self.tracks.get_mut(&track) else { return Ok(()) };
        self.last_arrival_us = self.last_arrival_us.max(arrival_us);
        let (kind, body) = format::encode_record(record);
        log.append(kind, arrival_us, &body)?;
        if log.buffer.len() >= BUFFER_BYTES { log.flush(&self.logs.budget) } else { Ok(()) }
    }

    fn write_event(&mut self, arrival_us: u64, event: &CaptureEvent) -> Result<(), CaptureProblem> {
        self.last_arrival_us = self.last_arrival_us.max(arrival_us);
        let body = serde_json::to_vec(event).map_err(io::Error::from)?;
        self.events.append(Kind::Event, arrival_us, &body)?;
        match event {
            CaptureEvent::TrackEnded { track } => self.close_tracks(|_, open| open == *track),
            CaptureEvent::PeerLeft { peer } => self.close_tracks(|open, _| open == *peer),
            CaptureEvent::PeerJoined { .. } | CaptureEvent::Overflow { .. } | CaptureEvent::Stopped { .. } => Ok(()),
        }
    }

    /// Ends logs early, so that a long recording with many guests does not run out of file descriptors.
    fn close_tracks(&mut self, ended: impl Fn(PeerId, TrackId) -> bool) -> Result<(), CaptureProblem> {
        self.unopened.retain(|(_, header)| !ended(header.peer, header.track));
        for (_, mut open) in self.tracks.extract_if(|_, open| ended(open.peer, open.track)) {
            open.log.flush(&self.logs.budget)?;
            open.log.sync()?;
        }
        Ok(())
    }

    /// After a failed write: makes durable what did reach the files.
    fn salvage(&mut self) {
        for (log, _) in self.open_logs() {
            if let Err(problem) = log.sync() {
                tracing::warn!(?problem, "a capture's log could not be synced after writing had failed");
            }
        }
    }
}
