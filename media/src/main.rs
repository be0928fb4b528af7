//! The media process: a node, or one mix.

use clap::Parser as _;
use media::{
    config::{Cli, CliCommand, NodeConfig},
    mixer, node,
};
use protocol::recording::CaptureKey;
use std::{
    io::{self, BufRead as _, IsTerminal as _},
    path::Path,
    process::ExitCode,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// Without RUST_LOG. The two WebRTC crates warn about every browser: hidden host candidates, no DTLS server name.
const DEFAULT_LOG: &str = "warn,rtc_ice=error,rtc_dtls=error,media=info";

/// Exit code of a start that cannot work until somebody changes something.
const CONFIGURATION: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_LOG));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
    match cli.command {
        Some(CliCommand::Mix { dir }) => mix(&dir),
        Some(CliCommand::CheckMixer) => check_mixer(),
        None => serve(cli.node),
    }
}

fn mix(directory: &Path) -> ExitCode {
    let mut line = zeroize::Zeroizing::new(String::new());
    let key = match io::stdin().lock().read_line(&mut line) {
        Ok(_) => hex::decode(line.trim()).ok().and_then(|key| key.try_into().ok()).map(CaptureKey::new),
        Err(_) => None,
    };
    let Some(key) = key else {
        eprintln!("the first line of standard input must be the capture key");
        return ExitCode::from(CONFIGURATION);
    };
    match mixer::run(directory, &key, io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "mix failed");
            ExitCode::FAILURE
        }
    }
}

fn check_mixer() -> ExitCode {
    match mixer::check() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(CONFIGURATION)
        }
    }
}

fn serve(config: NodeConfig) -> ExitCode {
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    if provider.install_default().is_err() {
        tracing::debug!("a TLS provider was installed before");
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("mixdown-media: the runtime cannot be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    let result = runtime.block_on(async {
        let stop = CancellationToken::new();
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let signalled = stop.clone();
        let watch = async move {
            tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
            signalled.cancel();
        };
        let (result, ()) = tokio::join!(
            async {
                let result = node::run(config, stop.clone()).await;
                stop.cancel();
                result
            },
            async {
                tokio::select! { () = watch => {} () = stop.cancelled() => {} }
            }
        );
        result
    });
    // Mixes and uploads still running are taken up again by the next start.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mixdown-media: {error:#}");
            ExitCode::from(CONFIGURATION)
        }
    }
}
