//! Secrets at rest: XChaCha20-Poly1305 under a key of their own, which is wrapped by the key ring. Both layers are
//! bound to the place of the secret, so a copied cell does not open anywhere else.

use super::KeyRing;
use crate::{
    error::{Error, Result},
    random::Random,
};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305,
    aead::{Aead, Payload},
};
use protocol::ids::OrgId;
use std::fmt::Display;
use zeroize::Zeroizing;

const VERSION: &str = "1";
const NONCE_BYTES: usize = 24;

/// Where a secret is stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub table: &'a str,
    pub column: &'a str,
    /// `None` for what belongs to the installation.
    pub org: Option<OrgId>,
}

impl Place<'_> {
    fn associated_data(&self, row: &impl Display) -> String {
        let org = self.org.map(|org| org.to_string()).unwrap_or_default();
        format!("{VERSION}|{}|{}|{org}|{row}", self.table, self.column)
    }
}

/// Why a stored secret does not open.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum Unopened {
    #[error("a stored secret is malformed")]
    Malformed,
    #[error("a stored secret was sealed with another key")]
    UnknownKey,
    #[error("a stored secret was changed or moved")]
    Forged,
}

/// Seals and opens secrets.
#[derive(Debug)]
pub(crate) struct Envelope<'a> {
    pub keys: &'a KeyRing,
    pub random: &'a Random,
}

impl Envelope<'_> {
    /// `version.key-id.wrapped-key.ciphertext`
    pub(crate) fn seal(&self, place: Place<'_>, row: impl Display, secret: &[u8]) -> Result<String> {
        let associated = place.associated_data(&row);
        let wrapping_id = self.keys.wrapping_id();
        let wrapping = self.keys.wrapping_key(wrapping_id).ok_or_else(|| Error::internal(Unopened::UnknownKey))?;
        let key = Zeroizing::new(self.random.bytes::<32>().map_err(Error::internal)?);
        let wrapped = self.encrypt(&wrapping, &associated, key.as_slice())?;
        let sealed = self.encrypt(&key, &associated, secret)?;
        Ok(format!("{VERSION}.{wrapping_id}.{}.{}", STANDARD_NO_PAD.encode(wrapped), STANDARD_NO_PAD.encode(sealed)))
    }

    /// The secret again.
    pub(crate) fn open(
        &self,
        place: Place<'_>,
        row: impl Display,
        sealed: &str,
    ) -> Result<Zeroizing<Vec<u8>>, Unopened> {
        let mut fields = sealed.split('.');
        let (Some(VERSION), Some(key_id), Some(wrapped), Some(sealed), None) =
            (fields.next(), fields.next(), fields.next(), fields.next(), fields.next())
        else {
            return Err(Unopened::Malformed);
        };
        let associated = place.associated_data(&row);
        let wrapping = self.keys.wrapping_key(key_id).ok_or(Unopened::UnknownKey)?;
        let key = decrypt(&wrapping, &associated, wrapped)?;
        let key = Zeroizing::new(<[u8; 32]>::try_from(key.as_slice()).map_err(|_| Unopened::Malformed)?);
        decrypt(&key, &associated, sealed)
    }

    fn encrypt(&self, key: &[u8; 32], associated: &str, plain: &[u8]) -> Result<Vec<u8>> {
        let nonce = self.random.bytes::<NONCE_BYTES>().map_err(Error::internal)?;
        let payload = Payload { msg: plain, aad: associated.as_bytes() };
        let cipher = XChaCha20Poly1305::new(key.into());
        let sealed = cipher.encrypt(&nonce.into(), payload).map_err(|_| Error::internal(Unopened::Malformed))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }
}

fn decrypt(key: &[u8; 32], associated: &str, text: &str) -> Result<Zeroizing<Vec<u8>>, Unopened> {
    let bytes = STANDARD_NO_PAD.decode(text).map_err(|_| Unopened::Malformed)?;
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or(Unopened::Malformed)?;
    let payload = Payload { msg: sealed, aad: associated.as_bytes() };
    let cipher = XChaCha20Poly1305::new(key.into());
    cipher.decrypt(&(*nonce).into(), payload).map(Zeroizing::new).map_err(|_| Unopened::Forged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use protocol::ids::NodeId;
    use secrecy::SecretBox;

    fn ring(byte: u8) -> KeyRing {
        KeyRing::new(&SecretBox::new(Box::new([byte; 32])))
    }

    fn org(byte: u8) -> OrgId {
        OrgId::from_parts(1, [byte; 10])
    }

    fn place(org: OrgId) -> Place<'static> {
        Place { table: "applications", column: "webhook_secret", org: Some(org) }
    }

    proptest! {
        #[test]
        fn opens_where_it_was_sealed_and_nowhere_else(secret: Vec<u8>, flipped in 0usize..10_000) {
            let (keys, random) = (ring(1), Random::seeded(1));
            let envelope = Envelope { keys: &keys, random: &random };
            let sealed = envelope.seal(place(org(1)), "row-a", &secret).unwrap();
            let opened = envelope.open(place(org(1)), "row-a", &sealed).unwrap();
            prop_assert_eq!(opened.as_slice(), secret.as_slice());
            prop_assert_eq!(envelope.open(place(org(1)), "row-b", &sealed).unwrap_err(), Unopened::Forged);
            prop_assert_eq!(envelope.open(place(org(2)), "row-a", &sealed).unwrap_err(), Unopened::Forged);
            let column = Place { column: "other", ..place(org(1)) };
            prop_assert_eq!(envelope.open(column, "row-a", &sealed).unwrap_err(), Unopened::Forged);

            let mut bytes = sealed.into_bytes();
            let index = flipped % bytes.len();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            prop_assert!(envelope.open(place(org(1)), "row-a", &changed).is_err());
        }

        #[test]
        fn foreign_text_never_panics(text in ".{0,200}") {
            let (keys, random) = (ring(1), Random::seeded(1));
            let _ = Envelope { keys: &keys, random: &random }.open(place(org(1)), "row", &text);
        }
    }

    #[test]
    fn another_master_key_is_named_as_the_reason() {
        let random = Random::seeded(1);
        let (first, other) = (ring(1), ring(2));
        let sealed = Envelope { keys: &first, random: &random }.seal(place(org(1)), "row", b"secret").unwrap();
        let opened = Envelope { keys: &other, random: &random }.open(place(org(1)), "row", &sealed);
        assert_eq!(opened.unwrap_err(), Unopened::UnknownKey);
        let node = NodeId::from_parts(1, [1; 10]);
        assert_ne!(first.node_token_key(node), other.node_token_key(node));
    }
}
