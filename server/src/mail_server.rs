//! The operator's settings of the mail server, checked before anything starts.

use crate::{
    config::{SmtpOptions, SmtpSecurityOption},
    start_error::StartError,
};
use domain::settings::{SmtpSecurity, SmtpSettings};
use std::{net::IpAddr, path::Path, time::Duration};

/// Longest time that handing one mail over may take.
const TIME_LIMIT: Duration = Duration::from_secs(30);
/// More certificates than any system has.
const MAX_CA_BYTES: u64 = 1024 * 1024;

/// The settings; `None` when there is no mail server.
pub(crate) fn settings(options: &SmtpOptions) -> Result<Option<SmtpSettings>, StartError> {
    let Some(host) = options.smtp_host.as_deref().map(str::trim).filter(|host| !host.is_empty()) else {
        return match needless(options) {
            None => Ok(None),
            Some(option) => {
                Err(refusal(format!("{option} is set without --smtp-host; name the mail server, or unset it.")))
            }
        };
    };
    let from = options.smtp_from.clone();
    let from = from.ok_or_else(|| refusal("--smtp-host needs --smtp-from, the sender of all mails.".to_owned()))?;
    let login = match (&options.smtp_user, &options.smtp_password) {
        (Some(user), Some(password)) => Some((user.clone(), password.clone())),
        (None, None) => None,
        (Some(_), None) => return Err(refusal("--smtp-user needs MIXDOWN_SMTP_PASSWORD.".to_owned())),
        (None, Some(_)) => return Err(refusal("MIXDOWN_SMTP_PASSWORD needs --smtp-user.".to_owned())),
    };
    let (security, port) = match options.smtp_security {
        SmtpSecurityOption::Starttls => (SmtpSecurity::StartTls, 587),
        SmtpSecurityOption::Tls => (SmtpSecurity::Tls, 465),
        SmtpSecurityOption::None => (SmtpSecurity::None, 25),
    };
    if security == SmtpSecurity::None && login.is_some() && !is_this_machine(host) {
        let problem =
            "--smtp-security none would send the password of the mail server unprotected; use starttls or tls.";
        return Err(refusal(problem.to_owned()));
    }
    Ok(Some(SmtpSettings {
        host: host.to_owned(),
        port: options.smtp_port.unwrap_or(port),
        security,
        login,
        from,
        authorities: options.smtp_ca_file.as_deref().map(read_authorities).transpose()?,
        time_limit: TIME_LIMIT,
    }))
}

/// An option that does nothing without a mail server.
fn needless(options: &SmtpOptions) -> Option<&'static str> {
    [
        (options.smtp_user.is_some(), "--smtp-user"),
        (options.smtp_password.is_some(), "MIXDOWN_SMTP_PASSWORD"),
        (options.smtp_from.is_some(), "--smtp-from"),
        (options.smtp_ca_file.is_some(), "--smtp-ca-file"),
    ]
    .into_iter()
    .find_map(|(set, option)| set.then_some(option))
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.trim_matches(['[', ']']).parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

fn read_authorities(path: &Path) -> Result<String, StartError> {
    let file = |source| StartError::File { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(file)?.len() > MAX_CA_BYTES {
        return Err(StartError::Corrupt { path: path.to_owned(), what: "list of certificates" });
    }
    std::fs::read_to_string(path).map_err(file)
}

fn refusal(sentence: String) -> StartError {
    StartError::Domain(sentence)
}
