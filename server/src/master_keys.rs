//! The file of the master keys: 64 hexadecimal digits a line, the key that seals first.

use crate::{
    key_files::{self, new_key},
    start_error::StartError,
};
use domain::{
    random::Random,
    secrets::{KeySource, KeySourceError, MasterKey},
};
use rustix::fs::{FlockOperation, flock};
use std::{
    fs::File,
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

const WHAT: &str = "master key";

/// The file, read again whenever the keys are asked for.
#[derive(Debug, Clone)]
pub struct MasterKeyFile {
    path: PathBuf,
}

/// The right to change the file, until it is dropped or the process ends.
#[derive(Debug)]
pub struct Locked {
    _directory: File,
}

impl MasterKeyFile {
    /// The file, with one key when there was none.
    ///
    /// # Errors
    /// When it cannot be read or made, is open to others, or holds something else.
    pub fn open_or_create(path: &Path, random: &Random) -> Result<Self, StartError> {
        key_files::read_or_create(path, || new_key(random))?;
        Self::open(path)
    }

    /// The file, which must be there.
    ///
    /// # Errors
    /// When it cannot be read, is open to others, or holds something else.
    pub fn open(path: &Path) -> Result<Self, StartError> {
        let file = Self { path: path.to_owned() };
        file.lines()?;
        Ok(file)
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps other commands from changing the file meanwhile.
    ///
    /// # Errors
    /// When another command is changing it.
    pub fn lock(&self) -> Result<Locked, StartError> {
        let directory = File::open(self.path.parent().unwrap_or(Path::new(".")))
            .map_err(|source| StartError::File { path: self.path.clone(), source })?;
        flock(&directory, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| StartError::Domain("Another command is changing the master keys; wait for it.".to_owned()))?;
        Ok(Locked { _directory: directory })
    }

    /// Puts a new key before the others.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add(&self, _: &Locked, random: &Random) -> Result<(), StartError> {
        let mut lines = self.lines()?;
        lines.insert(0, new_key(random)?);
        self.write(&lines)
    }

    /// Drops all keys but the one that seals.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep_first(&self, _: &Locked) -> Result<(), StartError> {
        let mut lines = self.lines()?;
        lines.truncate(1);
        self.write(&lines)
    }

    fn write(&self, lines: &[Zeroizing<String>]) -> Result<(), StartError> {
        let mut text = Zeroizing::new(String::with_capacity(lines.len() * 65));
        for line in lines {
            text.push_str(line);
            text.push('\n');
        }
        key_files::replace(&self.path, text.as_bytes())
            .map_err(|source| StartError::File { path: self.path.clone(), source })
    }

    /// The lines that hold keys, each checked.
    fn lines(&self) -> Result<Vec<Zeroizing<String>>, StartError> {
        let text = key_files::read_existing(&self.path)?;
        let lines: Vec<_> = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(|line| Zeroizing::new(line.to_owned()))
            .collect();
        let corrupt = || StartError::Corrupt { path: self.path.clone(), what: WHAT };
        if lines.is_empty() {
            return Err(corrupt());
        }
        lines.iter().try_for_each(|line| decode(line).map(drop).ok_or_else(corrupt))?;
        Ok(lines)
    }
}

impl KeySource for MasterKeyFile {
    fn read(&self) -> Result<Vec<MasterKey>, KeySourceError> {
        let lines = self.lines().map_err(KeySourceError::new)?;
        Ok(lines.iter().filter_map(|line| decode(line)).map(MasterKey::new).collect())
    }
}

fn decode(line: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0; 32]);
    hex::decode_to_slice(line, &mut *bytes).ok().map(|()| bytes)
}
