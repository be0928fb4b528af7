//! Where mails are handed over: to a mail server, or, without one, to nobody, so that they stay in the outbox.

use super::{
    Sending,
    compose::compose,
    letter::Bodies,
    smtp::{Failure, Smtp},
};
use crate::{clock::millis, settings::Settings, store::MailRow};
use lettre::message::Mailbox;
use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// A server that refuses our login is left alone for this long, or it would lock the account.
const PAUSE: Duration = Duration::from_secs(5 * 60);

/// Why the mail settings cannot be used, for the operator.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct MailerError(&'static str);

/// The one place that mails leave from.
pub(crate) enum Mailer {
    /// There is no mail server.
    Outbox,
    Smtp(Box<Postman>),
}

/// Hands mails to a server, and remembers when that does not work.
pub(crate) struct Postman {
    smtp: Smtp,
    from: Mailbox,
    /// What our message identifiers end with.
    domain: String,
    trouble: Mutex<Option<Trouble>>,
}

struct Trouble {
    sentence: String,
    /// Until then nobody asks again; 0 when everybody may.
    until: u64,
}

impl Mailer {
    /// Checks the settings; nobody is asked yet.
    pub(crate) fn open(settings: &Settings) -> Result<Self, MailerError> {
        let Some(smtp) = &settings.smtp else { return Ok(Self::Outbox) };
        let from: Mailbox =
            smtp.from.parse().map_err(|_| MailerError("the sender of mails is not an e-mail address"))?;
        let own_host = settings.public_url.host_str().unwrap_or("localhost");
        Ok(Self::Smtp(Box::new(Postman {
            smtp: Smtp::new(smtp, own_host).map_err(MailerError)?,
            domain: from.email.domain().to_owned(),
            from,
            trouble: Mutex::default(),
        })))
    }
}

impl Postman {
    /// Why the server takes no mails at all, if so.
    pub(super) fn trouble(&self) -> Option<String> {
        self.lock().as_ref().map(|trouble| trouble.sentence.clone())
    }

    /// Hands a mail over.
    pub(super) async fn send(&self, mail: &MailRow, bodies: &Bodies, now: u64) -> Sending {
        if let Some((problem, pause)) = self.wait(now) {
            return Sending::NotYet { problem, pause: Some(pause) };
        }
        let message = match compose(&self.from, &self.domain, mail, bodies, now) {
            Ok(message) => message,
            Err(problem) => return Sending::Refused(problem),
        };
        match self.smtp.send(&message, now).await {
            Ok(()) => {
                *self.lock() = None;
                Sending::Sent
            }
            Err(Failure::Refused(problem)) => {
                *self.lock() = None;
                Sending::Refused(problem)
            }
            Err(Failure::Deferred(problem)) => {
                *self.lock() = None;
                Sending::NotYet { problem, pause: None }
            }
            Err(Failure::Unreachable(problem)) => {
                self.remember(&problem, 0);
                Sending::NotYet { problem, pause: None }
            }
            Err(Failure::Misconfigured(problem)) => {
                self.remember(&problem, now + millis(PAUSE));
                Sending::NotYet { problem, pause: Some(PAUSE) }
            }
        }
    }

    /// How long everybody waits, and why. Whoever comes first afterwards tries, and the others wait for what is found.
    fn wait(&self, now: u64) -> Option<(String, Duration)> {
        let mut trouble = self.lock();
        let trouble = trouble.as_mut()?;
        if now < trouble.until {
            return Some((trouble.sentence.clone(), Duration::from_millis(trouble.until - now)));
        }
        if trouble.until > 0 {
            trouble.until = now + millis(PAUSE);
        }
        None
    }

    fn remember(&self, problem: &str, until: u64) {
        tracing::error!(problem, "mails cannot be sent");
        *self.lock() = Some(Trouble { sentence: problem.to_owned(), until });
    }

    fn lock(&self) -> MutexGuard<'_, Option<Trouble>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Outbox => "Outbox",
            Self::Smtp(_) => "Smtp",
        })
    }
}
