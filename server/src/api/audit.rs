//! The audit log.

use super::{
    authentication::Caller,
    page::{Page, PageQuery},
};
use crate::http::{Problem, Web};
use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use domain::audit;
use protocol::ids::AuditId;
use serde::Serialize;
use utoipa::ToSchema;

/// Who did what and when.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    #[schema(value_type = String, example = "aud_019aa2c1000070008000000000000000")]
    id: AuditId,
    /// Counts from 1 within the organization, without a gap.
    sequence: u64,
    at: DateTime<Utc>,
    /// A user, an API key, a node, `link` (whoever has a download link) or `system`.
    actor: String,
    #[schema(example = "application.recording_on")]
    action: String,
    /// What it was done to.
    object: String,
    detail: String,
}

/// A page of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEntries {
    /// Newest first.
    items: Vec<AuditEntry>,
    /// Cursor of the next page; `null` at the end.
    next: Option<String>,
}

/// Read the audit log
#[utoipa::path(
    get,
    path = "/audit",
    operation_id = "listAuditEntries",
    tag = "Audit",
    params(PageQuery),
    security(("apiKey" = ["audit:read"])),
    responses((status = 200, description = "A page of entries.", body = AuditEntries)),
)]
pub async fn list(State(web): State<Web>, Caller(access): Caller, page: Page) -> Result<Json<AuditEntries>, Problem> {
    let page = page.of(&web, &access, "audit", &"");
    let entries = audit::list_before(&web.services, &access, page.begins().await?).await?;
    // The first entry has the number 1, so a page that does not end there has another after it.
    let next = page.next(entries.last().map(|entry| entry.sequence).filter(|&sequence| sequence > 1)).await?;
    let items = entries.into_iter().map(|entry| AuditEntry {
        id: entry.id,
        sequence: entry.sequence,
        at: entry.at,
        actor: entry.actor,
        action: entry.action,
        object: entry.object,
        detail: entry.detail,
    });
    Ok(Json(AuditEntries { items: items.collect(), next }))
}
