//! Settings that several people change: each change may name the version it is meant for.

use crate::error::{Error, Kind, Result};

/// Which versions of settings a change is meant for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Expected {
    /// Whatever they are by now.
    #[default]
    Any,
    /// One of these and no other.
    OneOf(Vec<String>),
}

impl Expected {
    /// For a change that was made up from this version: meant for no other.
    #[must_use]
    pub fn only(&self, version: &str) -> Self {
        match self {
            Self::OneOf(versions) if !versions.iter().any(|expected| expected == version) => Self::OneOf(Vec::new()),
            Self::Any | Self::OneOf(_) => Self::OneOf(vec![version.to_owned()]),
        }
    }

    /// Refuses a change of a version that it is not meant for; asked in the transaction of the change.
    pub(crate) fn check(&self, version: &str) -> Result<()> {
        match self {
            Self::OneOf(versions) if !versions.iter().any(|expected| expected == version) => Err(Error::new(
                Kind::Outdated,
                "changed_meanwhile",
                "Somebody changed it meanwhile. Read it again, and decide anew.",
            )),
            Self::Any | Self::OneOf(_) => Ok(()),
        }
    }
}
