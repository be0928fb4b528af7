//! Encryption of records.

use super::format::{PREFIX_BYTES, Prefix};
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    error::Unspecified,
};
use protocol::recording::CaptureKey;
use std::{fmt, sync::Arc};

/// Bytes a sealed body is longer than the open one.
pub(super) const TAG_BYTES: usize = 16;

/// The key of one capture, ready for use; cheap to clone.
#[derive(Clone)]
pub(super) struct SealKey(Arc<LessSafeKey>);

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(redacted)")
    }
}

impl SealKey {
    pub(super) fn new(key: &CaptureKey) -> Result<Self, Unspecified> {
        Ok(Self(Arc::new(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_bytes())?))))
    }

    /// Seals or opens the records of file `number` in order. A file number is written once per key: captures never
    /// continue an existing file, so no nonce comes twice.
    pub(super) fn file(&self, number: u32) -> FileSeal {
        FileSeal { key: self.clone(), number, records: 0 }
    }
}

/// The place in one file.
#[derive(Debug)]
pub(super) struct FileSeal {
    key: SealKey,
    number: u32,
    records: u64,
}

impl FileSeal {
    fn next_nonce(&mut self) -> Nonce {
        let mut nonce = [0; 12];
        nonce[..4].copy_from_slice(&self.number.to_be_bytes());
        nonce[4..].copy_from_slice(&self.records.to_be_bytes());
        self.records += 1;
        Nonce::assume_unique_for_key(nonce)
    }

    /// Appends prefix, ciphertext and tag to `output`.
    pub(super) fn seal(&mut self, prefix: Prefix, body: &[u8], output: &mut Vec<u8>) -> Result<(), Unspecified> {
        let prefix = prefix.encode();
        let start = output.len() + PREFIX_BYTES;
        output.extend_from_slice(&prefix);
        output.extend_from_slice(body);
        let nonce = self.next_nonce();
        let tag = self.key.0.seal_in_place_separate_tag(nonce, Aad::from(prefix), &mut output[start..])?;
        output.extend_from_slice(tag.as_ref());
        Ok(())
    }

    /// The body of the next record.
    pub(super) fn open(&mut self, prefix: &[u8; PREFIX_BYTES], mut sealed: Vec<u8>) -> Result<Vec<u8>, Unspecified> {
        let nonce = self.next_nonce();
        let bytes = self.key.0.open_in_place(nonce, Aad::from(prefix), &mut sealed)?.len();
        sealed.truncate(bytes);
        Ok(sealed)
    }
}
