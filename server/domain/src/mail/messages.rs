//! What the mails say.

use crate::{
    error::{Error, Result},
    jobs::{self, Work},
    recordings::links::Link,
    services::Services,
    store::{NewMail, OrgTx, RecordingRow, StorageRow, unsigned},
};
use askama::Template;
use protocol::{
    ids::{ApplicationId, MailId},
    names::DisplayName,
    recording::{FailureCause, RecordingState},
};

const DAY_SECONDS: u64 = 24 * 3600;

/// A recording is ready.
#[derive(Template)]
#[template(path = "mail/recording_ready.txt", escape = "none")]
struct ReadyText<'a>(&'a Ended<'a>);

#[derive(Template)]
#[template(path = "mail/recording_ready.html")]
struct ReadyHtml<'a>(&'a Ended<'a>);

/// A recording failed.
#[derive(Template)]
#[template(path = "mail/recording_failed.txt", escape = "none")]
struct FailedText<'a>(&'a Ended<'a>);

#[derive(Template)]
#[template(path = "mail/recording_failed.html")]
struct FailedHtml<'a>(&'a Ended<'a>);

/// A storage does not work any more.
#[derive(Template)]
#[template(path = "mail/storage_degraded.txt", escape = "none")]
struct DegradedText<'a>(&'a StorageChanged<'a>);

#[derive(Template)]
#[template(path = "mail/storage_degraded.html")]
struct DegradedHtml<'a>(&'a StorageChanged<'a>);

/// A storage works again.
#[derive(Template)]
#[template(path = "mail/storage_recovered.txt", escape = "none")]
struct RecoveredText<'a>(&'a StorageChanged<'a>);

#[derive(Template)]
#[template(path = "mail/storage_recovered.html")]
struct RecoveredHtml<'a>(&'a StorageChanged<'a>);

/// A webhook endpoint does not take messages.
#[derive(Template)]
#[template(path = "mail/endpoint_failing.txt", escape = "none")]
struct EndpointText<'a>(&'a EndpointTrouble<'a>, &'a str);

#[derive(Template)]
#[template(path = "mail/endpoint_failing.html")]
struct EndpointHtml<'a>(&'a EndpointTrouble<'a>, &'a str);

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

struct StorageChanged<'a> {
    storage: &'a str,
    bucket: &'a str,
    reason: &'a str,
    hold_days: u64,
    console: String,
}

struct Ended<'a> {
    application: &'a str,
    room: &'a str,
    duration: String,
    size: String,
    key: &'a str,
    reason: &'static str,
    /// Anybody who has it may watch; with its end.
    link: Option<(&'a str, String)>,
    console: String,
}

/// Queues one mail to each owner, in the transaction that ended the recording.
pub(crate) async fn queue_recording_ended(
    services: &Services,
    org: &mut OrgTx<'_>,
    row: &RecordingRow,
    application: &DisplayName,
    link: Option<&Link>,
) -> Result<()> {
    let ended = Ended {
        application: application.as_str(),
        room: row.room().as_str(),
        duration: duration(row.duration_ms.map(unsigned).unwrap_or_default()),
        size: size(row.bytes.map(unsigned).unwrap_or_default()),
        key: &row.object_key,
        reason: row.failure_cause().map_or("", reason),
        link: link.map(|link| (link.url.as_str(), link.expires_at.format("%-d %B %Y, %H:%M UTC").to_string())),
        console: console_link(services, row),
    };
    let (subject, text, html) = if row.state() == RecordingState::Ready {
        (format!("Recording of {} is ready", ended.room), ReadyText(&ended).render(), ReadyHtml(&ended).render())
    } else {
        (format!("Recording of {} failed", ended.room), FailedText(&ended).render(), FailedHtml(&ended).render())
    };
    queue(services, org, &subject, text, html).await
}

/// Queues one mail to each owner when a storage stopped working, with the reason, or works again.
pub(crate) async fn queue_storage_changed(
    services: &Services,
    org: &mut OrgTx<'_>,
    storage: &StorageRow,
    reason: Option<&str>,
) -> Result<()> {
    let public = services.settings().public_url.as_str().trim_end_matches('/');
    let changed = StorageChanged {
        storage: &storage.name,
        bucket: &storage.target().bucket,
        reason: reason.unwrap_or_default(),
        hold_days: services.settings().hold_limit.as_secs() / DAY_SECONDS,
        console: format!("{public}/account/recordings"),
    };
    let (subject, text, html) = if reason.is_some() {
        let subject = format!("Storage {} does not work: recordings are held", storage.name);
        (subject, DegradedText(&changed).render(), DegradedHtml(&changed).render())
    } else {
        let subject = format!("Storage {} works again", storage.name);
        (subject, RecoveredText(&changed).render(), RecoveredHtml(&changed).render())
    };
    queue(services, org, &subject, text, html).await
}

/// Queues one mail to each owner when a webhook endpoint keeps failing, and when it was switched off for that.
pub(crate) async fn queue_endpoint_failing(
    services: &Services,
    org: &mut OrgTx<'_>,
    trouble: &EndpointTrouble<'_>,
) -> Result<()> {
    let public = services.settings().public_url.as_str().trim_end_matches('/');
    let console = &format!("{public}/applications/{}", trouble.application);
    let what = if trouble.disabled { "was switched off" } else { "keeps failing" };
    let subject = format!("A webhook endpoint of {} {what}", trouble.application_name.as_str());
    let (text, html) = (EndpointText(trouble, console).render(), EndpointHtml(trouble, console).render());
    queue(services, org, &subject, text, html).await
}

async fn queue(
    services: &Services,
    org: &mut OrgTx<'_>,
    subject: &str,
    text: askama::Result<String>,
    html: askama::Result<String>,
) -> Result<()> {
    let (text, html) = (text.map_err(Error::internal)?, html.map_err(Error::internal)?);
    for recipient in org.owner_emails().await? {
        let id = services.new_id(MailId::from_parts)?;
        let mail = NewMail { id, recipient: &recipient, subject, text: &text, html: &html, now: services.now() };
        org.insert_mail(&mail).await?;
        let work = Work::SendMail { org: org.id(), mail: id };
        jobs::push(services, org.system(), &work).await?;
    }
    Ok(())
}

fn console_link(services: &Services, row: &RecordingRow) -> String {
    let public = services.settings().public_url.as_str().trim_end_matches('/');
    format!("{public}/applications/{}", row.application())
}

fn reason(cause: FailureCause) -> &'static str {
    match cause {
        FailureCause::CaptureLost => "Nothing was captured.",
        FailureCause::MixFailed => "The capture could not be turned into a file.",
        FailureCause::UploadFailed => "The bucket did not accept the file.",
        FailureCause::StorageUnavailable => "The bucket did not take the file for as long as recordings are held.",
        FailureCause::NodeLost => "The media node did not come back.",
    }
}

/// `1:02:03` or `2:03`.
fn duration(ms: u64) -> String {
    let seconds = ms / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// Decimal units, one digit.
fn size(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..1_000_000 => (1_000, "kB"),
        1_000_000..1_000_000_000 => (1_000_000, "MB"),
        _ => (1_000_000_000, "GB"),
    };
    format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        assert_eq!([duration(0), duration(61_999), duration(3_723_000)], ["0:00", "1:01", "1:02:03"]);
        assert_eq!(
            [size(1), size(999_999), size(5_250_000), size(12_000_000_000)],
            ["0.0 kB", "999.9 kB", "5.2 MB", "12.0 GB"]
        );
    }

    #[test]
    fn names_are_escaped_in_html_only() {
        let ended = Ended {
            application: "A & B",
            room: "<b>",
            duration: duration(1000),
            size: size(1000),
            key: "key",
            reason: "",
            link: Some(("http://localhost:3000/r/token", "1 January 2027, 00:00 UTC".into())),
            console: "http://localhost:3000".into(),
        };
        assert!(ReadyText(&ended).render().unwrap().contains("<b>"));
        let html = ReadyHtml(&ended).render().unwrap();
        assert!(!html.contains("<b>") && html.contains("A &#38; B"), "{html}");
        assert!(FailedHtml(&ended).render().unwrap().contains("failed"));
        assert!(FailedText(&ended).render().unwrap().contains("failed"));
    }
}
