//! Keeps the media process of `mixdown up` running: starts it, restarts it at once after a crash and more slowly
//! when it keeps crashing, and ends it gracefully.

use crate::start_error::StartError;
use domain::clock::Clock;
use rustix::process::{Pid, Signal, kill_process};
use std::{
    ffi::OsString,
    io,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    time::Duration,
};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

/// A process that ran this long was healthy; its crash starts a new count.
const HEALTHY_AFTER: Duration = Duration::from_secs(30);
/// Pause after the second crash in a row; doubled by every further one.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// Time to stop recordings and hand over what is captured before the process is killed.
const STOP_PATIENCE: Duration = Duration::from_secs(20);
/// How the media process says that its configuration cannot work.
const CONFIGURATION_EXIT: i32 = 2;

/// What to run.
#[derive(Debug, Clone)]
pub struct MediaProcess {
    pub program: PathBuf,
    /// Added to the inherited environment.
    pub environment: Vec<(&'static str, OsString)>,
}

/// Runs the media process until `shutdown`, whatever happens to it.
///
/// # Errors
/// When the program cannot be started, or says at its first start that its configuration cannot work.
pub async fn supervise(process: &MediaProcess, clock: &Clock, shutdown: &CancellationToken) -> Result<(), StartError> {
    let mut backoff = Backoff::default();
    let mut first = true;
    while !shutdown.is_cancelled() {
        let started_ms = clock.unix_ms();
        let mut child = start(process)?;
        let status = tokio::select! {
            status = child.wait() => status,
            () = shutdown.cancelled() => {
                stop(&mut child).await;
                return Ok(());
            }
        };
        let status = status.map_err(|source| StartError::MediaProgram { path: process.program.clone(), source })?;
        // Later the same answer has a passing reason (a full disk, a port taken for a moment), and the console must
        // not go down with the media process.
        if first && status.code() == Some(CONFIGURATION_EXIT) {
            return Err(StartError::MediaConfiguration);
        }
        first = false;
        let pause = backoff.pause_after(Duration::from_millis(clock.unix_ms().saturating_sub(started_ms)));
        report(status, pause);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = shutdown.cancelled() => {}
        }
    }
    Ok(())
}

/// Its standard error is ours, so its log lines and its last sentence reach the terminal as they are. Should we be
/// killed, the kernel asks it to stop; on systems without the small program that arranges this, it stays.
fn start(process: &MediaProcess) -> Result<Child, StartError> {
    let mut bound = Command::new("setpriv");
    bound.args(["--pdeathsig", "TERM", "--"]).arg(&process.program);
    match spawn(bound, process) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => spawn(Command::new(&process.program), process),
        other => other,
    }
    .map_err(|source| StartError::MediaProgram { path: process.program.clone(), source })
}

fn spawn(mut command: Command, process: &MediaProcess) -> io::Result<Child> {
    command
        // The process that parses what strangers send has no business with the database, nor with buckets but by the
        // URLs that are signed for it.
        .env_remove("MIXDOWN_DATABASE_URL")
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .env_remove("AWS_SESSION_TOKEN")
        .envs(process.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
}

async fn stop(child: &mut Child) {
    if let Err(error) = terminate(child) {
        tracing::warn!(%error, "the media process could not be asked to stop");
    }
    if tokio::time::timeout(STOP_PATIENCE, child.wait()).await.is_err() {
        tracing::warn!("the media process did not stop in time and is killed");
        if let Err(error) = child.kill().await {
            tracing::error!(%error, "the media process could not be killed");
        }
    }
}

fn terminate(child: &Child) -> io::Result<()> {
    match child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
        Some(id) => Ok(kill_process(id, Signal::TERM)?),
        None => Ok(()),
    }
}

fn report(status: ExitStatus, pause: Duration) {
    if pause.is_zero() {
        tracing::error!(%status, "the media process ended and is restarted");
    } else {
        tracing::error!(%status, ?pause, "the media process keeps ending; it is restarted after a pause");
    }
}

/// How long to wait before the next start.
#[derive(Debug, Default)]
struct Backoff {
    crashes: u32,
}

impl Backoff {
    fn pause_after(&mut self, ran: Duration) -> Duration {
        if ran >= HEALTHY_AFTER {
            self.crashes = 0;
        }
        self.crashes = self.crashes.saturating_add(1);
        match self.crashes {
            1 => Duration::ZERO,
            again => FIRST_PAUSE.saturating_mul(1 << (again - 2).min(16)).min(LONGEST_PAUSE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

    fn script(directory: &Path, text: &str) -> MediaProcess {
        let program = directory.join("media");
        fs::write(&program, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
        MediaProcess { program, environment: vec![("MARK", directory.join("starts").into())] }
    }

    #[test]
    fn a_single_crash_restarts_at_once_and_a_loop_slows_down() {
        let mut backoff = Backoff::default();
        let short = Duration::from_secs(1);
        assert_eq!(backoff.pause_after(short), Duration::ZERO);
        assert_eq!(backoff.pause_after(short), FIRST_PAUSE);
        assert_eq!(backoff.pause_after(short), FIRST_PAUSE * 2);
        for _ in 0..100 {
            assert!(backoff.pause_after(short) <= LONGEST_PAUSE);
        }
        assert_eq!(backoff.pause_after(short), LONGEST_PAUSE);
        assert_eq!(backoff.pause_after(HEALTHY_AFTER), Duration::ZERO);
    }

    #[tokio::test]
    async fn a_configuration_refused_at_the_first_start_is_final() {
        let directory = tempfile::tempdir().unwrap();
        let process = script(directory.path(), r#"echo >>"$MARK"; exit 2"#);
        let result = supervise(&process, &Clock::fixed(0), &CancellationToken::new()).await;
        assert!(matches!(result, Err(StartError::MediaConfiguration)), "{result:?}");
        assert_eq!(fs::read_to_string(directory.path().join("starts")).unwrap().lines().count(), 1);
    }

    #[tokio::test]
    async fn after_a_crash_nothing_is_final() {
        let directory = tempfile::tempdir().unwrap();
        let done = CancellationToken::new();
        let process = script(
            directory.path(),
            r#"echo >>"$MARK"; n=$(wc -l <"$MARK"); [ "$n" -lt 2 ] && kill -9 $$; [ "$n" -lt 3 ] && exit 2; exec cat "$MARK.fifo""#,
        );
        let fifo = directory.path().join("starts.fifo");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &fifo,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        let (clock, reached) = (Clock::fixed(0), done.clone());
        // Opening the other end waits for the third start.
        let third = async move {
            let opened = tokio::task::spawn_blocking(move || fs::OpenOptions::new().write(true).open(fifo)).await;
            reached.cancel();
            opened.unwrap().unwrap()
        };
        let (result, _held) = tokio::join!(supervise(&process, &clock, &done), third);
        assert!(result.is_ok(), "{result:?}");
    }

    #[tokio::test]
    async fn shutdown_asks_before_it_kills() {
        let directory = tempfile::tempdir().unwrap();
        let mark = directory.path().join("starts");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &mark,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        let process = script(
            directory.path(),
            r#"exec 3>"$MARK"; trap 'echo asked >&3; exit 0' TERM; echo up >&3; while :; do sleep 0.05; done"#,
        );
        let shutdown = CancellationToken::new();
        let reader = tokio::task::spawn_blocking({
            let shutdown = shutdown.clone();
            move || {
                use std::io::BufRead as _;
                let mut lines = std::io::BufReader::new(fs::File::open(mark).unwrap()).lines();
                let up = lines.next().unwrap().unwrap();
                shutdown.cancel();
                (up, lines.next().unwrap().unwrap())
            }
        });
        supervise(&process, &Clock::System, &shutdown).await.unwrap();
        assert_eq!(reader.await.unwrap(), ("up".to_owned(), "asked".to_owned()));
    }
}
