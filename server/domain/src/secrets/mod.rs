//! Keys and secrets: the key ring under the master key, the envelope of secrets at rest, and hashes of tokens.

mod envelope;
mod keys;
mod tokens;

pub(crate) use envelope::{Envelope, Place};
pub(crate) use keys::KeyRing;
pub(crate) use tokens::{hash_token, new_token};
