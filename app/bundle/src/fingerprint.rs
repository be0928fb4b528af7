//! Notices whether inputs changed, by content: a checkout or a copy of the tree changes times, not bytes.

use anyhow::{Context, Result};
use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

/// Fingerprint of files and folders below `root`.
pub fn of(root: &Path, inputs: &[&str]) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for input in inputs {
        add(&root.join(input), &mut hasher)?;
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn add(path: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    let unreadable = || format!("cannot read {}", path.display());
    if !path.is_dir() {
        path.file_name().hash(hasher);
        fs::read(path).with_context(unreadable)?.hash(hasher);
        return Ok(());
    }
    for entry in sorted_entries(path)? {
        add(&entry, hasher)?;
    }
    Ok(())
}

/// Entries of a folder in an order that does not depend on the file system.
pub fn sorted_entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = || format!("cannot read {}", folder.display());
    let entries = fs::read_dir(folder).with_context(unreadable)?;
    let mut paths =
        entries.map(|entry| entry.map(|e| e.path())).collect::<Result<Vec<_>, _>>().with_context(unreadable)?;
    paths.sort();
    Ok(paths)
}

/// The fingerprint an output was made from, kept beside the output.
pub struct Stamp {
    path: PathBuf,
    fingerprint: String,
}

impl Stamp {
    pub fn new(path: PathBuf, fingerprint: String) -> Self {
        Self { path, fingerprint }
    }

    /// Whether the outputs exist and were made from these inputs.
    pub fn is_current(&self, outputs: &[&Path]) -> bool {
        outputs.iter().all(|output| output.exists())
            && fs::read_to_string(&self.path).is_ok_and(|saved| saved == self.fingerprint)
    }

    pub fn save(&self) -> Result<()> {
        fs::write(&self.path, &self.fingerprint).with_context(|| format!("cannot write {}", self.path.display()))
    }
}
