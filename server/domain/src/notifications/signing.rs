//! Keys and signatures of Standard Webhooks 1.0. Pure, but for the randomness it is given.

use crate::random::{NoRandomness, Random};
use aws_lc_rs::{
    error::KeyRejected,
    hmac,
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use protocol::webhook::Signing;
use secrecy::SecretString;
use zeroize::Zeroizing;

const SECRET_BYTES: usize = 32;
const SECRET_PREFIX: &str = "whsec_";
const PUBLIC_KEY_PREFIX: &str = "whpk_";

/// A key could not be made or used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    #[error(transparent)]
    Random(#[from] NoRandomness),
    #[error("a signing key is malformed")]
    Malformed,
}

impl From<KeyRejected> for KeyError {
    fn from(_: KeyRejected) -> Self {
        Self::Malformed
    }
}

/// A key that was just made.
pub(crate) struct FreshKey {
    /// The secret of HMAC, the seed of Ed25519.
    pub secret: Zeroizing<[u8; SECRET_BYTES]>,
    /// With Ed25519: `whpk_…`.
    pub public_key: Option<String>,
}

impl FreshKey {
    pub(crate) fn draw(random: &Random, signing: Signing) -> Result<Self, KeyError> {
        Self::of(random.bytes()?, signing)
    }

    /// The one that this secret makes.
    pub(crate) fn of(secret: [u8; SECRET_BYTES], signing: Signing) -> Result<Self, KeyError> {
        let secret = Zeroizing::new(secret);
        let public_key = match signing {
            Signing::Hmac => None,
            Signing::Ed25519 => {
                let pair = Ed25519KeyPair::from_seed_unchecked(secret.as_slice())?;
                Some(format!("{PUBLIC_KEY_PREFIX}{}", STANDARD.encode(pair.public_key())))
            }
        };
        Ok(Self { secret, public_key })
    }

    /// What the receiver has to be given in secret, `whsec_…`; with Ed25519 there is nothing secret to give.
    pub(crate) fn shown(&self) -> Option<SecretString> {
        let shown = || format!("{SECRET_PREFIX}{}", STANDARD.encode(self.secret.as_slice()));
        self.public_key.is_none().then(|| shown().into())
    }
}

/// One signature as `webhook-signature` has it, over identifier, time of the attempt (Unix seconds) and the body as it
/// is sent.
pub(crate) fn sign(signing: Signing, secret: &[u8], id: &str, timestamp: u64, body: &str) -> Result<String, KeyError> {
    let content = format!("{id}.{timestamp}.{body}");
    Ok(match signing {
        Signing::Hmac => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
            format!("v1,{}", STANDARD.encode(hmac::sign(&key, content.as_bytes())))
        }
        Signing::Ed25519 => {
            let pair = Ed25519KeyPair::from_seed_unchecked(secret)?;
            format!("v1a,{}", STANDARD.encode(pair.sign(content.as_bytes())))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
    use secrecy::ExposeSecret;

    /// The example of the specification's reference libraries.
    #[test]
    fn agrees_with_the_reference_libraries() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        assert_eq!(
            sign(Signing::Hmac, &secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#)
                .unwrap(),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn a_public_key_is_all_that_verifies_ed25519() {
        let key = FreshKey::draw(&Random::seeded(1), Signing::Ed25519).unwrap();
        assert!(key.shown().is_none());
        let public = STANDARD.decode(key.public_key.unwrap().strip_prefix("whpk_").unwrap()).unwrap();
        let signature = sign(Signing::Ed25519, key.secret.as_slice(), "msg_1", 7, "{}").unwrap();
        let signature = STANDARD.decode(signature.strip_prefix("v1a,").unwrap()).unwrap();
        UnparsedPublicKey::new(&ED25519, public).verify(b"msg_1.7.{}", &signature).unwrap();
    }

    #[test]
    fn a_secret_is_shown_as_the_libraries_take_it() {
        let key = FreshKey::draw(&Random::seeded(1), Signing::Hmac).unwrap();
        let shown = key.shown().unwrap();
        let bytes = STANDARD.decode(shown.expose_secret().strip_prefix("whsec_").unwrap()).unwrap();
        assert_eq!(bytes, key.secret.as_slice());
    }
}
