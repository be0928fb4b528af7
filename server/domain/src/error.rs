//! The one error of the services: a stable code and a sentence for the client, and a source for the log that is never
//! shown.

use crate::applications::Condition;
use std::{borrow::Cow, error::Error as StdError, fmt, time::Duration};

/// Result of every service.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What a caller does about an error; an HTTP status follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It does not exist for this tenant.
    NotFound,
    /// It existed and does so no more.
    Gone,
    /// The request itself is wrong.
    Invalid,
    /// It contradicts the present state.
    Conflict,
    /// It is meant for a state that has passed.
    Outdated,
    /// It is well-formed and cannot be meant.
    Unprocessable,
    Forbidden,
    Unauthenticated,
    Throttled,
    /// Something outside did not answer; try again.
    Unavailable,
    Internal,
}

/// Why a service did not do what was asked.
pub struct Error {
    kind: Kind,
    code: &'static str,
    message: Cow<'static, str>,
    conditions: Vec<Condition>,
    retry_after: Option<Duration>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error whose message may be shown.
    pub fn new(kind: Kind, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, code, message: message.into(), conditions: Vec::new(), retry_after: None, source: None }
    }

    pub(crate) fn not_found(code: &'static str, message: &'static str) -> Self {
        Self::new(Kind::NotFound, code, message)
    }

    pub(crate) fn invalid(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Invalid, code, message)
    }

    pub(crate) fn conflict(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Conflict, code, message)
    }

    pub(crate) fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(Kind::Internal, "internal", "Something went wrong on our side.").with_source(source)
    }

    pub(crate) fn unavailable(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Unavailable, code, message)
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    pub(crate) fn with_conditions(mut self, conditions: Vec<Condition>) -> Self {
        self.conditions = conditions;
        self
    }

    pub(crate) fn with_retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// Sentence for people; says nothing about our inside.
    #[must_use]
    pub fn public_message(&self) -> String {
        self.message.clone().into_owned()
    }

    /// With `conditions_missing`: every condition that is missing.
    #[must_use]
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// With [`Kind::Throttled`]: when to come back.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.kind)
            .field("code", &self.code)
            .field("message", &self.message)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolTimedOut | sqlx::Error::Io(_) => {
                Self::unavailable("database_unavailable", "The database did not answer.").with_source(error)
            }
            error => Self::internal(error),
        }
    }
}
