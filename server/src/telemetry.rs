//! Logging: one line per event on standard error.

use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;

/// Installs the global subscriber. Directives that cannot be understood are left out.
pub fn install(directives: &str) {
    let ansi = std::io::stderr().is_terminal();
    let filter = EnvFilter::builder().parse_lossy(directives);
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(ansi).finish();
    // A second call (tests in one process) keeps the first subscriber.
    let _ = tracing::subscriber::set_global_default(subscriber);
}
