//! Events on disk until the control plane has applied them: one JSON line each, appended and synced before anyone
//! relies on them. The file is started afresh when everything in it was acknowledged.

use protocol::link::Event;
use serde::{Deserialize, Serialize};
use std::{
    collections::VecDeque,
    fs::{self, File, OpenOptions},
    io::{self, BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
};

/// The outbox file is unusable.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    #[error("{0} is damaged before its last line")]
    Damaged(PathBuf),
    #[error("the event outbox cannot be used: {0}")]
    Io(#[from] io::Error),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Line {
    /// Every event up to this one was acknowledged; numbering goes on after it.
    Base(u64),
    Event {
        sequence: u64,
        event: Event,
    },
}

/// The events not yet acknowledged.
#[derive(Debug)]
pub struct Outbox {
    path: PathBuf,
    file: File,
    last: u64,
    waiting: VecDeque<(u64, Event)>,
    /// The file lacks something that `waiting` has.
    unsaved: bool,
}

impl Outbox {
    /// Opens the outbox in `spool`. A line torn by a crash was never relied on and is dropped.
    ///
    /// # Errors
    /// The file cannot be read or written, or is damaged.
    pub fn open(spool: &Path) -> Result<Self, OutboxError> {
        let path = spool.join("events.outbox");
        let (mut last, mut waiting) = (0, VecDeque::new());
        match File::open(&path) {
            Ok(file) => {
                let mut torn = false;
                for line in BufReader::new(file).split(b'\n') {
                    if torn {
                        return Err(OutboxError::Damaged(path));
                    }
                    match serde_json::from_slice(&line?) {
                        Ok(Line::Base(base)) => last = base,
                        Ok(Line::Event { sequence, event }) => {
                            last = sequence;
                            waiting.push_back((sequence, event));
                        }
                        Err(_) => torn = true,
                    }
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        let file = rewrite(&path, last, &waiting)?;
        Ok(Self { path, file, last, waiting, unsaved: false })
    }

    /// Stores an event and returns its number. It survives a crash from here on, unless the disk has no room: then it
    /// is kept in memory, and written as soon as the disk takes it, because the end of a recording that filled the
    /// disk is just what has to be reported.
    pub fn append(&mut self, event: Event) -> u64 {
        self.last += 1;
        self.waiting.push_back((self.last, event));
        let written = if self.unsaved { self.save() } else { self.write_last() };
        self.note(written);
        self.last
    }

    /// Forgets every event up to `sequence`.
    pub fn acknowledge(&mut self, sequence: u64) {
        let before = self.waiting.len();
        // The control plane knows events this outbox has lost: their numbers must not be used again.
        let ahead = sequence > self.last;
        self.last = self.last.max(sequence);
        self.waiting.retain(|(waiting, _)| *waiting > sequence);
        if self.unsaved || self.waiting.is_empty() && (before > 0 || ahead) {
            let saved = self.save();
            self.note(saved);
        }
    }

    fn write_last(&mut self) -> io::Result<()> {
        let Some((sequence, event)) = self.waiting.back() else { return Ok(()) };
        self.file.write_all(&line(&Line::Event { sequence: *sequence, event: event.clone() })?)?;
        self.file.sync_data()
    }

    fn save(&mut self) -> io::Result<()> {
        self.file = rewrite(&self.path, self.last, &self.waiting)?;
        Ok(())
    }

    fn note(&mut self, written: io::Result<()>) {
        self.unsaved = written.is_err();
        if let Err(error) = written {
            tracing::warn!(%error, "events are only in memory until the disk takes them");
        }
    }

    /// Events after `sequence`, in order.
    pub fn after(&self, sequence: u64) -> impl Iterator<Item = &(u64, Event)> {
        self.waiting.iter().filter(move |(waiting, _)| *waiting > sequence)
    }
}

fn line(line: &Line) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    Ok(text)
}

fn rewrite(path: &Path, last: u64, waiting: &VecDeque<(u64, Event)>) -> io::Result<File> {
    let unfinished = path.with_extension("outbox.new");
    let base = waiting.front().map_or(last, |(first, _)| first - 1);
    let mut text = line(&Line::Base(base))?;
    for (sequence, event) in waiting {
        text.extend(line(&Line::Event { sequence: *sequence, event: event.clone() })?);
    }
    let mut file = File::create(&unfinished)?;
    file.write_all(&text)?;
    file.sync_all()?;
    fs::rename(unfinished, path)?;
    OpenOptions::new().append(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::ids::RecordingId;

    fn event(n: u8) -> Event {
        Event::RecordingMixing { recording: RecordingId::from_parts(n.into(), [n; 10]) }
    }

    fn numbers(outbox: &Outbox, after: u64) -> Vec<u64> {
        outbox.after(after).map(|(sequence, _)| *sequence).collect()
    }

    #[test]
    fn events_survive_and_numbers_are_never_used_twice() {
        let spool = tempfile::tempdir().unwrap();
        let mut outbox = Outbox::open(spool.path()).unwrap();
        assert_eq!((outbox.append(event(1)), outbox.append(event(2))), (1, 2));
        drop(outbox);
        let mut outbox = Outbox::open(spool.path()).unwrap();
        assert_eq!(numbers(&outbox, 0), [1, 2]);
        assert_eq!(numbers(&outbox, 1), [2]);
        outbox.acknowledge(2);
        drop(outbox);
        let mut outbox = Outbox::open(spool.path()).unwrap();
        assert_eq!(numbers(&outbox, 0), [] as [u64; 0]);
        assert_eq!(outbox.append(event(3)), 3);
    }

    #[test]
    fn numbers_the_control_plane_knows_are_not_used_again() {
        let spool = tempfile::tempdir().unwrap();
        Outbox::open(spool.path()).unwrap().acknowledge(41);
        assert_eq!(Outbox::open(spool.path()).unwrap().append(event(1)), 42);
    }

    #[test]
    fn a_disk_without_room_delays_writing_and_loses_nothing() {
        let spool = tempfile::tempdir().unwrap();
        let mut outbox = Outbox::open(spool.path()).unwrap();
        outbox.file = OpenOptions::new().write(true).open("/dev/full").unwrap();
        assert_eq!(outbox.append(event(1)), 1);
        assert_eq!(numbers(&outbox, 0), [1]);
        outbox.append(event(2));
        drop(outbox);
        assert_eq!(numbers(&Outbox::open(spool.path()).unwrap(), 0), [1, 2]);
    }

    #[test]
    fn a_torn_last_line_is_dropped_and_a_damaged_file_refused() {
        let spool = tempfile::tempdir().unwrap();
        let mut outbox = Outbox::open(spool.path()).unwrap();
        outbox.append(event(1));
        outbox.append(event(2));
        drop(outbox);
        let path = spool.path().join("events.outbox");
        let text = fs::read(&path).unwrap();
        fs::write(&path, &text[..text.len() - 9]).unwrap();
        assert_eq!(numbers(&Outbox::open(spool.path()).unwrap(), 0), [1]);
        fs::write(&path, [b"nonsense\n", text.as_slice()].concat()).unwrap();
        assert!(matches!(Outbox::open(spool.path()), Err(OutboxError::Damaged(_))));
    }
}
