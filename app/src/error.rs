//! What a server function answers when it does not do what was asked.

use leptos::{
    prelude::FromServerFnError,
    server_fn::{codec::JsonEncoding, error::ServerFnErrorErr},
};
use serde::{Deserialize, Serialize};

/// What the page does about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The session has ended or never began: sign in.
    SignedOut,
    /// It does not exist for this tenant.
    NotFound,
    /// The person can change something and try again.
    Refused,
    /// Nothing the person did; trying again may help.
    Unavailable,
}

/// An error as a person sees it: a stable code and one safe sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ConsoleError {
    pub kind: ErrorKind,
    pub code: String,
    pub message: String,
}

impl ConsoleError {
    pub fn new(kind: ErrorKind, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind, code: code.into(), message: message.into() }
    }

    /// Nobody is signed in.
    #[must_use]
    pub fn signed_out() -> Self {
        Self::new(ErrorKind::SignedOut, "signed_out", "Your session has ended. Sign in again.")
    }

    /// The address names nothing this tenant has.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(ErrorKind::NotFound, "not_found", "This does not exist, or it belongs to someone else.")
    }

    /// Says no more than that it was not the person's fault.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(ErrorKind::Unavailable, "internal", "Something went wrong on our side. Try again in a moment.")
    }
}

impl FromServerFnError for ConsoleError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => Self::new(
                ErrorKind::Unavailable,
                "unreachable",
                "The server could not be reached. Check your connection and try again.",
            ),
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => Self::new(
                ErrorKind::Refused,
                "incomplete_form",
                "Something is missing from the form. Fill in every field.",
            ),
            _ => Self::internal(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_text_is_not_shown() {
        let error = ConsoleError::from_server_fn_error(ServerFnErrorErr::ServerError("SELECT failed".into()));
        assert!(!error.message.contains("SELECT"));
    }
}
