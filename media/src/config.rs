//! Settings of the media process: flags, each with an environment variable.

use clap::{Args, Parser, Subcommand};
use outbound::AllowPrivate;
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

/// The media node of Mixdown.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<CliCommand>,
    #[command(flatten)]
    pub node: NodeConfig,
}

#[derive(Debug, Subcommand)]
pub enum CliCommand {
    /// Mix one capture; started by the node itself, writes the file's parts to standard output.
    Mix {
        /// Directory of the capture.
        #[arg(long)]
        dir: PathBuf,
    },
    /// Look whether everything is installed that a mix needs; started by the node itself.
    CheckMixer,
}

#[derive(Debug, Args)]
pub struct NodeConfig {
    /// Address of signaling and health.
    #[arg(long, env = "MIXDOWN_MEDIA_LISTEN", default_value = "0.0.0.0:3001")]
    pub listen: SocketAddr,
    /// Where clients reach that address.
    #[arg(long, env = "MIXDOWN_SIGNALING_URL", default_value = "ws://localhost:3001")]
    pub signaling_url: String,
    /// UDP port of all media.
    #[arg(long, env = "MIXDOWN_UDP_PORT", default_value_t = 3003)]
    pub udp_port: u16,
    /// TCP port of media for clients whose network lets no UDP through; default: the number of the UDP port.
    #[arg(long, env = "MIXDOWN_TCP_PORT")]
    pub tcp_port: Option<u16>,
    /// Addresses clients send media to; default: the address of the default route, and 127.0.0.1.
    #[arg(long, env = "MIXDOWN_ADVERTISE", value_delimiter = ',')]
    pub advertise: Vec<IpAddr>,
    /// Relay threads; default: one per core.
    #[arg(long, env = "MIXDOWN_WORKERS", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub workers: Option<u8>,
    /// Node link of the control plane.
    #[arg(long, env = "MIXDOWN_CONTROL_URL", default_value = "ws://127.0.0.1:3000/node/link")]
    pub control_url: String,
    /// File with the secret this node shows to the control plane.
    #[arg(long, env = "MIXDOWN_NODE_SECRET_FILE", default_value = "data/keys/node.secret")]
    pub node_secret_file: PathBuf,
    /// Directory of captures on their way to the bucket.
    #[arg(long, env = "MIXDOWN_SPOOL", default_value = "data/spool")]
    pub spool: PathBuf,
    /// Most bytes all captures together may take; default: whatever the disk has.
    #[arg(long, env = "MIXDOWN_SPOOL_MAX_BYTES", default_value_t = u64::MAX)]
    pub spool_max_bytes: u64,
    /// Private addresses that recordings may be uploaded to, as `host:port` or `host:*`, separated by commas.
    #[arg(long, env = "MIXDOWN_ALLOW_PRIVATE", default_value = "")]
    pub allow_private: AllowPrivate,
}
