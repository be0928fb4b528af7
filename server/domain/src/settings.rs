//! What the operator decides once, at start.

use crate::{secrets::KeySource, storage::Keys};
use outbound::AllowPrivate;
use secrecy::SecretString;
use std::{sync::Arc, time::Duration};
use url::Url;

/// Settings of the control plane as far as its rules depend on them.
#[derive(Debug)]
pub struct Settings {
    /// `sqlite:<path>` (made when missing) or `postgres://…`.
    pub database_url: String,
    /// The keys that every secret is under; never stored in the database.
    pub master_keys: Arc<dyn KeySource>,
    /// What media nodes present when they open the link.
    pub node_secret: SecretString,
    /// Where people and their pages reach the console.
    pub public_url: Url,
    /// Private addresses that customers' URLs may name.
    pub allow_private: AllowPrivate,
    /// The store this installation runs itself; without one, setting up makes no storage.
    pub embedded_store: Option<EmbeddedStore>,
    pub aws: Aws,
    /// How long a recording waits for a bucket that does not work before it is given up.
    pub hold_limit: Duration,
    /// The server that mails are handed to; without one they stay in the outbox.
    pub smtp: Option<SmtpSettings>,
}

impl Settings {
    /// Address of a page of the console, by its path.
    pub(crate) fn page(&self, path: &str) -> String {
        format!("{}{path}", self.public_url.as_str().trim_end_matches('/'))
    }
}

/// How mails are handed over.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    pub host: String,
    pub port: u16,
    pub security: SmtpSecurity,
    /// User and password.
    pub login: Option<(String, SecretString)>,
    /// The sender: `mixdown@example.com` or `Mixdown <mixdown@example.com>`.
    pub from: String,
    /// Certificates in PEM form that are trusted beside those of the system.
    pub authorities: Option<String>,
    /// Longest time that handing one mail over may take.
    pub time_limit: Duration,
}

/// What protects the way to the mail server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// TLS, begun by the command STARTTLS; refused without it.
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// Nothing.
    None,
}

/// How this installation appears to AWS, and where AWS is.
#[derive(Debug, Clone, Default)]
pub struct Aws {
    /// The identity that assumes customers' roles.
    pub keys: Option<Keys>,
    /// Instead of the regional endpoints of S3.
    pub s3_endpoint: Option<Url>,
    /// Instead of the regional endpoints of STS.
    pub sts_endpoint: Option<Url>,
}

/// The object store that runs inside the control plane.
#[derive(Debug, Clone)]
pub struct EmbeddedStore {
    pub endpoint: Url,
    pub region: String,
    pub bucket: String,
    pub access_key: String,
    pub secret: SecretString,
}
