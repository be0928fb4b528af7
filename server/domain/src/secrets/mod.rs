//! Keys and secrets: the ring of master keys and its rotation, the envelope of secrets at rest, and hashes of tokens.

mod envelope;
mod installation;
mod master;
mod places;
mod ring;
mod rotation;
mod tokens;
mod vault;

pub(crate) use envelope::{Envelope, Unopened};
pub(crate) use installation::InstallationKey;
pub use master::{KeySource, KeySourceError, MasterKey};
pub(crate) use places::{Owner, Place, SealedColumn};
pub(crate) use ring::KeyRing;
pub use rotation::{
    KeyUse, NotRetired, Progress, Rewrapped, forget_unheld, is_unfinished, rewrap, uses, why_not_retired,
};
pub(crate) use tokens::{hash_token, new_token};
pub use vault::Vault;
