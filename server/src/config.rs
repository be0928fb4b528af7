//! Options of the process, from flags and environment variables. The only place that reads the environment.

use clap::{Args, Parser, Subcommand, ValueEnum};
use secrecy::SecretString;
use std::{net::SocketAddr, path::PathBuf};
use url::Url;

/// Records WebRTC calls into your own bucket.
#[derive(Debug, Parser)]
#[command(name = "mixdown", version)]
pub struct CommandLine {
    #[command(subcommand)]
    pub task: Task,
    /// What to log, as `tracing` directives.
    #[arg(long, env = "RUST_LOG", global = true, default_value = "warn,app=info,domain=info,server=info")]
    pub log: String,
}

/// What the process is asked to do.
#[derive(Debug, Subcommand)]
pub enum Task {
    /// Run the control plane and one media node beside it.
    Up {
        #[command(flatten)]
        control_plane: ControlPlaneOptions,
        #[command(flatten)]
        media: MediaOptions,
    },
    /// Run the control plane alone; media nodes run elsewhere.
    Serve {
        #[command(flatten)]
        control_plane: ControlPlaneOptions,
    },
    /// Look after the master keys; servers may run meanwhile.
    Keys {
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// Print a link with which somebody whom no mail reaches sets a new password; it works for one hour.
    ResetPassword {
        /// Address that the person signs in with.
        email: String,
        /// How browsers reach the console.
        #[arg(long, env = "MIXDOWN_PUBLIC_URL", default_value = "http://localhost:3000")]
        public_url: Url,
        #[command(flatten)]
        data: DataOptions,
    },
    /// Print the description of the REST API.
    Openapi,
}

/// What is to be done with the master keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Show the keys, and how many secrets each wraps.
    List {
        #[command(flatten)]
        data: DataOptions,
    },
    /// Add a new key and put every secret under it; goes on when a rotation was cut off.
    Rotate {
        #[command(flatten)]
        data: DataOptions,
    },
    /// Remove the keys that no secret is under any more.
    Retire {
        #[command(flatten)]
        data: DataOptions,
    },
}

/// Where everything is kept.
#[derive(Debug, Clone, Args)]
pub struct DataOptions {
    /// Directory of the database, the key files and the embedded object store.
    #[arg(long, env = "MIXDOWN_DATA_DIR", default_value = "data")]
    pub data_dir: PathBuf,
    /// `postgres://…` or `sqlite://…` [default: SQLite in the data directory].
    #[arg(long, env = "MIXDOWN_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
}

impl DataOptions {
    /// The database that was chosen, or the one in the data directory.
    #[must_use]
    pub fn database_url(&self) -> String {
        match &self.database_url {
            Some(url) => url.clone(),
            None => format!("sqlite:{}", self.data_dir.join("mixdown.db").display()),
        }
    }
}

/// Options of the control plane.
#[derive(Debug, Clone, Args)]
pub struct ControlPlaneOptions {
    /// Address of the console, the API and the node link.
    #[arg(long, env = "MIXDOWN_LISTEN", default_value = "0.0.0.0:3000")]
    pub listen: SocketAddr,
    /// How browsers reach the console [default: http://localhost and the port of --listen].
    #[arg(long, env = "MIXDOWN_PUBLIC_URL")]
    pub public_url: Option<Url>,
    #[command(flatten)]
    pub data: DataOptions,
    /// Address of the embedded object store.
    #[arg(long, env = "MIXDOWN_STORE_LISTEN", default_value = "127.0.0.1:3002")]
    pub store_listen: SocketAddr,
    /// How browsers and nodes reach the embedded object store; needed when it listens beyond this machine
    /// [default: http:// and --store-listen].
    #[arg(long, env = "MIXDOWN_STORE_URL")]
    pub store_url: Option<Url>,
    /// Directory of the console's bundle.
    #[arg(long, env = "MIXDOWN_SITE_ROOT", default_value = "target/site")]
    pub site_root: PathBuf,
    /// Directory of the browser SDK and the demo page's files.
    #[arg(long, env = "MIXDOWN_PUBLIC_DIR", default_value = "public")]
    pub public_dir: PathBuf,
    /// Private addresses that webhooks and buckets may be on, as `host:port` or `host:*`, separated by commas.
    #[arg(long, env = "MIXDOWN_ALLOW_PRIVATE", default_value = "")]
    pub allow_private: String,
    /// Reverse proxies whose X-Forwarded-For or Forwarded header names the client, as addresses or networks such as
    /// 10.0.0.0/8, separated by commas.
    #[arg(long, env = "MIXDOWN_TRUSTED_PROXIES", default_value = "")]
    pub trusted_proxies: String,
    /// Hours that a recording waits, encrypted on its media node, for a bucket that does not work.
    #[arg(long, env = "MIXDOWN_HOLD_HOURS", default_value_t = 168, value_parser = clap::value_parser!(u32).range(1..=8760))]
    pub hold_hours: u32,
    /// Requests to the REST API that one API key may make in a minute; all keys of an organization, five times as many.
    #[arg(long, env = "MIXDOWN_API_REQUESTS_PER_MINUTE", default_value_t = 1200, value_parser = clap::value_parser!(u32).range(1..))]
    pub api_requests_per_minute: u32,
    #[command(flatten)]
    pub aws: AwsOptions,
    #[command(flatten)]
    pub smtp: SmtpOptions,
}

/// Our own identity at AWS, which assumes customers' roles, under the names that AWS tools use. Better given as
/// environment variables than as flags, which other users of the machine can read.
#[derive(Debug, Clone, Default, Args)]
pub struct AwsOptions {
    /// Access key of the identity that assumes customers' roles.
    #[arg(long, env = "AWS_ACCESS_KEY_ID", requires = "aws_secret_access_key")]
    pub aws_access_key_id: Option<String>,
    /// Its secret.
    #[arg(long, env = "AWS_SECRET_ACCESS_KEY", hide_env_values = true)]
    pub aws_secret_access_key: Option<SecretString>,
    /// Its session token, when it has one.
    #[arg(long, env = "AWS_SESSION_TOKEN", hide_env_values = true)]
    pub aws_session_token: Option<SecretString>,
    /// Instead of the regional endpoints of S3.
    #[arg(long, env = "AWS_ENDPOINT_URL_S3")]
    pub aws_endpoint_url_s3: Option<Url>,
    /// Instead of the regional endpoints of STS.
    #[arg(long, env = "AWS_ENDPOINT_URL_STS")]
    pub aws_endpoint_url_sts: Option<Url>,
}

/// The server that mails are handed to. Without one they stay in the console's outbox.
#[derive(Debug, Clone, Default, Args)]
pub struct SmtpOptions {
    /// Host name of the mail server.
    #[arg(long, env = "MIXDOWN_SMTP_HOST")]
    pub smtp_host: Option<String>,
    /// Its port [default: 587 with starttls, 465 with tls, 25 with none].
    #[arg(long, env = "MIXDOWN_SMTP_PORT")]
    pub smtp_port: Option<u16>,
    /// What protects the way there.
    #[arg(long, env = "MIXDOWN_SMTP_SECURITY", value_enum, default_value_t)]
    pub smtp_security: SmtpSecurityOption,
    /// User to log in as.
    #[arg(long, env = "MIXDOWN_SMTP_USER")]
    pub smtp_user: Option<String>,
    /// Password of that user. Better given as an environment variable than as a flag.
    #[arg(long, env = "MIXDOWN_SMTP_PASSWORD", hide_env_values = true)]
    pub smtp_password: Option<SecretString>,
    /// Sender of all mails, for example `Mixdown <mixdown@example.com>`.
    #[arg(long, env = "MIXDOWN_SMTP_FROM")]
    pub smtp_from: Option<String>,
    /// File with certificates (PEM) of an authority that the system does not know.
    #[arg(long, env = "MIXDOWN_SMTP_CA_FILE")]
    pub smtp_ca_file: Option<PathBuf>,
}

/// As [`domain::settings::SmtpSecurity`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum SmtpSecurityOption {
    /// TLS, begun by STARTTLS.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// Nothing; with a login only to this machine.
    None,
}

/// Options of the media node that `up` runs. Its remaining options are inherited through the environment.
#[derive(Debug, Clone, Args)]
pub struct MediaOptions {
    /// The media program [default: mixdown-media beside this program].
    #[arg(long, env = "MIXDOWN_MEDIA_BIN")]
    pub media_bin: Option<PathBuf>,
    /// Address of the node's signaling.
    #[arg(long, env = "MIXDOWN_MEDIA_LISTEN", default_value = "0.0.0.0:3001")]
    pub media_listen: SocketAddr,
    /// How browsers reach the node's signaling [default: ws://localhost and the port of --media-listen].
    #[arg(long, env = "MIXDOWN_SIGNALING_URL")]
    pub signaling_url: Option<Url>,
    /// UDP port of the media.
    #[arg(long, env = "MIXDOWN_UDP_PORT", default_value_t = 3003)]
    pub udp_port: u16,
    /// TCP port of the media, for networks that let no UDP through [default: the number of the UDP port].
    #[arg(long, env = "MIXDOWN_TCP_PORT")]
    pub tcp_port: Option<u16>,
    /// Directory of the captures [default: spool in the data directory].
    #[arg(long, env = "MIXDOWN_SPOOL")]
    pub spool: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }
}
