//! A stored mail as it goes to the mail server (RFC 5322).

use super::{letter::Bodies, plain};
use crate::{clock::to_date, store::MailRow};
use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart, SinglePart,
        header::{HeaderName, HeaderValue},
    },
};
use std::time::SystemTime;

/// The message, or why there cannot be one. It has the same identifier at each attempt, so that a server that got it
/// twice can tell.
pub(super) fn compose(
    from: &Mailbox,
    domain: &str,
    mail: &MailRow,
    bodies: &Bodies,
    now: u64,
) -> Result<Message, String> {
    let to: Address = mail.recipient.parse().map_err(|_| "This is not an address that mails can be sent to.")?;
    let mut message = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(plain::subject(&mail.subject))
        .date(SystemTime::from(to_date(now)))
        .message_id(Some(format!("<{}@{domain}>", mail.id())))
        // Nobody's absence note is an answer to us (RFC 3834).
        .raw_header(header("Auto-Submitted", "auto-generated".to_owned()));
    if let Some(url) = &mail.unsubscribe_url {
        // The mail program's own button asks by one POST (RFC 8058).
        message = message
            .raw_header(header("List-Unsubscribe", format!("<{url}>")))
            .raw_header(header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()));
    }
    let alternatives = MultiPart::alternative()
        .boundary(mail.id().to_string())
        .singlepart(SinglePart::plain(bodies.text.clone()))
        .singlepart(SinglePart::html(bodies.html.clone()));
    message.multipart(alternatives).map_err(|_| "This mail cannot be written down.".to_owned())
}

/// A header whose value is ours alone and ASCII; it is not folded, because readers of it do not expect that.
fn header(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), value.clone(), value)
}
