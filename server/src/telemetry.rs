//! Logging: one line per event on standard error.

use std::io::IsTerminal as _;
use tracing_subscriber::{EnvFilter, filter::Directive};

/// Whatever is asked for, these log no more: below that they write down whole requests, with their signatures.
const QUIET: [&str; 2] = ["s3s=info", "s3s_fs=info"];

/// Installs the global subscriber. Directives that cannot be understood are left out.
pub fn install(directives: &str) {
    let ansi = std::io::stderr().is_terminal();
    let asked = EnvFilter::builder().parse_lossy(directives);
    let quiet = QUIET.iter().filter_map(|directive| directive.parse::<Directive>().ok());
    let filter = quiet.fold(asked, EnvFilter::add_directive);
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(ansi).finish();
    // A second call (tests in one process) keeps the first subscriber.
    let _ = tracing::subscriber::set_global_default(subscriber);
}
