//! Secrets that live in files of the data directory: made at the first start, readable by their owner only.

use crate::start_error::StartError;
use domain::random::Random;
use std::{
    fs::{self, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, fchown},
    path::{Path, PathBuf},
};
use zeroize::{Zeroize as _, Zeroizing};

/// Mode bits of group and others.
const OPEN_TO_OTHERS: u32 = 0o077;
/// Nothing we write is longer; a larger file is not one of ours.
const MAX_BYTES: u64 = 64 * 1024;

/// Makes a directory (0700) with its parents and checks that files can be made in it.
///
/// # Errors
/// When that is not possible.
pub fn prepare_directory(path: &Path, what: &'static str, option: &'static str) -> Result<(), StartError> {
    let fail = |source| StartError::Directory { what, path: path.to_owned(), option, source };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(fail)?;
    let probe = path.join(".writable");
    fs::write(&probe, b"").and_then(|()| fs::remove_file(&probe)).map_err(fail)
}

/// Reads a file that only its owner may read, or makes it with what `content` returns.
///
/// # Errors
/// When it cannot be read or made, or when others may read it.
pub fn read_or_create(
    path: &Path,
    content: impl FnOnce() -> Result<Zeroizing<String>, StartError>,
) -> Result<Zeroizing<String>, StartError> {
    match read(path)? {
        Some(text) => Ok(text),
        None => {
            let text = content()?;
            replace(path, line(&text).as_bytes())
                .map_err(|source| StartError::File { path: path.to_owned(), source })?;
            Ok(text)
        }
    }
}

/// Reads 32 bytes written as 64 hexadecimal digits, or makes them.
///
/// # Errors
/// When the file cannot be read or made, is open to others, or holds something else.
pub fn read_or_create_key(path: &Path, what: &'static str, random: &Random) -> Result<Zeroizing<[u8; 32]>, StartError> {
    let text = read_or_create(path, || new_key(random))?;
    let mut bytes = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim_end(), &mut *bytes)
        .map_err(|_| StartError::Corrupt { path: path.to_owned(), what })?;
    Ok(bytes)
}

/// 32 random bytes as hexadecimal digits.
///
/// # Errors
/// When the operating system gives no random bytes.
pub fn new_key(random: &Random) -> Result<Zeroizing<String>, StartError> {
    let mut bytes: [u8; 32] = random.bytes().map_err(|error| StartError::Domain(error.to_string()))?;
    let text = Zeroizing::new(hex::encode(bytes));
    bytes.zeroize();
    Ok(text)
}

/// Reads a file that only its owner may read.
///
/// # Errors
/// When it is not there, cannot be read, or others may read it.
pub fn read_existing(path: &Path) -> Result<Zeroizing<String>, StartError> {
    read(path)?.ok_or_else(|| StartError::File { path: path.to_owned(), source: io::ErrorKind::NotFound.into() })
}

fn line(text: &str) -> Zeroizing<String> {
    let mut line = Zeroizing::new(String::with_capacity(text.len() + 1));
    line.push_str(text);
    line.push('\n');
    line
}

fn read(path: &Path) -> Result<Option<Zeroizing<String>>, StartError> {
    let fail = |source| StartError::File { path: path.to_owned(), source };
    let mut file = match OpenOptions::new().read(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fail(error)),
    };
    let metadata = file.metadata().map_err(fail)?;
    if metadata.mode() & OPEN_TO_OTHERS != 0 {
        return Err(StartError::TooOpen { path: path.to_owned() });
    }
    let mut text = Zeroizing::new(String::new());
    (&mut file).take(MAX_BYTES).read_to_string(&mut text).map_err(fail)?;
    Ok(Some(text))
}

/// Writes beside the target and renames, so that a crash cannot leave half a key. The file stays its owner's, also
/// when the system's administrator replaces it.
///
/// # Errors
/// When it cannot be written.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let temporary: PathBuf = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(content)?;
    if let Ok(before) = fs::metadata(path)
        && before.uid() != file.metadata()?.uid()
    {
        fchown(&file, Some(before.uid()), Some(before.gid()))?;
    }
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    fs::File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn key(path: &Path) -> Result<Zeroizing<[u8; 32]>, StartError> {
        read_or_create_key(path, "master key", &Random::seeded(7))
    }

    #[test]
    fn a_key_is_made_once_for_its_owner_only() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys/master.key");
        let first = key(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().mode() & 0o777, 0o700);
        assert_eq!(*read_or_create_key(&path, "master key", &Random::System).unwrap(), *first);
    }

    #[test]
    fn a_key_open_to_others_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        key(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(key(&path), Err(StartError::TooOpen { .. })));
    }

    #[test]
    fn a_damaged_key_is_never_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        replace(&path, b"not a key\n").unwrap();
        assert!(matches!(key(&path), Err(StartError::Corrupt { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"not a key\n");
    }
}
