//! Places in lists, as programs hold them: signed, and bound to the list, so that none can be made up or used elsewhere.
//!
//! ```text
//! HMAC-SHA256 of org, list and position, its first 16 bytes | position
//! ```
//! in base64 for URLs.

use crate::{
    access::Access,
    error::{Error, Result},
    secrets::InstallationKey,
    services::Services,
};
use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use std::{fmt::Display, str::FromStr};

const SIGNATURE_BYTES: usize = 16;
/// Longer than any that we make.
const CURSOR_CHARS: usize = 512;

/// One list of one org.
#[derive(Debug)]
pub struct List<'a> {
    services: &'a Services,
    /// What tells it from every other list.
    identity: String,
}

impl<'a> List<'a> {
    /// The list of this name; `of` names what it was chosen by, such as an application and a filter.
    #[must_use]
    pub fn new(services: &'a Services, access: &Access, name: &str, of: &impl Display) -> Self {
        // Lengths precede texts, so that no two lists are named the same.
        let of = of.to_string();
        Self { services, identity: format!("{}|{}:{name}|{}:{of}|", access.org(), name.len(), of.len()) }
    }

    /// The cursor of a place in the list.
    pub async fn cursor(&self, position: &impl Display) -> Result<String> {
        let position = position.to_string();
        let mut bytes = self.sign(&position).await?;
        bytes.extend(position.as_bytes());
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The place that a cursor of this list stands for.
    pub async fn position<T: FromStr>(&self, cursor: &str) -> Result<T> {
        let invalid = || Error::invalid("invalid_cursor", "The cursor is not one that a page of this list ended with.");
        if cursor.len() > CURSOR_CHARS {
            return Err(invalid());
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| invalid())?;
        let (signature, position) = bytes.split_at_checked(SIGNATURE_BYTES).ok_or_else(invalid)?;
        let position = std::str::from_utf8(position).map_err(|_| invalid())?;
        verify_slices_are_equal(signature, &self.sign(position).await?).map_err(|_| invalid())?;
        position.parse().map_err(|_| invalid())
    }

    async fn sign(&self, position: &str) -> Result<Vec<u8>> {
        let key = self.services.cursor_key().await?;
        let signature = hmac::sign(key, format!("{}{position}", self.identity).as_bytes());
        Ok(signature.as_ref()[..SIGNATURE_BYTES].to_vec())
    }
}

/// The key that signs cursors.
pub(crate) async fn key(services: &Services) -> Result<hmac::Key> {
    let stored = InstallationKey::Cursors.get(services, &mut services.read().await?).await?;
    let key = match stored {
        Some(key) => key,
        None => {
            let mut tx = services.begin().await?;
            let key = InstallationKey::Cursors.get_or_draw(services, &mut tx).await?;
            tx.commit().await?;
            key
        }
    };
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &key))
}
