//! Why the process could not start: one sentence for the person at the terminal, who can do something about it.

use domain::OpenError;
use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// A start-up failure. The process prints it and exits with code 2.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{what} cannot use {address}: {}; choose another address with {option}.", plain(source))]
    Address { what: &'static str, address: SocketAddr, option: &'static str, source: io::Error },
    #[error("The {what} {} cannot be used: {}; choose another with {option}.", path.display(), plain(source))]
    Directory { what: &'static str, path: PathBuf, option: &'static str, source: io::Error },
    #[error("The file {} cannot be read or written: {}.", path.display(), plain(source))]
    File { path: PathBuf, source: io::Error },
    #[error("The file {} may be read by other users; run: chmod 600 {}", path.display(), path.display())]
    TooOpen { path: PathBuf },
    #[error("The file {} does not hold a valid {what}; restore it from a backup.", path.display())]
    Corrupt { path: PathBuf, what: &'static str },
    #[error(
        "The embedded store on {0} would be reachable from other machines; say how with --store-url, or use a loopback address."
    )]
    StoreNotLoopback(SocketAddr),
    #[error("The address {0} is not usable as {1}.")]
    Url(String, &'static str),
    #[error("The console's files are missing from {}; build them with make, or name their place with --site-root.", .0.display())]
    SiteMissing(PathBuf),
    #[error("The media program {} cannot be started: {}; name its place with --media-bin.", path.display(), plain(source))]
    MediaProgram { path: PathBuf, source: io::Error },
    #[error("{}", opening(master_key, source))]
    Services { master_key: PathBuf, source: Box<OpenError> },
    /// A sentence of its own.
    #[error("{0}")]
    Domain(String),
    /// The media process has printed its own sentence.
    #[error("The media process refused its configuration.")]
    MediaConfiguration,
}

fn opening(master_key: &Path, error: &OpenError) -> String {
    match error {
        OpenError::WrongKey => {
            format!(
                "The file {} is not the key that this database was written with, or lacks one; restore it from a backup.",
                master_key.display()
            )
        }
        OpenError::Mailer(error) => format!("The mail server cannot be used: {error}; correct the --smtp options."),
        error => format!("The database cannot be used: {error}; choose another with --database-url."),
    }
}

/// The operating system's words without the error number.
fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "it is in use by another program".to_owned(),
        io::ErrorKind::AddrNotAvailable => "this machine does not have it".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::NotFound => "it does not exist".to_owned(),
        kind => kind.to_string(),
    }
}
