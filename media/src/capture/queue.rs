//! The bounded queue between the media workers and a capture's writer thread.

use super::{CaptureEvent, Record, TrackHeader, TrackIndex};
use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Packets waiting for the disk, and their bytes; beyond either, packets are dropped and counted. At the 2.5 Mbit/s of
/// a call's usual camera this is half a minute, far more than a disk stalls.
const MAX_PACKETS: usize = 16 * 1024;
const MAX_PACKET_BYTES: usize = 16 * 1024 * 1024;
/// Events and new tracks are rare and matter more: they have room of their own.
const MAX_OTHERS: usize = 4096;

/// Work for the writer.
#[derive(Debug)]
pub(super) enum Entry {
    Open(TrackIndex, TrackHeader),
    Append { track: TrackIndex, arrival_us: u64, record: Record },
    Event { arrival_us: u64, event: CaptureEvent },
}

/// What the writer takes at once.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub entries: Vec<Entry>,
    pub dropped: u64,
    /// Nothing comes after this batch.
    pub closed: bool,
}

#[derive(Debug, Default)]
struct State {
    entries: Vec<Entry>,
    packets: usize,
    packet_bytes: usize,
    dropped: u64,
    closed: bool,
}

impl State {
    /// The writer had better come by soon.
    fn is_filling(&self) -> bool {
        self.packets >= MAX_PACKETS / 4 || self.packet_bytes >= MAX_PACKET_BYTES / 4
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    wake: Condvar,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an entry or counts it as dropped. The writer comes by at its own pace and is only woken when the queue
    /// fills, so that a packet costs its sender no system call.
    pub(super) fn push(&self, entry: Entry) {
        let mut state = self.lock();
        if state.closed {
            return;
        }
        let fits = match &entry {
            Entry::Append { record: Record::Rtp(packet), .. } => {
                let fits = state.packets < MAX_PACKETS && state.packet_bytes + packet.len() <= MAX_PACKET_BYTES;
                if fits {
                    state.packets += 1;
                    state.packet_bytes += packet.len();
                }
                fits
            }
            _ => state.entries.len() - state.packets < MAX_OTHERS,
        };
        if fits {
            state.entries.push(entry);
        } else {
            state.dropped += 1;
        }
        if state.is_filling() {
            self.wake.notify_one();
        }
    }

    /// Lets nothing more in, after one last entry that always fits.
    pub(super) fn close(&self, last: Option<Entry>) {
        let mut state = self.lock();
        if !state.closed {
            state.closed = true;
            state.entries.extend(last);
        }
        self.wake.notify_one();
    }

    /// Waits at most `time` and takes what is there.
    pub(super) fn take(&self, time: Duration) -> Batch {
        let state = self.lock();
        let may_wait = |state: &mut State| !state.closed && !state.is_filling();
        let (mut state, _) =
            self.wake.wait_timeout_while(state, time, may_wait).unwrap_or_else(PoisonError::into_inner);
        state.packets = 0;
        state.packet_bytes = 0;
        Batch {
            entries: std::mem::take(&mut state.entries),
            dropped: std::mem::take(&mut state.dropped),
            closed: state.closed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use protocol::recording::StopCause;

    fn packet(bytes: usize) -> Entry {
        Entry::Append { track: TrackIndex(1), arrival_us: 0, record: Record::Rtp(Bytes::from(vec![0; bytes])) }
    }

    fn stopped() -> Entry {
        Entry::Event { arrival_us: 0, event: CaptureEvent::Stopped { cause: StopCause::PeerRequest } }
    }

    #[test]
    fn what_does_not_fit_is_counted_and_the_end_always_fits() {
        let queue = Queue::default();
        for _ in 0..MAX_PACKETS + 5 {
            queue.push(packet(10));
        }
        queue.push(stopped());
        queue.close(Some(stopped()));
        queue.push(packet(10));
        let batch = queue.take(Duration::ZERO);
        assert_eq!(batch.entries.len(), MAX_PACKETS + 2);
        assert_eq!(batch.dropped, 5);
        assert!(batch.closed);
        assert!(queue.take(Duration::ZERO).entries.is_empty());
    }

    #[test]
    fn large_packets_fill_it_sooner_and_bring_the_writer_by() {
        let queue = Queue::default();
        for _ in 0..300 {
            queue.push(packet(64 * 1024));
        }
        let batch = queue.take(Duration::MAX);
        assert_eq!((batch.entries.len(), batch.dropped), (256, 44));
    }
}
