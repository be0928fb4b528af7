//! Hands a mail over. Without a mail server the outbox is where it is handed over to.

use super::{runner::Outcome, schedule};
use crate::{
    clock::millis,
    error::{Error, Result},
    mail::{self, Sending},
    services::Services,
    store::{MailRow, MailTrouble, unsigned},
};
use protocol::ids::{MailId, OrgId};
use std::time::Duration;

pub(super) async fn run(services: &Services, org: OrgId, id: MailId, attempt: u64) -> Result<Outcome> {
    let mail = services.read().await?.org(org).mail(id).await?;
    let Some(mail) = mail.filter(|mail| mail.sent_at.is_none() && mail.failed_at.is_none()) else {
        return Ok(Outcome::Done);
    };
    let (problem, next) = match mail::send(services, org, &mail).await? {
        Sending::Kept => return sent(services, org, id, false).await,
        Sending::Sent => return sent(services, org, id, true).await,
        Sending::Refused(problem) => (problem, None),
        Sending::NotYet { problem, pause } => (problem, next_delay(services, &mail, attempt, pause)),
    };
    let now = services.now();
    let next_at = next.map(|delay| now + millis(delay));
    let mut tx = services.begin().await?;
    tx.org(org).set_mail_trouble(&MailTrouble { id, problem: &problem, next_at, now }).await?;
    tx.commit().await?;
    match next {
        Some(delay) => Ok(Outcome::RetryAfter(delay, Error::unavailable("mail_not_sent", problem))),
        // The outbox shows what became of it; the job has nothing left to do.
        None => {
            tracing::warn!(mail = %id, problem, "a mail was given up");
            Ok(Outcome::Done)
        }
    }
}

async fn sent(services: &Services, org: OrgId, id: MailId, erase: bool) -> Result<Outcome> {
    let mut tx = services.begin().await?;
    tx.org(org).set_mail_sent(id, erase, services.now()).await?;
    tx.commit().await?;
    Ok(Outcome::Done)
}

fn next_delay(services: &Services, mail: &MailRow, attempt: u64, pause: Option<Duration>) -> Option<Duration> {
    let age = Duration::from_millis(services.now().saturating_sub(unsigned(mail.created_at)));
    schedule::mail(attempt, age, pause, services.random().fraction().unwrap_or_default())
}
