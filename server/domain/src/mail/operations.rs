//! What mails tell the owners of an org about its storages and its webhook endpoints.

use super::{
    letter::{Bodies, Letter, bodies},
    plain::one_line,
};
use crate::{
    error::Result,
    services::Services,
    store::{OrgTx, StorageRow},
};
use protocol::{ids::ApplicationId, names::DisplayName};

const DAY_SECONDS: u64 = 24 * 3600;
/// Longest name that is shown, in characters, and longest sentence.
const NAME_CHARS: usize = 200;
const SENTENCE_CHARS: usize = 1000;

/// A storage does not work any more.
struct Degraded<'a> {
    storage: &'a str,
    bucket: &'a str,
    reason: &'a str,
    hold_days: u64,
    console: &'a str,
}

bodies!(Degraded, "mail/storage_degraded.txt", "mail/storage_degraded.html");

/// A storage works again.
struct Recovered<'a> {
    storage: &'a str,
    bucket: &'a str,
    console: &'a str,
}

bodies!(Recovered, "mail/storage_recovered.txt", "mail/storage_recovered.html");

/// A webhook endpoint that does not accept messages.
pub(crate) struct EndpointTrouble<'a> {
    pub application: ApplicationId,
    pub application_name: &'a DisplayName,
    pub url: &'a str,
    /// One sentence.
    pub reason: &'a str,
    /// It was switched off; otherwise this is the warning before.
    pub disabled: bool,
}

struct Endpoint<'a> {
    application: &'a str,
    url: &'a str,
    reason: &'a str,
    disabled: bool,
    console: &'a str,
}

bodies!(Endpoint, "mail/endpoint_failing.txt", "mail/endpoint_failing.html");

/// Queues one mail to each owner when a storage stopped working, with the reason, or works again.
pub(crate) async fn queue_storage_changed(
    services: &Services,
    org: &mut OrgTx<'_>,
    storage: &StorageRow,
    reason: Option<&str>,
) -> Result<()> {
    let name = &one_line(&storage.name, NAME_CHARS);
    let bucket = &one_line(&storage.target().bucket, NAME_CHARS);
    let console = &services.settings().page("/account/recordings");
    let (subject, bodies) = match reason {
        Some(reason) => {
            let reason = &one_line(reason, SENTENCE_CHARS);
            let hold_days = services.settings().hold_limit.as_secs() / DAY_SECONDS;
            let view = Degraded { storage: name, bucket, reason, hold_days, console };
            (format!("Storage {name} does not work: recordings are held"), view.bodies()?)
        }
        None => (format!("Storage {name} works again"), Recovered { storage: name, bucket, console }.bodies()?),
    };
    queue_to_owners(services, org, &subject, &bodies).await
}

/// Queues one mail to each owner when a webhook endpoint keeps failing, and when it was switched off for that.
pub(crate) async fn queue_endpoint_failing(
    services: &Services,
    org: &mut OrgTx<'_>,
    trouble: &EndpointTrouble<'_>,
) -> Result<()> {
    let application = &one_line(trouble.application_name.as_str(), NAME_CHARS);
    let (url, reason) = (&one_line(trouble.url, NAME_CHARS), &one_line(trouble.reason, SENTENCE_CHARS));
    let console = &services.settings().page(&format!("/applications/{}", trouble.application));
    let disabled = trouble.disabled;
    let bodies = Endpoint { application, url, reason, disabled, console }.bodies()?;
    let what = if disabled { "was switched off" } else { "keeps failing" };
    queue_to_owners(services, org, &format!("A webhook endpoint of {application} {what}"), &bodies).await
}

async fn queue_to_owners(services: &Services, org: &mut OrgTx<'_>, subject: &str, bodies: &Bodies) -> Result<()> {
    for recipient in &org.owner_emails().await? {
        let letter = Letter { recipient, subject, bodies: bodies.clone(), unsubscribe: None, secret_until: None };
        letter.queue(services, org).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_named_and_not_linked() {
        let view = |disabled| Endpoint {
            application: "Shop",
            url: "https://x.example/?a=<script>&b=1",
            reason: "It answers 500.",
            disabled,
            console: "http://localhost:3000/applications/app_1",
        };
        let warned = view(false).bodies().unwrap();
        assert!(warned.text.contains("If that goes on, it is switched off."), "{}", warned.text);
        let ended = view(true).bodies().unwrap();
        assert!(ended.text.contains("was switched off") && ended.html.contains("was switched off"));
        assert!(!ended.html.contains("<script") && !ended.html.contains("href=\"https://x.example"), "{}", ended.html);
    }
}
