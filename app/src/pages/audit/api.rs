use super::AuditLog;
use crate::error::ConsoleError;
use leptos::prelude::*;

/// The latest entries, newest first.
#[server(prefix = "/api/console", endpoint = "audit-log")]
pub async fn load_audit_log() -> Result<AuditLog, ConsoleError> {
    use super::AuditEntry;
    use crate::server::failure;
    let (services, access) = crate::server::access().await?;
    let entries = domain::audit::list(&services, &access).await.map_err(failure)?;
    let intact = domain::audit::verify(&services, &access).await.map_err(failure)?;
    Ok(AuditLog { intact, entries: entries.into_iter().map(|entry| AuditEntry::read_by(&access, entry)).collect() })
}
