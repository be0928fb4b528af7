//! Hands a mail over. Without a mail server the outbox is where it is handed over to.

use super::runner::Outcome;
use crate::{error::Result, services::Services};
use protocol::ids::{MailId, OrgId};

pub(super) async fn run(services: &Services, org: OrgId, mail: MailId) -> Result<Outcome> {
    let mut tx = services.begin().await?;
    tx.org(org).set_mail_sent(mail, services.now()).await?;
    tx.commit().await?;
    Ok(Outcome::Done)
}
