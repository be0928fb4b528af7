//! What a webhook is told.

use crate::{
    clock::to_date,
    error::{Error, Result},
    jobs::{self, Work},
    services::Services,
    store::{OrgTx, RecordingRow, unsigned},
};
use chrono::SecondsFormat;
use protocol::{
    ids::{ApplicationId, MessageId, RecordingId},
    recording::{FailureCause, RecordingState, StopCause},
};
use serde::Serialize;

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'a str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    recording: RecordingId,
    application: ApplicationId,
    room: &'a str,
    state: RecordingState,
    duration_ms: Option<u64>,
    bytes: Option<u64>,
    width: Option<u64>,
    height: Option<u64>,
    bucket: &'a str,
    key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    started_at: Option<String>,
    stopped_at: Option<String>,
    stop_cause: Option<StopCause>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_cause: Option<FailureCause>,
}

/// Queues the message about a recording that has ended, in the transaction that ended it.
pub(crate) async fn queue(
    services: &Services,
    org: &mut OrgTx<'_>,
    row: &RecordingRow,
    url: Option<&str>,
) -> Result<()> {
    let now = services.now();
    let event = if row.state() == RecordingState::Ready { "recording.ready" } else { "recording.failed" };
    let body = Body { r#type: event, timestamp: iso(now), data: data(row, url) };
    let body = serde_json::to_string(&body).map_err(Error::internal)?;
    let message = services.new_id(MessageId::from_parts)?;
    org.insert_message(message, row.application(), event, &body, now).await?;
    let work = Work::DeliverWebhook { org: org.id(), message };
    jobs::push(services, org.system(), &work).await
}

fn data<'a>(row: &'a RecordingRow, url: Option<&'a str>) -> Data<'a> {
    Data {
        recording: row.id(),
        application: row.application(),
        room: row.room().as_str(),
        state: row.state(),
        duration_ms: row.duration_ms.map(unsigned),
        bytes: row.bytes.map(unsigned),
        width: row.width.map(unsigned),
        height: row.height.map(unsigned),
        bucket: &row.bucket,
        key: &row.object_key,
        url,
        started_at: row.started_at.map(unsigned).map(iso),
        stopped_at: row.stopped_at.map(unsigned).map(iso),
        stop_cause: row.stop_cause(),
        failure_cause: row.failure_cause(),
    }
}

fn iso(unix_ms: u64) -> String {
    to_date(unix_ms).to_rfc3339_opts(SecondsFormat::Millis, true)
}
