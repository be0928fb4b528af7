//! Tokens with so much randomness that a plain hash of them may be stored.

use crate::random::{NoRandomness, Random};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// 32 random bytes, safe in a URL.
pub(crate) fn new_token(random: &Random) -> Result<String, NoRandomness> {
    Ok(URL_SAFE_NO_PAD.encode(random.bytes::<32>()?))
}

/// What is stored of a token.
pub(crate) fn hash_token(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}
