//! Webhooks: what is said, to whom, and how it went.

mod message;
mod signature;

pub(crate) use message::{queue, queue_storage};
pub(crate) use signature::sign;

use crate::{
    access::{Access, Permission},
    clock::to_date,
    error::{Error, Result},
    services::Services,
    store::{DeliveryRow, unsigned},
};
use chrono::{DateTime, Utc};
use protocol::ids::{ApplicationId, MessageId};

const PAGE: i64 = 100;

/// One attempt to deliver a message.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub message: MessageId,
    /// `recording.ready`, `recording.failed`, `recording.deleted`, `storage.degraded` or `storage.recovered`.
    pub event: String,
    /// Counts from 1.
    pub attempt: u32,
    pub at: DateTime<Utc>,
    pub delivered: bool,
    /// HTTP status, when there was an answer.
    pub status: Option<u16>,
    pub latency_ms: u64,
    /// Beginning of the answer, or why there was none.
    pub answer: String,
    pub next_at: Option<DateTime<Utc>>,
}

/// Latest attempts for one application, newest first, at most 100.
pub async fn deliveries(services: &Services, access: &Access, application: ApplicationId) -> Result<Vec<Delivery>> {
    access.require(Permission::ViewApplications)?;
    let mut tx = services.read().await?;
    let mut org = tx.reach(access);
    org.application(application)
        .await?
        .ok_or_else(|| Error::not_found("application_not_found", "There is no such application."))?;
    Ok(org.deliveries(application, PAGE).await?.into_iter().map(view).collect())
}

fn view(row: DeliveryRow) -> Delivery {
    Delivery {
        message: row.message(),
        event: row.event,
        attempt: u32::try_from(row.attempt).unwrap_or(u32::MAX),
        at: to_date(unsigned(row.at)),
        delivered: row.delivered,
        status: row.status.and_then(|status| u16::try_from(status).ok()),
        latency_ms: unsigned(row.latency_ms),
        answer: row.answer,
        next_at: row.next_at.map(unsigned).map(to_date),
    }
}
