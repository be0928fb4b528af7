//! A mail server as a test sees it: aiosmtpd, one process for all tests of this binary, one port for each.

use crate::support::Player;
use domain::settings::{SmtpSecurity, SmtpSettings};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use secrecy::SecretString;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::{
    sync::{Mutex, OnceLock},
    time::Duration,
};
use tempfile::TempDir;

pub const USER: &str = "mixdown";
pub const PASSWORD: &str = "server password";

static SERVERS: OnceLock<Mutex<Player>> = OnceLock::new();

fn run<T: DeserializeOwned>(command: &str, arguments: &Value) -> T {
    let servers = SERVERS.get_or_init(|| Mutex::new(Player::start("aiosmtpd", "smtp_server")));
    servers.lock().unwrap().run(command, arguments)
}

#[derive(Deserialize)]
struct Opened {
    port: u16,
}

/// A mail that arrived.
#[derive(Debug, Deserialize)]
pub struct Arrived {
    pub from: String,
    pub to: Vec<String>,
    pub secure: bool,
    pub login: bool,
    pub headers: Vec<(String, String)>,
    pub text: String,
    pub html: String,
}

impl Arrived {
    pub fn header(&self, name: &str) -> &str {
        let mut found = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let value = found.next().map_or("", |(_, value)| value);
        assert!(found.next().is_none(), "{name} twice: {:?}", self.headers);
        value
    }
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Counts {
    pub greetings: u32,
    pub logins: u32,
}

pub struct MailServer {
    pub port: u16,
    security: SmtpSecurity,
    authority: Option<String>,
    login: bool,
    _certificate: Option<TempDir>,
}

impl MailServer {
    /// Without TLS and without a login.
    pub fn plain() -> Self {
        let Opened { port } = run("open_port", &json!({ "security": "none" }));
        Self { port, security: SmtpSecurity::None, authority: None, login: false, _certificate: None }
    }

    /// With a login.
    pub fn with_login() -> Self {
        let Opened { port } = run("open_port", &json!({ "security": "none", "login": [USER, PASSWORD] }));
        Self { port, security: SmtpSecurity::None, authority: None, login: true, _certificate: None }
    }

    /// With TLS from an authority of its own, and a login.
    pub fn secure(security: SmtpSecurity) -> Self {
        let word = if security == SmtpSecurity::Tls { "tls" } else { "starttls" };
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = names.signed_by(&key, &authority).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let files = [("certificate.pem", certificate.pem()), ("key.pem", key.serialize_pem())].map(|(name, text)| {
            let path = directory.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        });
        let arguments =
            json!({ "security": word, "certificate": files[0], "key": files[1], "login": [USER, PASSWORD] });
        let Opened { port } = run("open_port", &arguments);
        let authority = Some(authority.pem());
        Self { port, security, authority, login: true, _certificate: Some(directory) }
    }

    /// The settings that reach it.
    pub fn settings(&self) -> SmtpSettings {
        SmtpSettings {
            host: "localhost".into(),
            port: self.port,
            security: self.security,
            login: self.login.then(|| (USER.into(), SecretString::from(PASSWORD))),
            from: "Mixdown <mixdown@example.com>".into(),
            authorities: self.authority.clone(),
            time_limit: Duration::from_secs(20),
        }
    }

    /// What arrived, oldest first.
    pub fn mails(&self) -> Vec<Arrived> {
        run("mails", &json!({ "port": self.port }))
    }

    pub fn counts(&self) -> Counts {
        run("counts", &json!({ "port": self.port }))
    }

    /// Answers the next recipients like this.
    pub fn refuse(&self, replies: &[&str]) {
        run::<()>("refuse", &json!({ "port": self.port, "replies": replies }));
    }

    /// From now on, this password is the right one.
    pub fn set_password(&self, password: &str) {
        run::<()>("accept_login", &json!({ "port": self.port, "login": [USER, password] }));
    }
}
