use super::OutboxView;
use crate::error::ConsoleError;
use leptos::prelude::*;

/// Where mails go, and the latest ones, newest first.
#[server(prefix = "/api/console", endpoint = "outbox")]
pub async fn load_outbox() -> Result<OutboxView, ConsoleError> {
    let (services, access) = crate::server::access().await?;
    let mails = domain::mail::list(&services, &access).await.map_err(crate::server::failure)?;
    Ok(OutboxView::of(domain::mail::route(&services), mails))
}
