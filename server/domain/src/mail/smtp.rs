//! The conversation with the mail server: connections that are kept for the next mail, and what its answers mean.
//!
//! The connections are ours instead of a pool's, so that one that was given up in the middle of a mail is never used
//! again, and so that a refused login is told from a refused mail.

use super::plain::one_line;
use crate::settings::{SmtpSecurity, SmtpSettings};
use lettre::{
    Message,
    transport::smtp::{
        Error as SmtpError,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, Certificate, TlsParameters},
        extension::ClientId,
    },
};
use secrecy::ExposeSecret;
use std::{
    error::Error as StdError,
    io::{self, ErrorKind},
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

/// Connections that wait for the next mail.
const KEPT: usize = 4;
/// Servers close idle connections after some minutes.
const KEPT_MS: u64 = 60_000;
/// What is kept of an answer.
const ANSWER_CHARS: usize = 300;
/// Replies that refuse the login and not the mail: authentication required, mechanism too weak, credentials invalid,
/// encryption required (RFC 4954).
const LOGIN_REPLIES: [u16; 4] = [530, 534, 535, 538];

/// Why a mail was not handed over, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failure {
    /// The server does not take this mail and never will.
    #[error("{0}")]
    Refused(String),
    /// The server does not take this mail now.
    #[error("{0}")]
    Deferred(String),
    /// The server does not answer.
    #[error("{0}")]
    Unreachable(String),
    /// The server takes no mail before the operator has changed something.
    #[error("{0}")]
    Misconfigured(String),
}

/// The server.
pub(super) struct Smtp {
    settings: SmtpSettings,
    tls: Option<TlsParameters>,
    login: Option<Credentials>,
    hello: ClientId,
    kept: Mutex<Vec<Kept>>,
}

struct Kept {
    connection: AsyncSmtpConnection,
    since: u64,
}

impl Smtp {
    /// `own_host` is the name we greet with.
    pub(super) fn new(settings: &SmtpSettings, own_host: &str) -> Result<Self, &'static str> {
        let tls = match settings.security {
            SmtpSecurity::None => None,
            SmtpSecurity::StartTls | SmtpSecurity::Tls => Some(tls(settings)?),
        };
        let login = settings.login.as_ref();
        Ok(Self {
            tls,
            login: login.map(|(user, password)| Credentials::new(user.clone(), password.expose_secret().to_owned())),
            hello: client_id(own_host),
            kept: Mutex::default(),
            settings: settings.clone(),
        })
    }

    /// Hands a mail over.
    pub(super) async fn send(&self, message: &Message, now: u64) -> Result<(), Failure> {
        let sent = tokio::time::timeout(self.settings.time_limit, self.converse(message, now)).await;
        sent.unwrap_or_else(|_| Err(Failure::Unreachable("The mail server did not answer in time.".to_owned())))
    }

    async fn converse(&self, message: &Message, now: u64) -> Result<(), Failure> {
        let mut connection = match self.take_kept(now).await {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        connection.send(message.envelope(), &message.formatted()).await.map_err(|error| of_mail(&error))?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT {
            kept.push(Kept { connection, since: now });
        }
        Ok(())
    }

    /// A connection that still works.
    async fn take_kept(&self, now: u64) -> Option<AsyncSmtpConnection> {
        loop {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
            let mut connection = kept.connection;
            if now.saturating_sub(kept.since) < KEPT_MS && connection.test_connected().await {
                return Some(connection);
            }
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let (address, limit) = ((self.settings.host.as_str(), self.settings.port), Some(self.settings.time_limit));
        let at_once = self.tls.clone().filter(|_| self.settings.security == SmtpSecurity::Tls);
        let connecting = AsyncSmtpConnection::connect_tokio1(address, limit, &self.hello, at_once, None);
        let mut connection = connecting.await.map_err(|error| of_connecting(&error))?;
        if let (SmtpSecurity::StartTls, Some(tls)) = (self.settings.security, self.tls.clone()) {
            connection.starttls(tls, &self.hello).await.map_err(|error| of_connecting(&error))?;
        }
        if let Some(login) = &self.login {
            connection.auth(DEFAULT_MECHANISMS, login).await.map_err(|error| of_login(&error))?;
        }
        Ok(connection)
    }
}

fn tls(settings: &SmtpSettings) -> Result<TlsParameters, &'static str> {
    let mut tls = TlsParameters::builder(settings.host.clone());
    if let Some(authorities) = &settings.authorities {
        let unusable = "the certificates of the authority are not in PEM form";
        // Text without any would be taken for an empty list.
        if !authorities.contains("-----BEGIN CERTIFICATE-----") {
            return Err(unusable);
        }
        tls = tls.add_root_certificate(Certificate::from_pem(authorities.as_bytes()).map_err(|_| unusable)?);
    }
    tls.build().map_err(|_| "the certificates that the mail server's is checked against cannot be used")
}

fn client_id(host: &str) -> ClientId {
    match host.trim_matches(['[', ']']).parse() {
        Ok(IpAddr::V4(address)) => ClientId::Ipv4(address),
        Ok(IpAddr::V6(address)) => ClientId::Ipv6(address),
        Err(_) => ClientId::Domain(host.to_owned()),
    }
}

/// The reply as it came, as one short line.
fn answer(error: &SmtpError) -> Option<String> {
    let code = error.status()?;
    let text = error.source().map(ToString::to_string).unwrap_or_default();
    Some(one_line(&format!("{code} {text}"), ANSWER_CHARS))
}

fn of_mail(error: &SmtpError) -> Failure {
    let Some(answer) = answer(error) else {
        // What we could not even ask: an address that this server has no way to write.
        return if error.is_client() {
            Failure::Refused("The mail server cannot take mails for this address.".to_owned())
        } else {
            Failure::Unreachable("The mail server ended the connection.".to_owned())
        };
    };
    match error.status().map(u16::from) {
        Some(code) if LOGIN_REPLIES.contains(&code) => {
            Failure::Misconfigured(format!("The mail server asks for another login: {answer}"))
        }
        _ if error.is_permanent() => Failure::Refused(format!("The mail server refused it: {answer}")),
        _ => Failure::Deferred(format!("The mail server does not take it now: {answer}")),
    }
}

fn of_login(error: &SmtpError) -> Failure {
    match answer(error) {
        Some(answer) if error.is_permanent() => {
            Failure::Misconfigured(format!("The mail server refuses the login: {answer}"))
        }
        Some(answer) => Failure::Unreachable(format!("The mail server takes no login now: {answer}")),
        None if error.is_client() => Failure::Misconfigured("The mail server offers no login by password.".to_owned()),
        None => Failure::Unreachable("The mail server ended the connection.".to_owned()),
    }
}

fn of_connecting(error: &SmtpError) -> Failure {
    match (answer(error), io_error(error)) {
        (Some(answer), _) if error.is_permanent() => {
            Failure::Misconfigured(format!("The mail server takes no mail from here: {answer}"))
        }
        (Some(answer), _) => Failure::Unreachable(format!("The mail server takes no mail now: {answer}")),
        // What TLS finds wrong comes as data that is not valid.
        (None, Some(found)) if found.kind() == ErrorKind::InvalidData => {
            let found = one_line(&found.to_string(), ANSWER_CHARS);
            Failure::Misconfigured(format!("The connection to the mail server is not secure: {found}"))
        }
        (None, Some(found)) => {
            let found = one_line(&found.to_string(), ANSWER_CHARS);
            Failure::Unreachable(format!("The mail server cannot be reached: {found}"))
        }
        (None, None) if error.is_client() => Failure::Misconfigured("The mail server offers no STARTTLS.".to_owned()),
        (None, None) => Failure::Unreachable("The mail server does not speak SMTP.".to_owned()),
    }
}

fn io_error(error: &SmtpError) -> Option<&io::Error> {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        source = error.source();
    }
    None
}
