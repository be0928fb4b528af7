//! The key pair of the embedded store, drawn at the first start and kept in a file for its owner only.

use crate::{key_files, start_error::StartError};
use domain::random::Random;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use std::path::Path;
use zeroize::Zeroizing;

/// An S3 access key and its secret.
#[derive(Debug)]
pub struct KeyPair {
    pub access_key: String,
    pub secret: SecretString,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Stored<'a> {
    access_key: &'a str,
    secret: &'a str,
}

/// Reads the pair, or draws one.
///
/// # Errors
/// When the file cannot be read or made, is open to others, or holds something else.
pub fn read_or_create(path: &Path, random: &Random) -> Result<KeyPair, StartError> {
    let text = key_files::read_or_create(path, || draw(random))?;
    let corrupt = || StartError::Corrupt { path: path.to_owned(), what: "store key pair" };
    let stored: Stored<'_> = serde_json::from_str(&text).map_err(|_| corrupt())?;
    if stored.access_key.is_empty() || stored.secret.is_empty() {
        return Err(corrupt());
    }
    Ok(KeyPair { access_key: stored.access_key.to_owned(), secret: stored.secret.into() })
}

fn draw(random: &Random) -> Result<Zeroizing<String>, StartError> {
    let name: [u8; 8] = random.bytes().map_err(|error| StartError::Domain(error.to_string()))?;
    let secret = SecretString::from(key_files::new_key(random)?.as_str());
    let stored = Stored { access_key: &format!("MIXDOWN{}", hex::encode_upper(name)), secret: secret.expose_secret() };
    serde_json::to_string(&stored).map(Zeroizing::new).map_err(|error| StartError::Domain(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pair_survives_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.json");
        let first = read_or_create(&path, &Random::System).unwrap();
        let second = read_or_create(&path, &Random::System).unwrap();
        assert_eq!(first.access_key, second.access_key);
        assert_eq!(first.secret.expose_secret(), second.secret.expose_secret());
        assert!(!format!("{first:?}").contains(first.secret.expose_secret()));
    }
}
