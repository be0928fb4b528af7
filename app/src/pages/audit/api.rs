use super::AuditLog;
use crate::error::ConsoleError;
use leptos::prelude::*;

/// The latest entries, newest first; `verify=all` checks the chain to its beginning instead of only what is shown.
#[server(prefix = "/api/console", endpoint = "audit-log")]
pub async fn load_audit_log(verify: Option<String>) -> Result<AuditLog, ConsoleError> {
    use super::AuditEntry;
    use crate::server::failure;
    let (services, access) = crate::server::access().await?;
    let entries = domain::audit::list(&services, &access).await.map_err(failure)?;
    let whole = verify.as_deref() == Some("all");
    let intact = match whole {
        true => domain::audit::verify(&services, &access).await,
        false => domain::audit::verify_latest(&services, &access).await,
    };
    let intact = intact.map_err(failure)?;
    Ok(AuditLog {
        intact,
        whole,
        entries: entries.into_iter().map(|entry| AuditEntry::read_by(&access, entry)).collect(),
    })
}
