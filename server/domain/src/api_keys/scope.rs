//! What a key may do.

use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt, str::FromStr};

/// One thing a key may do. Writing includes reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    ApplicationsRead,
    ApplicationsWrite,
    RecordingsRead,
    RecordingsWrite,
    StorageRead,
    StorageWrite,
    WebhooksRead,
    WebhooksWrite,
    RoomsRead,
    RoomsWrite,
    UsageRead,
    ApiKeysRead,
    ApiKeysWrite,
    AuditRead,
    /// Being a master key of StreamRec.
    Streamrec,
}

impl Scope {
    pub const ALL: [Self; 15] = [
        Self::ApplicationsRead,
        Self::ApplicationsWrite,
        Self::RecordingsRead,
        Self::RecordingsWrite,
        Self::StorageRead,
        Self::StorageWrite,
        Self::WebhooksRead,
        Self::WebhooksWrite,
        Self::RoomsRead,
        Self::RoomsWrite,
        Self::UsageRead,
        Self::ApiKeysRead,
        Self::ApiKeysWrite,
        Self::AuditRead,
        Self::Streamrec,
    ];

    /// The word that keys, problems and the API's description use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ApplicationsRead => "applications:read",
            Self::ApplicationsWrite => "applications:write",
            Self::RecordingsRead => "recordings:read",
            Self::RecordingsWrite => "recordings:write",
            Self::StorageRead => "storage:read",
            Self::StorageWrite => "storage:write",
            Self::WebhooksRead => "webhooks:read",
            Self::WebhooksWrite => "webhooks:write",
            Self::RoomsRead => "rooms:read",
            Self::RoomsWrite => "rooms:write",
            Self::UsageRead => "usage:read",
            Self::ApiKeysRead => "api_keys:read",
            Self::ApiKeysWrite => "api_keys:write",
            Self::AuditRead => "audit:read",
            Self::Streamrec => "streamrec",
        }
    }

    /// Whether it is about what one application owns, so that a key of one application may have it.
    #[must_use]
    pub fn fits_one_application(self) -> bool {
        match self {
            Self::ApplicationsRead
            | Self::ApplicationsWrite
            | Self::RecordingsRead
            | Self::RecordingsWrite
            | Self::WebhooksRead
            | Self::WebhooksWrite
            | Self::RoomsRead
            | Self::RoomsWrite
            | Self::UsageRead
            | Self::Streamrec => true,
            Self::StorageRead | Self::StorageWrite | Self::ApiKeysRead | Self::ApiKeysWrite | Self::AuditRead => false,
        }
    }

    /// The scope that includes this one.
    fn wider(self) -> Option<Self> {
        match self {
            Self::ApplicationsRead => Some(Self::ApplicationsWrite),
            Self::RecordingsRead => Some(Self::RecordingsWrite),
            Self::StorageRead => Some(Self::StorageWrite),
            Self::WebhooksRead => Some(Self::WebhooksWrite),
            Self::RoomsRead => Some(Self::RoomsWrite),
            Self::ApiKeysRead => Some(Self::ApiKeysWrite),
            Self::ApplicationsWrite
            | Self::RecordingsWrite
            | Self::StorageWrite
            | Self::WebhooksWrite
            | Self::RoomsWrite
            | Self::UsageRead
            | Self::ApiKeysWrite
            | Self::AuditRead
            | Self::Streamrec => None,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no scope.
#[derive(Debug, thiserror::Error)]
#[error("unknown scope")]
pub struct UnknownScope;

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or(UnknownScope)
    }
}

/// All that a key may do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<String>", try_from = "Vec<String>")]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// Whether this scope, or one that includes it, is among them.
    #[must_use]
    pub fn contains(&self, scope: Scope) -> bool {
        self.0.contains(&scope) || scope.wider().is_some_and(|wider| self.0.contains(&wider))
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().copied()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

impl From<Scopes> for Vec<String> {
    fn from(scopes: Scopes) -> Self {
        scopes.iter().map(|scope| scope.as_str().to_owned()).collect()
    }
}

impl TryFrom<Vec<String>> for Scopes {
    type Error = UnknownScope;

    fn try_from(words: Vec<String>) -> Result<Self, UnknownScope> {
        words.iter().map(|word| word.parse()).collect()
    }
}
