//! What an org pays for.

use std::{fmt, str::FromStr};

/// Plan of an org.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    Free,
    Pro,
}

/// The text names no plan.
#[derive(Debug, thiserror::Error)]
#[error("unknown plan")]
pub struct UnknownPlan;

impl Plan {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Pro => "pro",
        }
    }

    /// Whether recordings are part of it.
    #[must_use]
    pub fn includes_recording(self) -> bool {
        self == Self::Pro
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Plan {
    type Err = UnknownPlan;

    fn from_str(text: &str) -> Result<Self, UnknownPlan> {
        match text {
            "free" => Ok(Self::Free),
            "pro" => Ok(Self::Pro),
            _ => Err(UnknownPlan),
        }
    }
}
