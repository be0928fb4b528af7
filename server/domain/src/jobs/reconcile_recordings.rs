//! Periodic: finds every recording that nobody works on any more and brings it to an end. Takes no input.

use super::{
    Work,
    runner::{Outcome, push},
};
use crate::{
    error::Result,
    recordings::ending,
    services::Services,
    store::{Unfinished, unsigned},
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Wait,
    Finalize,
    Fail(FailureCause),
}

pub(super) async fn run(services: &Services) -> Result<Outcome> {
    let now = services.now();
    let (seen_before, uploaded_before) = (now.saturating_sub(LEASE_MS), now.saturating_sub(UPLOAD_MS));
    let unfinished = services.read().await?.unfinished_recordings(seen_before, uploaded_before, BATCH).await?;
    for recording in unfinished {
        settle(services, &recording, now).await?;
    }
    Ok(Outcome::Repeat(EVERY))
}

async fn settle(services: &Services, recording: &Unfinished, now: u64) -> Result<()> {
    let (owner, id) = (recording.org(), recording.id());
    let mut tx = services.begin().await?;
    match verdict(recording, now) {
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

fn verdict(recording: &Unfinished, now: u64) -> Verdict {
    let age = |at: i64| now.saturating_sub(unsigned(at));
    if recording.state() == RecordingState::Uploading {
        return if age(recording.changed_at) > UPLOAD_MS { Verdict::Finalize } else { Verdict::Wait };
    }
    let (Some(linked), Some(linked_at), Some(reported_at)) =
        (recording.node_linked, recording.node_linked_at, recording.node_reported_at)
    else {
        return Verdict::Fail(FailureCause::NodeLost);
    };
    let answers = linked && age(reported_at) <= LEASE_MS;
    if answers && age(linked_at) > GRACE_MS && age(recording.seen_at) > GRACE_MS {
        Verdict::Fail(FailureCause::CaptureLost)
    } else if !answers && age(reported_at) > NODE_LOST_MS {
        Verdict::Fail(FailureCause::NodeLost)
    } else {
        Verdict::Wait
    }
}
