//! The two ends of a recording. Each is one transaction with everything that follows: the capture key is erased, the
//! node is told, the webhook and the mails are queued. Rows are locked in the same order everywhere: node, recording,
//! org; so transactions about one recording wait for one another and never for ever.

use super::{
    events::changed_meanwhile,
    links::{self, Link},
};
use crate::{
    audit::{self, Actor},
    error::Result,
    jobs::{self, Work},
    mail, notifications,
    services::Services,
    store::{OrgTx, RecordingRow, Step, unsigned},
    streamrec,
};
use protocol::{
    link::Command,
    recording::{FailureCause, RecordingState},
    webhook::EventType,
};

/// The rest of a node's explanation is cut off; so is what a database or a log cannot hold.
const DETAIL_CHARS: usize = 1000;

/// The object was verified.
pub(crate) async fn ready(services: &Services, org: &mut OrgTx<'_>, row: &RecordingRow) -> Result<()> {
    let Some(application) = org.application(row.application()).await? else { return Err(changed_meanwhile()) };
    let validity = unsigned(application.link_validity_seconds);
    let link = links::create(services, org, row, validity).await?;
    let command = Command::RecordingReady { recording: row.id(), url: link.url.to_string() };
    org.system().push_command(row.node(), &command, services.now()).await?;
    step(org, row, &Step::to(RecordingState::Ready, services.now())).await?;
    announce(services, org, row, Some(&link)).await
}

/// The address that its client chose took the file.
pub(crate) async fn delivered(services: &Services, org: &mut OrgTx<'_>, row: &RecordingRow) -> Result<()> {
    step(org, row, &Step::to(RecordingState::Ready, services.now())).await?;
    let Some(row) = org.recording(row.id()).await? else { return Ok(()) };
    notifications::raise::recording(services, org, &row, EventType::RecordingReady, None).await
}

/// It is over without an object.
pub(crate) async fn fail(
    services: &Services,
    org: &mut OrgTx<'_>,
    row: &RecordingRow,
    cause: FailureCause,
    detail: &str,
) -> Result<()> {
    let detail: String = detail.chars().filter(|c| !c.is_control()).take(DETAIL_CHARS).collect();
    tracing::warn!(recording = %row.id(), %cause, detail, "recording failed");
    let change = Step { failure: Some((cause, detail)), ..Step::to(RecordingState::Failed, services.now()) };
    let command = Command::RecordingFailed { recording: row.id(), cause };
    org.system().push_command(row.node(), &command, services.now()).await?;
    step(org, row, &change).await?;
    if let Some(work) = Work::abort_upload(org.id(), row) {
        jobs::push(services, org.system(), &work).await?;
    }
    audit::record(services, org, Actor::System, "recording.failed", &row.id(), cause.as_str()).await?;
    streamrec::uploads::failed(services, org, row, cause).await?;
    announce(services, org, row, None).await
}

async fn step(org: &mut OrgTx<'_>, row: &RecordingRow, step: &Step) -> Result<()> {
    if row.state().can_become(step.to) && org.step_recording(row.id(), row.state(), step).await? {
        Ok(())
    } else {
        Err(changed_meanwhile())
    }
}

async fn announce(services: &Services, org: &mut OrgTx<'_>, row: &RecordingRow, link: Option<&Link>) -> Result<()> {
    let Some(row) = org.recording(row.id()).await? else { return Ok(()) };
    let Some(application) = org.application(row.application()).await? else { return Ok(()) };
    let event = if link.is_some() { EventType::RecordingReady } else { EventType::RecordingFailed };
    notifications::raise::recording(services, org, &row, event, link).await?;
    mail::queue_recording_ended(services, org, &row, application.name(), link).await
}
