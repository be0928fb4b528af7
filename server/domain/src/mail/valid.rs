//! E-mail addresses, of people who sign in and of those who are only told.

use crate::error::{Error, Result};

const LONGEST_BYTES: usize = 254;

/// An address in the one form it is stored and compared in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Email(String);

impl Email {
    /// Only what is surely wrong is refused; whether it exists, only a mail can tell.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let text = text.trim().to_lowercase();
        let plausible = text.len() <= LONGEST_BYTES
            && !text.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';' | '"'))
            && text.split_once('@').is_some_and(|(local, domain)| {
                !local.is_empty()
                    && !domain.is_empty()
                    && !domain.contains('@')
                    && !domain.starts_with('.')
                    && !domain.ends_with('.')
            });
        if plausible { Ok(Self(text)) } else { Err(Error::invalid("email_invalid", "This is not an e-mail address.")) }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_for_each_address() {
        assert_eq!(Email::parse(" Anna@Example.COM ").unwrap().as_str(), "anna@example.com");
        for text in ["", "anna", "@example.com", "anna@", "a b@example.com", "a@b@c", "a@b\nBcc: c@d", "<a@b>", "a@.b"]
        {
            assert!(Email::parse(text).is_err(), "{text:?}");
        }
        assert!(Email::parse(&format!("{}@example.com", "x".repeat(250))).is_err());
    }
}
