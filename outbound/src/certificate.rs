//! Certificate authorities that customers bring along.

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use std::{fmt, sync::Arc};

/// Longest text: several certificates with their explanations.
const PEM_BYTES: usize = 64 * 1024;

/// One or more certificates that are trusted besides those of the system. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CaCertificate(Arc<str>);

/// The text is no certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCertificate {
    #[error("the certificate is too long")]
    TooLong,
    #[error("there is no certificate in PEM form (-----BEGIN CERTIFICATE-----)")]
    NoPem,
    #[error("the certificate cannot be read")]
    Unreadable,
}

impl CaCertificate {
    /// Reads PEM text.
    ///
    /// # Errors
    /// It is no usable certificate.
    pub fn from_pem(pem: &str) -> Result<Self, InvalidCertificate> {
        if pem.len() > PEM_BYTES {
            return Err(InvalidCertificate::TooLong);
        }
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let certificate = certificate.map_err(|_| InvalidCertificate::Unreadable)?;
            roots.add(certificate).map_err(|_| InvalidCertificate::Unreadable)?;
        }
        if roots.is_empty() { Err(InvalidCertificate::NoPem) } else { Ok(Self(pem.into())) }
    }

    pub(crate) fn certificates(&self) -> Result<Vec<reqwest::Certificate>, reqwest::Error> {
        reqwest::Certificate::from_pem_bundle(self.0.as_bytes())
    }
}

impl fmt::Debug for CaCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaCertificate").finish_non_exhaustive()
    }
}
