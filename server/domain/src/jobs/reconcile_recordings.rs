//! Periodic: finds every recording that nobody works on any more and brings it to an end. Takes no input.

use super::{
    Work,
    runner::{Outcome, push},
};
use crate::{
    clock::millis,
    error::Result,
    recordings::ending,
    services::Services,
    store::{Unfinished, UnfinishedSince, unsigned},
    streamrec::{self, uploads::KEPT_MS},
};
use protocol::{
    limits::LEASE_SECONDS,
    recording::{FailureCause, RecordingState},
};
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(10);
const BATCH: i64 = 100;
const LEASE_MS: u64 = LEASE_SECONDS * 1000;
/// What a linked node is given to find its captures again.
const GRACE_MS: u64 = 60 * 1000;
/// How long a node may be away before its captures are given up.
const NODE_LOST_MS: u64 = 24 * 3600 * 1000;
/// Completing an upload takes seconds; its job retries by itself.
const UPLOAD_MS: u64 = 10 * 60 * 1000;

/// Whatever the node says: what follows the capture takes no longer, unless it waits for a bucket.
const OVERDUE_MS: u64 = 48 * 3600 * 1000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Wait,
    Finalize,
    Fail(FailureCause),
}

pub(super) async fn run(services: &Services) -> Result<Outcome> {
    streamrec::lifecycle::end_overdue(services).await?;
    let now = services.now();
    let hold_limit = millis(services.settings().hold_limit);
    let since = UnfinishedSince {
        seen: now.saturating_sub(LEASE_MS),
        uploading: now.saturating_sub(UPLOAD_MS),
        finishing: now.saturating_sub(OVERDUE_MS),
        held: now.saturating_sub(hold_limit),
        held_direct: now.saturating_sub(KEPT_MS),
    };
    let mut after = None;
    loop {
        let unfinished = services.read().await?.unfinished_recordings(since, after, BATCH).await?;
        for recording in &unfinished {
            if let Err(error) = settle(services, recording, now, hold_limit).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(recording = %recording.id(), error, "not settled; the others are");
            }
        }
        after = unfinished.last().map(Unfinished::id);
        if i64::try_from(unfinished.len()).is_ok_and(|found| found < BATCH) {
            return Ok(Outcome::Repeat(EVERY));
        }
    }
}

async fn settle(services: &Services, recording: &Unfinished, now: u64, hold_limit: u64) -> Result<()> {
    let (owner, id) = (recording.org(), recording.id());
    let mut tx = services.begin().await?;
    match verdict(recording, now, hold_limit) {
        Verdict::Wait => return Ok(()),
        Verdict::Finalize => push(services, &mut tx, &Work::FinalizeUpload { org: owner, recording: id }).await?,
        Verdict::Fail(cause) => {
            let mut org = tx.org(owner);
            // It may have moved on since it was listed.
            match org.recording(id).await? {
                Some(row) if row.state() == recording.state() => {
                    ending::fail(services, &mut org, &row, cause, "found by the reconciler").await?;
                }
                _ => return Ok(()),
            }
        }
    }
    Ok(tx.commit().await?)
}

fn verdict(recording: &Unfinished, now: u64, hold_limit: u64) -> Verdict {
    let age = |at: i64| now.saturating_sub(unsigned(at));
    if recording.direct && recording.held_since.is_some_and(|since| age(since) > KEPT_MS) {
        return Verdict::Fail(FailureCause::UploadFailed);
    }
    if recording.held_since.is_some_and(|since| age(since) > hold_limit) {
        return Verdict::Fail(FailureCause::StorageUnavailable);
    }
    let overdue = recording.held_since.is_none() && age(recording.changed_at) > OVERDUE_MS;
    match recording.state() {
        RecordingState::Stopping | RecordingState::Mixing if overdue => return Verdict::Fail(FailureCause::MixFailed),
        RecordingState::Uploading if overdue => return Verdict::Fail(FailureCause::UploadFailed),
        _ => {}
    }
    if recording.state() == RecordingState::Uploading {
        return if age(recording.changed_at) > UPLOAD_MS { Verdict::Finalize } else { Verdict::Wait };
    }
    let (Some(linked), Some(linked_at), Some(reported_at)) =
        (recording.node_linked, recording.node_linked_at, recording.node_reported_at)
    else {
        return Verdict::Fail(FailureCause::NodeLost);
    };
    // What is held was promised until the end of the hold.
    let lost_after = if recording.held_since.is_some() { hold_limit } else { NODE_LOST_MS };
    let answers = linked && age(reported_at) <= LEASE_MS;
    if answers && age(linked_at) > GRACE_MS && age(recording.seen_at) > GRACE_MS {
        Verdict::Fail(FailureCause::CaptureLost)
    } else if !answers && age(reported_at) > lost_after {
        Verdict::Fail(FailureCause::NodeLost)
    } else {
        Verdict::Wait
    }
}
