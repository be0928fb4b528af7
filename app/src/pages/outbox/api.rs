use super::OutboxView;
use crate::error::ConsoleError;
use leptos::prelude::*;
use protocol::ids::MailId;

/// Where mails go, and the latest ones, newest first.
#[server(prefix = "/api/console", endpoint = "outbox")]
pub async fn load_outbox() -> Result<OutboxView, ConsoleError> {
    let (services, access) = crate::server::access().await?;
    let mails = domain::mail::list(&services, &access).await.map_err(crate::server::failure)?;
    Ok(OutboxView::of(domain::mail::route(&services), mails, &access))
}

/// Tries a mail again that was given up.
#[server(prefix = "/api/console", endpoint = "send-mail-again")]
pub async fn send_mail_again(mail: MailId) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let (services, access) = server::access().await?;
    let sent = domain::mail::send_again(&services, &access, mail).await;
    server::answer(Form::SendMailAgain, "", sent.map_err(server::failure))
}
