//! The `mixdown` program.

use clap::Parser as _;
use domain::clock::Clock;
use server::{
    api,
    config::{CommandLine, Task},
    key_commands, reset_command,
    start_error::StartError,
    telemetry, up,
};
use std::{
    io::{self, Write as _},
    process::ExitCode,
};

/// Start-up failures, as opposed to crashes.
const CANNOT_START: u8 = 2;

fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    telemetry::install(&command_line.log);
    // One provider for all of TLS; a second installation would be a bug and changes nothing.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match run(command_line.task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !matches!(error, StartError::MediaConfiguration) {
                let _ = writeln!(io::stderr(), "mixdown: {error}");
            }
            ExitCode::from(CANNOT_START)
        }
    }
}

fn run(task: Task) -> Result<(), StartError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| StartError::Domain(format!("The runtime cannot start: {error}.")))?;
    runtime.block_on(async {
        match task {
            Task::Up { control_plane, media } => up::up(&control_plane, &media).await,
            Task::Serve { control_plane } => up::serve(&control_plane).await,
            Task::Openapi => {
                let _ = io::stdout().write_all(api::document().as_bytes());
                Ok(())
            }
            Task::ResetPassword { email, public_url, data } => {
                reset_command::run(&email, public_url, &data, &mut io::stdout()).await
            }
            Task::Keys { command } => key_commands::run(&command, Clock::System, &mut io::stdout()).await,
        }
    })
}
