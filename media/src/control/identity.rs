//! `node.json` in the spool: who this node is, over all its restarts, and the last command it applied.

use crate::{clock, random};
use protocol::ids::NodeId;
use serde::{Deserialize, Serialize};
use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// The node's identity file is unusable.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    #[error("{0} is damaged; restore it, or delete it to start as a new node")]
    Damaged(PathBuf),
    #[error("the spool cannot be written: {0}")]
    Io(#[from] io::Error),
    #[error("the operating system has no randomness")]
    Random,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Contents {
    node: NodeId,
    last_command: u64,
}

/// Identity of the node, on disk.
#[derive(Debug)]
pub struct Identity {
    path: PathBuf,
    contents: Contents,
}

impl Identity {
    /// Reads the identity in `spool`, or makes a new one.
    ///
    /// # Errors
    /// The file is damaged or cannot be written.
    pub fn open(spool: &Path) -> Result<Self, IdentityError> {
        let path = spool.join("node.json");
        match fs::read(&path) {
            Ok(text) => match serde_json::from_slice(&text) {
                Ok(contents) => Ok(Self { path, contents }),
                Err(_) => Err(IdentityError::Damaged(path)),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let random = random::bytes().map_err(|_| IdentityError::Random)?;
                let node = NodeId::from_parts(clock::unix_ms(), random);
                let identity = Self { path, contents: Contents { node, last_command: 0 } };
                identity.write()?;
                Ok(identity)
            }
            Err(error) => Err(error.into()),
        }
    }

    #[must_use]
    pub fn node(&self) -> NodeId {
        self.contents.node
    }

    #[must_use]
    pub fn last_command(&self) -> u64 {
        self.contents.last_command
    }

    /// Remembers that every command up to `sequence` was applied.
    ///
    /// # Errors
    /// The file cannot be written; the command will be sent again, which is harmless.
    pub fn applied(&mut self, sequence: u64) -> io::Result<()> {
        self.contents.last_command = sequence;
        self.write()
    }

    fn write(&self) -> io::Result<()> {
        let unfinished = self.path.with_extension("json.new");
        let mut file = fs::File::create(&unfinished)?;
        file.write_all(&serde_json::to_vec(&self.contents)?)?;
        file.sync_all()?;
        fs::rename(unfinished, &self.path)
    }
}
