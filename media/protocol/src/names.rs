//! Names that people choose, checked once where they enter.

use crate::limits::{CLIENT_NAME_CHARS, DISPLAY_NAME_CHARS, ROOM_NAME_CHARS};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a name was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    #[error("must not be empty")]
    Empty,
    #[error("is longer than {0} characters")]
    TooLong(usize),
    #[error("must not contain control characters")]
    ControlCharacter,
}

fn check(text: &str, max_chars: usize) -> Result<(), InvalidName> {
    if text.trim().is_empty() {
        return Err(InvalidName::Empty);
    }
    if text.chars().count() > max_chars {
        return Err(InvalidName::TooLong(max_chars));
    }
    if text.chars().any(char::is_control) {
        return Err(InvalidName::ControlCharacter);
    }
    Ok(())
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident($max:expr);)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                check(&text, $max)?;
                Ok(Self(text))
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

names! {
    /// Name of a room within its application.
    RoomName(ROOM_NAME_CHARS);
    /// Name a person sees: of a peer, an application, an org.
    DisplayName(DISPLAY_NAME_CHARS);
    /// What an application calls one of its StreamRec clients or supervisors.
    ClientName(CLIENT_NAME_CHARS);
}

impl RoomName {
    /// Of text that we made ourselves, of letters and digits.
    pub(crate) fn of_digits(text: String) -> Self {
        Self(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_hold() {
        assert_eq!(RoomName::try_from(" ".to_owned()), Err(InvalidName::Empty));
        assert_eq!(RoomName::try_from("a\nb".to_owned()), Err(InvalidName::ControlCharacter));
        assert!(RoomName::try_from("é".repeat(ROOM_NAME_CHARS)).is_ok());
        assert_eq!(RoomName::try_from("x".repeat(ROOM_NAME_CHARS + 1)), Err(InvalidName::TooLong(ROOM_NAME_CHARS)));
        assert!(serde_json::from_str::<RoomName>("\"\"").is_err());
    }
}
