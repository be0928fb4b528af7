//! Private addresses the operator trusts.

use std::{fmt, str::FromStr};

/// Private addresses that customers' URLs may name: `host:port`, separated by commas, `*` for any port.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowPrivate(Vec<Entry>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    host: String,
    /// `None` for any.
    port: Option<u16>,
}

/// The list cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is not host:port")]
pub struct InvalidAllowPrivate(String);

impl AllowPrivate {
    pub(crate) fn contains(&self, host: &str, port: u16) -> bool {
        self.0.iter().any(|entry| entry.host == host && entry.port.is_none_or(|allowed| allowed == port))
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for AllowPrivate {
    type Err = InvalidAllowPrivate;

    fn from_str(text: &str) -> Result<Self, InvalidAllowPrivate> {
        text.split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
            .map(Entry::from_str)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl FromStr for Entry {
    type Err = InvalidAllowPrivate;

    fn from_str(text: &str) -> Result<Self, InvalidAllowPrivate> {
        let invalid = || InvalidAllowPrivate(text.to_owned());
        let (host, port) = text.rsplit_once(':').ok_or_else(invalid)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let port = if port == "*" { None } else { Some(port.parse().map_err(|_| invalid())?) };
        if host.is_empty() || host.contains(char::is_whitespace) || host.contains('/') {
            return Err(invalid());
        }
        Ok(Self { host, port })
    }
}

impl fmt::Display for AllowPrivate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, entry) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            match entry.port {
                Some(port) => write!(f, "{comma}{}:{port}", entry.host)?,
                None => write!(f, "{comma}{}:*", entry.host)?,
            }
        }
        Ok(())
    }
}
