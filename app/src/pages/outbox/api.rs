use super::Mail;
use crate::error::ConsoleError;
use leptos::prelude::*;

/// The latest mails, newest first.
#[server(prefix = "/api/console", endpoint = "outbox")]
pub async fn list_mails() -> Result<Vec<Mail>, ConsoleError> {
    let (services, access) = crate::server::access().await?;
    let mails = domain::mail::list(&services, &access).await.map_err(crate::server::failure)?;
    Ok(mails.into_iter().map(Into::into).collect())
}
