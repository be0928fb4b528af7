//! Why a request was not answered, as far as somebody can do something about it.

use crate::resolver::NotPublic;
use rustls::CertificateError;
use std::{error::Error as StdError, io};

/// The request could not be made or was not answered. What the network said is the source, for the log only.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The URL, or an address its name leads to, is none that customers may choose.
    #[error("the address is not allowed")]
    NotAllowed,
    /// The name leads nowhere.
    #[error("the name could not be resolved")]
    Dns(#[source] reqwest::Error),
    /// There is somebody, but no secure connection with them.
    #[error("no secure connection: {problem}")]
    Tls {
        problem: TlsProblem,
        #[source]
        source: reqwest::Error,
    },
    #[error("no connection could be made")]
    Connect(#[source] reqwest::Error),
    #[error("no complete answer arrived in time")]
    TimedOut(#[source] reqwest::Error),
    /// The connection ended in the middle, or what came was no HTTP.
    #[error("the exchange was broken off")]
    Broken(#[source] reqwest::Error),
}

/// What is wrong with a secure connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TlsProblem {
    /// Nobody we trust signed the certificate: it wants a custom authority.
    #[error("nobody trusted has signed the certificate")]
    UnknownIssuer,
    #[error("the certificate is for another name")]
    WrongName,
    #[error("the certificate has expired or is not valid yet")]
    OutOfDate,
    #[error("the certificate is not usable")]
    Certificate,
    /// No common version, or the other end speaks no TLS.
    #[error("the handshake failed")]
    Handshake,
}

impl OutboundError {
    /// What the customer is told; the same for refused and unreachable, so that it says nothing about our network.
    #[must_use]
    pub fn public_message(&self) -> &'static str {
        match self {
            Self::NotAllowed | Self::Dns(_) | Self::Tls { .. } | Self::Connect(_) | Self::Broken(_) => {
                "The address could not be reached."
            }
            Self::TimedOut(_) => "No complete answer arrived in time.",
        }
    }
}

/// Sorts what the client reports.
pub(crate) fn sort(error: reqwest::Error) -> OutboundError {
    // A URL may carry a signature; it has no place in the log.
    let error = error.without_url();
    if caused_by::<NotPublic>(&error).is_some() {
        return OutboundError::NotAllowed;
    }
    if error.is_timeout() {
        return OutboundError::TimedOut(error);
    }
    if error.is_dns() {
        return OutboundError::Dns(error);
    }
    if let Some(problem) = caused_by(&error).map(tls_problem) {
        return OutboundError::Tls { problem, source: error };
    }
    if error.is_connect() { OutboundError::Connect(error) } else { OutboundError::Broken(error) }
}

fn tls_problem(error: &rustls::Error) -> TlsProblem {
    let rustls::Error::InvalidCertificate(error) = error else { return TlsProblem::Handshake };
    match error {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => TlsProblem::UnknownIssuer,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => TlsProblem::WrongName,
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => TlsProblem::OutOfDate,
        _ => TlsProblem::Certificate,
    }
}

/// The cause of this type. An [`io::Error`] names the source of what it holds as its own, so it is opened first.
fn caused_by<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(held) => Some(held),
            None => error.source(),
        };
    }
    None
}
