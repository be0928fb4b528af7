//! Every key comes from the master key by HMAC under a name of its own, so none of them leads to another.

use aws_lc_rs::hmac;
use protocol::ids::NodeId;
use secrecy::{ExposeSecret, SecretBox};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

const WRAPPING: &str = "mixdown/key-wrapping/1";
const NODE_TOKENS: &str = "mixdown/node-tokens/1/";

/// Keys derived from the master key.
pub(crate) struct KeyRing {
    master: hmac::Key,
    wrapping_id: String,
}

impl KeyRing {
    pub(crate) fn new(master: &SecretBox<[u8; 32]>) -> Self {
        let master = hmac::Key::new(hmac::HMAC_SHA256, master.expose_secret());
        let identifier = hmac::sign(&master, b"mixdown/key-identifier/1");
        let wrapping_id = hex::encode(&Sha256::digest(identifier.as_ref())[..8]);
        Self { master, wrapping_id }
    }

    /// Names the wrapping key beside what it wrapped.
    pub(crate) fn wrapping_id(&self) -> &str {
        &self.wrapping_id
    }

    /// The key that wraps the keys of secrets, if it is the one of this name.
    pub(crate) fn wrapping_key(&self, id: &str) -> Option<Zeroizing<[u8; 32]>> {
        (id == self.wrapping_id).then(|| self.derive(WRAPPING))
    }

    /// Signs join tokens for one node.
    pub(crate) fn node_token_key(&self, node: NodeId) -> Zeroizing<[u8; 32]> {
        self.derive(&format!("{NODE_TOKENS}{node}"))
    }

    fn derive(&self, name: &str) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        key.copy_from_slice(hmac::sign(&self.master, name.as_bytes()).as_ref());
        key
    }
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyRing").field("wrapping_id", &self.wrapping_id).finish_non_exhaustive()
    }
}
