use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// Light or dark, or as the system says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

/// The word names no theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown theme")]
pub struct UnknownTheme;

impl Theme {
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::System => "As the system says",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }

    /// Path of a 16 × 16 icon.
    #[must_use]
    pub fn picture(self) -> &'static str {
        match self {
            Self::System => "M2 3h12v8H2zM6 14h4M8 11v3",
            Self::Light => {
                "M8 5a3 3 0 1 0 0 6a3 3 0 1 0 0-6M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1"
            }
            Self::Dark => "M13.5 9.5A6 6 0 0 1 6.500 2.500a6 6 0 1 0 7 7z",
        }
    }
}

impl FromStr for Theme {
    type Err = UnknownTheme;

    fn from_str(word: &str) -> Result<Self, UnknownTheme> {
        Self::ALL.into_iter().find(|theme| theme.as_str() == word).ok_or(UnknownTheme)
    }
}
