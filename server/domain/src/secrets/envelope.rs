//! Secrets at rest: XChaCha20-Poly1305 under a key of their own, which is wrapped by the key ring. Both layers are
//! bound to the place of the secret, so a copied cell does not open anywhere else.

use super::{KeyRing, Place};
use crate::{
    error::{Error, Result},
    random::Random,
};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305,
    aead::{Aead, Payload},
};
use std::fmt::Display;
use zeroize::Zeroizing;

const VERSION: &str = "1";
const NONCE_BYTES: usize = 24;

/// Why a stored secret does not open.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum Unopened {
    #[error("a stored secret is malformed")]
    Malformed,
    #[error("a stored secret was sealed with another key")]
    UnknownKey,
    #[error("a stored secret was changed or moved")]
    Forged,
    #[error("the key of a stored secret could not be wrapped again")]
    Unwrapped,
}

/// The parts of a sealed secret.
struct Sealed<'t> {
    key_id: &'t str,
    wrapped: &'t str,
    ciphertext: &'t str,
}

impl<'t> Sealed<'t> {
    fn parse(text: &'t str) -> Result<Self, Unopened> {
        let mut fields = text.split('.');
        match (fields.next(), fields.next(), fields.next(), fields.next(), fields.next()) {
            (Some(VERSION), Some(key_id), Some(wrapped), Some(ciphertext), None) => {
                Ok(Self { key_id, wrapped, ciphertext })
            }
            _ => Err(Unopened::Malformed),
        }
    }
}

/// Seals and opens secrets.
#[derive(Debug)]
pub(crate) struct Envelope<'a> {
    pub keys: &'a KeyRing,
    pub random: &'a Random,
}

impl Envelope<'_> {
    /// `version.key-id.wrapped-key.ciphertext`
    pub(crate) fn seal(&self, place: Place, row: impl Display, secret: &[u8]) -> Result<String> {
        let associated = place.associated_data(VERSION, &row);
        let key = Zeroizing::new(self.random.bytes::<32>().map_err(Error::internal)?);
        let ciphertext = STANDARD_NO_PAD.encode(self.encrypt(&key, &associated, secret)?);
        self.assemble(&associated, &key, &ciphertext)
    }

    /// The secret again.
    pub(crate) fn open(&self, place: Place, row: impl Display, sealed: &str) -> Result<Zeroizing<Vec<u8>>, Unopened> {
        let sealed = Sealed::parse(sealed)?;
        let associated = place.associated_data(VERSION, &row);
        let key = self.unwrap_key(&associated, &sealed)?;
        decrypt(&key, &associated, sealed.ciphertext)
    }

    /// The same ciphertext with its key wrapped by the ring's sealing key; `None` when it is already.
    pub(crate) fn rewrap(&self, place: Place, row: impl Display, sealed: &str) -> Result<Option<String>, Unopened> {
        let sealed = Sealed::parse(sealed)?;
        if self.keys.sealing().is_some_and(|key| key.id == sealed.key_id) {
            return Ok(None);
        }
        let associated = place.associated_data(VERSION, &row);
        let key = self.unwrap_key(&associated, &sealed)?;
        // A key that was moved together with its wrapping must not be made to look fresh.
        decrypt(&key, &associated, sealed.ciphertext)?;
        self.assemble(&associated, &key, sealed.ciphertext).map(Some).map_err(|_| Unopened::Unwrapped)
    }

    fn assemble(&self, associated: &str, key: &[u8; 32], ciphertext: &str) -> Result<String> {
        let wrapping = self.keys.sealing().ok_or_else(|| Error::internal(Unopened::UnknownKey))?;
        let wrapped = STANDARD_NO_PAD.encode(self.encrypt(&wrapping.key, associated, key)?);
        Ok(format!("{VERSION}.{}.{wrapped}.{ciphertext}", wrapping.id))
    }

    fn unwrap_key(&self, associated: &str, sealed: &Sealed<'_>) -> Result<Zeroizing<[u8; 32]>, Unopened> {
        let wrapping = self.keys.find(sealed.key_id).ok_or(Unopened::UnknownKey)?;
        let key = decrypt(&wrapping.key, associated, sealed.wrapped)?;
        <[u8; 32]>::try_from(key.as_slice()).map(Zeroizing::new).map_err(|_| Unopened::Malformed)
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
    use crate::{
        clock::Clock,
        secrets::{MasterKey, SealedColumn},
    };
    use proptest::prelude::*;
    use protocol::ids::OrgId;
    use std::sync::Arc;

    fn ring(bytes: &[u8]) -> KeyRing {
        let keys: Vec<_> = bytes.iter().map(|byte| MasterKey::new(Zeroizing::new([*byte; 32]))).collect();
        KeyRing::open(Arc::new(keys), Clock::fixed(0)).unwrap()
    }

    fn place(org: u8) -> Place {
        SealedColumn::WebhookSecret.of(OrgId::from_parts(1, [org; 10]))
    }

    proptest! {
        #[test]
        fn opens_where_it_was_sealed_and_nowhere_else(secret: Vec<u8>, flipped in 0usize..10_000) {
            let (keys, random) = (ring(&[1]), Random::seeded(1));
            let envelope = Envelope { keys: &keys, random: &random };
            let sealed = envelope.seal(place(1), "row-a", &secret).unwrap();
            let opened = envelope.open(place(1), "row-a", &sealed).unwrap();
            prop_assert_eq!(opened.as_slice(), secret.as_slice());
            prop_assert_eq!(envelope.open(place(1), "row-b", &sealed).unwrap_err(), Unopened::Forged);
            prop_assert_eq!(envelope.open(place(2), "row-a", &sealed).unwrap_err(), Unopened::Forged);
            let column = SealedColumn::CaptureKey.of(OrgId::from_parts(1, [1; 10]));
            prop_assert_eq!(envelope.open(column, "row-a", &sealed).unwrap_err(), Unopened::Forged);

            let mut bytes = sealed.into_bytes();
            let index = flipped % bytes.len();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            prop_assert!(envelope.open(place(1), "row-a", &changed).is_err());
        }

        #[test]
        fn foreign_text_never_panics(text in ".{0,200}") {
            let (keys, random) = (ring(&[1]), Random::seeded(1));
            let envelope = Envelope { keys: &keys, random: &random };
            let _ = envelope.open(place(1), "row", &text);
            let _ = envelope.rewrap(place(1), "row", &text);
        }
    }

    #[test]
    fn another_master_key_is_named_as_the_reason() {
        let random = Random::seeded(1);
        let (first, other) = (ring(&[1]), ring(&[2]));
        let sealed = Envelope { keys: &first, random: &random }.seal(place(1), "row", b"secret").unwrap();
        let opened = Envelope { keys: &other, random: &random }.open(place(1), "row", &sealed);
        assert_eq!(opened.unwrap_err(), Unopened::UnknownKey);
    }

    #[test]
    fn a_rewrapped_secret_needs_only_the_new_key_and_keeps_its_ciphertext() {
        let random = Random::seeded(1);
        let (old, both, new) = (ring(&[1]), ring(&[2, 1]), ring(&[2]));
        let sealed = Envelope { keys: &old, random: &random }.seal(place(1), "row", b"secret").unwrap();
        let rotating = Envelope { keys: &both, random: &random };
        assert_eq!(rotating.open(place(1), "row", &sealed).unwrap().as_slice(), b"secret");
        assert_eq!(rotating.rewrap(place(2), "row", &sealed).unwrap_err(), Unopened::Forged);
        let rewrapped = rotating.rewrap(place(1), "row", &sealed).unwrap().unwrap();
        assert_eq!(rotating.rewrap(place(1), "row", &rewrapped).unwrap(), None);
        assert_eq!(sealed.rsplit('.').next(), rewrapped.rsplit('.').next());
        let afterwards = Envelope { keys: &new, random: &random };
        assert_eq!(afterwards.open(place(1), "row", &rewrapped).unwrap().as_slice(), b"secret");
        assert_eq!(afterwards.open(place(1), "row", &sealed).unwrap_err(), Unopened::UnknownKey);
    }
}
