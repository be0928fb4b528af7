//! What a webhook is told.

use crate::{
    clock::to_date,
    error::{Error, Result},
    jobs::{self, Work},
    recordings::{DeletionCause, links::Link},
    services::Services,
    store::{OrgTx, RecordingRow, StorageRow, unsigned},
};
use chrono::{DateTime, SecondsFormat, Utc};
use protocol::{
    ids::{ApplicationId, MessageId, RecordingId, StorageId},
    recording::{FailureCause, RecordingState, StopCause},
};
use serde::Serialize;

#[derive(Serialize)]
struct Body<'a, T> {
    r#type: &'a str,
    timestamp: String,
    data: &'a T,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    url_expires_at: Option<String>,
    started_at: Option<String>,
    stopped_at: Option<String>,
    stop_cause: Option<StopCause>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_cause: Option<FailureCause>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delete_cause: Option<&'static str>,
}

/// Queues the message about a recording, in the transaction of what it tells; nothing without a webhook.
pub(crate) async fn queue(
    services: &Services,
    org: &mut OrgTx<'_>,
    row: &RecordingRow,
    event: &str,
    link: Option<&Link>,
) -> Result<()> {
    let application = org.application(row.application()).await?;
    if application.is_none_or(|application| application.webhook_url.is_none()) {
        return Ok(());
    }
    insert(services, org, row.application(), event, &data(row, link)).await
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StorageData<'a> {
    storage: StorageId,
    application: ApplicationId,
    name: &'a str,
    bucket: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// Queues the message that a storage stopped working, with the reason, or works again.
pub(crate) async fn queue_storage(
    services: &Services,
    org: &mut OrgTx<'_>,
    application: ApplicationId,
    storage: &StorageRow,
    reason: Option<&str>,
) -> Result<()> {
    let event = if reason.is_some() { "storage.degraded" } else { "storage.recovered" };
    let (name, bucket) = (storage.name.as_str(), storage.target().bucket.as_str());
    let data = StorageData { storage: storage.id(), application, name, bucket, reason };
    insert(services, org, application, event, &data).await
}

async fn insert(
    services: &Services,
    org: &mut OrgTx<'_>,
    application: ApplicationId,
    event: &str,
    data: &impl Serialize,
) -> Result<()> {
    let now = services.now();
    let body = Body { r#type: event, timestamp: iso(now), data };
    let body = serde_json::to_string(&body).map_err(Error::internal)?;
    let message = services.new_id(MessageId::from_parts)?;
    org.insert_message(message, application, event, &body, now).await?;
    let work = Work::DeliverWebhook { org: org.id(), message };
    jobs::push(services, org.system(), &work).await
}

fn data<'a>(row: &'a RecordingRow, link: Option<&'a Link>) -> Data<'a> {
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
        url: link.map(|link| link.url.as_str()),
        url_expires_at: link.map(|link| iso_date(link.expires_at)),
        started_at: row.started_at.map(unsigned).map(iso),
        stopped_at: row.stopped_at.map(unsigned).map(iso),
        stop_cause: row.stop_cause(),
        failure_cause: row.failure_cause(),
        deleted_at: row.deleted_at.map(unsigned).map(iso),
        delete_cause: row.delete_cause().filter(|_| row.deleted_at.is_some()).map(DeletionCause::as_str),
    }
}

fn iso(unix_ms: u64) -> String {
    iso_date(to_date(unix_ms))
}

fn iso_date(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
