//! What mails say about recordings. They go to the addresses of the application.

use super::{
    addresses,
    letter::{Letter, bodies},
    plain::one_line,
};
use crate::{
    error::Result,
    recordings::links::Link,
    services::Services,
    store::{OrgTx, RecordingRow, unsigned},
};
use protocol::{
    names::DisplayName,
    recording::{FailureCause, RecordingState},
};
use url::Url;

/// Longest name or key that is shown, in characters.
const NAME_CHARS: usize = 200;
const KEY_CHARS: usize = 1024;

/// A recording is ready.
struct Ready<'a> {
    application: &'a str,
    room: &'a str,
    duration: String,
    size: String,
    key: String,
    /// Anybody who has it may watch; with its end.
    link: Option<(&'a str, String)>,
    /// Address of a picture of it.
    poster: Option<&'a str>,
    console: &'a str,
    unsubscribe: &'a str,
}

bodies!(Ready, "mail/recording_ready.txt", "mail/recording_ready.html");

/// A recording failed.
struct Failed<'a> {
    application: &'a str,
    room: &'a str,
    reason: &'static str,
    console: &'a str,
    unsubscribe: &'a str,
}

bodies!(Failed, "mail/recording_failed.txt", "mail/recording_failed.html");

/// Queues one mail to each address of the application, in the transaction that ended the recording.
pub(crate) async fn queue_recording_ended(
    services: &Services,
    org: &mut OrgTx<'_>,
    row: &RecordingRow,
    application: &DisplayName,
    link: Option<&Link>,
) -> Result<()> {
    let application = &one_line(application.as_str(), NAME_CHARS);
    let room = &one_line(row.room().as_str(), NAME_CHARS);
    let console = &services.settings().page(&format!("/applications/{}", row.application()));
    let ready = row.state() == RecordingState::Ready;
    let subject = if ready { format!("Recording of {room} is ready") } else { format!("Recording of {room} failed") };
    for reader in addresses::readers(services, org, row.application()).await? {
        let unsubscribe = reader.unsubscribe.as_str();
        let bodies = if ready {
            let until = |link: &Link| link.expires_at.format("%-d %B %Y, %H:%M UTC").to_string();
            Ready {
                application,
                room,
                duration: duration(row.duration_ms.map(unsigned).unwrap_or_default()),
                size: size(row.bytes.map(unsigned).unwrap_or_default()),
                key: one_line(&row.object_key, KEY_CHARS),
                link: link.map(|link| (link.url.as_str(), until(link))),
                poster: link.and_then(|link| link.poster_url.as_ref()).map(Url::as_str),
                console,
                unsubscribe,
            }
            .bodies()?
        } else {
            let reason = row.failure_cause().map_or("", reason);
            Failed { application, room, reason, console, unsubscribe }.bodies()?
        };
        let unsubscribe = Some(unsubscribe);
        let letter = Letter { recipient: &reader.email, subject: &subject, bodies, unsubscribe, secret_until: None };
        letter.queue(services, org).await?;
    }
    Ok(())
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
        let ready = Ready {
            application: "A & B",
            room: "<b>\"><script>",
            duration: duration(1000),
            size: size(1000),
            key: "key".into(),
            link: Some(("http://localhost:3000/r/token", "1 January 2027, 00:00 UTC".into())),
            poster: Some("http://localhost:3000/r/token/poster.jpg"),
            console: "http://localhost:3000",
            unsubscribe: "http://localhost:3000/unsubscribe/token",
        };
        let bodies = ready.bodies().unwrap();
        assert!(bodies.text.contains("<b>\"><script>"));
        assert!(!bodies.html.contains("<b>") && !bodies.html.contains("<script"), "{}", bodies.html);
        assert!(bodies.html.contains("A &#38; B"), "{}", bodies.html);
        assert!(bodies.html.contains("src=\"http://localhost:3000/r/token/poster.jpg\""), "{}", bodies.html);
    }
}
