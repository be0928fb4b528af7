//! `mixdown up`: the control plane and one media process beside it, as one.

use crate::{
    config::{ControlPlaneOptions, MediaOptions},
    control_plane::{ControlPlane, SecretFiles},
    lifecycle::termination_signal,
    ports,
    start_error::StartError,
    supervisor::{MediaProcess, supervise},
};
use domain::{clock::Clock, random::Random};
use std::{
    ffi::OsString,
    io::{self, Write as _},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    pin::pin,
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// How long the start line waits for the media process.
const LINK_PATIENCE: Duration = Duration::from_secs(20);
const MEDIA_PROGRAM: &str = "mixdown-media";

/// Runs both until a signal, or until the media process refuses its configuration.
///
/// # Errors
/// When something the operator can change is in the way.
pub async fn up(options: &ControlPlaneOptions, media: &MediaOptions) -> Result<(), StartError> {
    let signal = install_signal()?;
    check_site(&options.site_root)?;
    let program = media_program(media)?;
    ports::check_tcp(options.listen, "The console", "--listen").await?;
    ports::check_tcp(options.store_listen, "The embedded store", "--store-listen").await?;
    ports::check_tcp(media.media_listen, "The media node's signaling", "--media-listen").await?;
    let udp = SocketAddr::from((Ipv4Addr::UNSPECIFIED, media.udp_port));
    ports::check_udp(udp, "The media node", "--udp-port")?;
    let tcp = SocketAddr::from((Ipv4Addr::UNSPECIFIED, media.tcp_port.unwrap_or(media.udp_port)));
    ports::check_tcp(tcp, "The media node", "--tcp-port").await?;

    let control_plane = ControlPlane::start(options, Clock::System, Random::System).await?;
    let process = MediaProcess { program, environment: media_environment(options, media, control_plane.address) };
    let result = run_media(&control_plane, &process, signal).await;
    control_plane.stop().await;
    result
}

/// Runs the media process until a signal. The control plane still runs while it ends, so that what the node hands
/// over at its end finds it.
async fn run_media(
    control_plane: &ControlPlane,
    process: &MediaProcess,
    signal: impl Future<Output = ()>,
) -> Result<(), StartError> {
    let shutdown = CancellationToken::new();
    let mut supervision = pin!(supervise(process, &Clock::System, &shutdown));
    let asked_to_stop = async {
        let mut signal = pin!(signal);
        tokio::select! {
            () = &mut signal => return Ok(()),
            announced = announce_when_linked(control_plane) => announced?,
        }
        signal.await;
        Ok(())
    };
    tokio::select! {
        result = &mut supervision => result,
        result = asked_to_stop => {
            shutdown.cancel();
            supervision.await.and(result)
        }
    }
}

/// `mixdown serve`: runs the control plane alone until a signal.
///
/// # Errors
/// When something the operator can change is in the way.
pub async fn serve(options: &ControlPlaneOptions) -> Result<(), StartError> {
    let signal = install_signal()?;
    check_site(&options.site_root)?;
    let control_plane = ControlPlane::start(options, Clock::System, Random::System).await?;
    let announced = announce(&control_plane).await;
    if announced.is_ok() {
        signal.await;
    }
    control_plane.stop().await;
    announced
}

fn install_signal() -> Result<impl Future<Output = ()>, StartError> {
    termination_signal().map_err(|error| StartError::Domain(format!("Signals cannot be received: {error}.")))
}

async fn announce_when_linked(control_plane: &ControlPlane) -> Result<(), StartError> {
    if tokio::time::timeout(LINK_PATIENCE, control_plane.links.linked()).await.is_err() {
        tracing::warn!("the media process has not linked yet; calls will work once it has");
    }
    announce(control_plane).await
}

/// Prints the one line of a normal start.
async fn announce(control_plane: &ControlPlane) -> Result<(), StartError> {
    let address = control_plane.public_url.origin().ascii_serialization();
    let link = control_plane.set_up_link().await.map_err(|error| {
        tracing::error!(?error, "the set-up link could not be made");
        StartError::Domain(format!("The set-up link could not be made: {}", error.public_message()))
    })?;
    let line = match link {
        Some(link) => format!("Mixdown is ready: {address} — set-up link: {link}"),
        None => format!("Mixdown is ready: {address}"),
    };
    // A closed standard output is no reason to stop.
    let _ = writeln!(io::stdout(), "{line}");
    Ok(())
}

fn check_site(site_root: &Path) -> Result<(), StartError> {
    if site_root.join("pkg/console.js").is_file() { Ok(()) } else { Err(StartError::SiteMissing(site_root.to_owned())) }
}

fn media_program(media: &MediaOptions) -> Result<PathBuf, StartError> {
    let program = match &media.media_bin {
        Some(program) => program.clone(),
        None => std::env::current_exe().unwrap_or_default().with_file_name(MEDIA_PROGRAM),
    };
    if program.is_file() {
        Ok(program)
    } else {
        Err(StartError::MediaProgram { path: program, source: io::ErrorKind::NotFound.into() })
    }
}

/// What the media process must agree on with us. Everything else it takes from the inherited environment.
fn media_environment(
    options: &ControlPlaneOptions,
    media: &MediaOptions,
    control_plane: SocketAddr,
) -> Vec<(&'static str, OsString)> {
    let signaling_url = match &media.signaling_url {
        Some(url) => url.to_string(),
        None => format!("ws://localhost:{}", media.media_listen.port()),
    };
    let spool = media.spool.clone().unwrap_or_else(|| options.data.data_dir.join("spool"));
    vec![
        ("MIXDOWN_MEDIA_LISTEN", media.media_listen.to_string().into()),
        ("MIXDOWN_SIGNALING_URL", signaling_url.trim_end_matches('/').into()),
        ("MIXDOWN_UDP_PORT", media.udp_port.to_string().into()),
        ("MIXDOWN_TCP_PORT", media.tcp_port.unwrap_or(media.udp_port).to_string().into()),
        ("MIXDOWN_CONTROL_URL", format!("ws://{}/node/link", reachable(control_plane)).into()),
        ("MIXDOWN_NODE_SECRET_FILE", SecretFiles::of(&options.data.data_dir).node_secret.into()),
        ("MIXDOWN_SPOOL", spool.into()),
        ("MIXDOWN_ALLOW_PRIVATE", options.allow_private.clone().into()),
    ]
}

/// An address of this machine that leads to a listener.
fn reachable(listener: SocketAddr) -> SocketAddr {
    if listener.ip().is_unspecified() { SocketAddr::from((Ipv4Addr::LOCALHOST, listener.port())) } else { listener }
}
