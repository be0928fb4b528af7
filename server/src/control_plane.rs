//! Puts the control plane together: listeners, secrets, services, router, background tasks.

use crate::{
    api,
    config::{AwsOptions, ControlPlaneOptions},
    embedded_store, http, jobs_runner,
    key_files::{self, prepare_directory},
    lifecycle::Lifecycle,
    listener, mail_server,
    master_keys::MasterKeyFile,
    node_link::Links,
    ports,
    start_error::StartError,
    webhooks_runner,
};
use domain::{
    Services, Settings, accounts,
    clock::Clock,
    random::Random,
    settings::{Aws, EmbeddedStore},
    storage::Keys,
};
use outbound::AllowPrivate;
use secrecy::SecretString;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::net::TcpListener;
use url::Url;

/// Time for requests and jobs under way when the process stops.
const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// A running control plane.
#[derive(Debug)]
pub struct ControlPlane {
    pub services: Services,
    pub links: Links,
    pub public_url: Url,
    /// Where the console listens; tells the port when none was chosen.
    pub address: SocketAddr,
    /// The embedded store as the services know it.
    pub store: EmbeddedStore,
    lifecycle: Lifecycle,
}

/// Where the files with our secrets are.
#[derive(Debug, Clone)]
pub struct SecretFiles {
    pub master_key: PathBuf,
    pub node_secret: PathBuf,
}

impl SecretFiles {
    /// Their places in a data directory.
    #[must_use]
    pub fn of(data_dir: &Path) -> Self {
        Self { master_key: data_dir.join("keys/master.key"), node_secret: data_dir.join("keys/node.secret") }
    }
}

impl ControlPlane {
    /// Starts everything; when it returns, requests are answered.
    ///
    /// # Errors
    /// When something the operator can change is in the way.
    pub async fn start(options: &ControlPlaneOptions, clock: Clock, random: Random) -> Result<Self, StartError> {
        embedded_store::check_exposure(options)?;
        let trusted_proxies = options
            .trusted_proxies
            .parse()
            .map_err(|error| StartError::Domain(format!("--trusted-proxies cannot be used: {error}.")))?;
        let console = ports::bind(options.listen, "The console", "--listen").await?;
        let store = ports::bind(options.store_listen, "The embedded store", "--store-listen").await?;
        prepare_directory(&options.data.data_dir, "data directory", "--data-dir")?;
        let address = local_address(&console, options.listen, "--listen")?;
        let store_address = local_address(&store, options.store_listen, "--store-listen")?;
        let public_url = public_url(options, address)?;
        let (embedded, store_router) =
            embedded_store::open(&options.data.data_dir, store_address, options.store_url.as_ref(), &random)?;

        let settings = settings(options, &public_url, &embedded, &random)?;
        let master_key = SecretFiles::of(&options.data.data_dir).master_key;
        let services = Services::open(settings, clock, random.clone())
            .await
            .map_err(|source| StartError::Services { master_key, source: Box::new(source) })?;

        let lifecycle = Lifecycle::default();
        let links = Links::new(lifecycle.clone());
        let web = http::Web {
            services: services.clone(),
            random,
            public_origin: public_url.origin().ascii_serialization().into(),
            links: links.clone(),
            link_pace: http::Pace::of_download_links(services.clock().clone()).into(),
            join_pace: http::Pace::of_joins(services.clock().clone()).into(),
            trusted_proxies,
            quotas: api::Quotas::new(services.clock().clone(), options.api_requests_per_minute).into(),
            lifecycle: lifecycle.clone(),
        };
        let router = http::router(&web, &options.site_root, &options.public_dir);
        lifecycle.spawn(listener::serve(store, store_router, lifecycle.clone()));
        lifecycle.spawn(listener::serve(console, router, lifecycle.clone()));
        jobs_runner::start(&services, &lifecycle);
        webhooks_runner::start(&services, &lifecycle);
        Ok(Self { services, links, public_url, address, store: embedded, lifecycle })
    }

    /// The one-time set-up link, while there is no owner.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn set_up_link(&self) -> domain::Result<Option<Url>> {
        let token = accounts::setup_token(&self.services).await?;
        Ok(token.map(|token| {
            let mut link = self.public_url.clone();
            link.set_path("/setup");
            link.query_pairs_mut().append_pair("token", &token);
            link
        }))
    }

    /// Ends requests, links and jobs under way.
    pub async fn stop(self) {
        if !self.lifecycle.stop(STOP_PATIENCE).await {
            tracing::warn!("some tasks did not end in time");
        }
    }
}

fn settings(
    options: &ControlPlaneOptions,
    public_url: &Url,
    embedded: &EmbeddedStore,
    random: &Random,
) -> Result<Settings, StartError> {
    let files = SecretFiles::of(&options.data.data_dir);
    let node_secret = key_files::read_or_create_key(&files.node_secret, "node secret", random)?;
    let allow_private: AllowPrivate = options
        .allow_private
        .parse()
        .map_err(|error| StartError::Domain(format!("--allow-private cannot be used: {error}.")))?;
    Ok(Settings {
        database_url: options.data.database_url(),
        master_keys: Arc::new(MasterKeyFile::open_or_create(&files.master_key, random)?),
        node_secret: SecretString::from(hex::encode(*node_secret)),
        public_url: public_url.clone(),
        allow_private,
        embedded_store: Some(embedded.clone()),
        aws: aws(&options.aws),
        hold_limit: Duration::from_secs(u64::from(options.hold_hours) * 3600),
        smtp: mail_server::settings(&options.smtp)?,
    })
}

fn aws(options: &AwsOptions) -> Aws {
    let id = options.aws_access_key_id.clone();
    let keys = id.zip(options.aws_secret_access_key.clone());
    Aws {
        keys: keys.map(|(id, secret)| Keys { id, secret, token: options.aws_session_token.clone() }),
        s3_endpoint: options.aws_endpoint_url_s3.clone(),
        sts_endpoint: options.aws_endpoint_url_sts.clone(),
    }
}

fn local_address(listener: &TcpListener, address: SocketAddr, option: &'static str) -> Result<SocketAddr, StartError> {
    listener.local_addr().map_err(|source| StartError::Address { what: "Mixdown", address, option, source })
}

fn public_url(options: &ControlPlaneOptions, address: SocketAddr) -> Result<Url, StartError> {
    let url = match &options.public_url {
        Some(url) => url.clone(),
        None => Url::parse(&format!("http://localhost:{}", address.port()))
            .map_err(|_| StartError::Url(address.to_string(), "--public-url"))?,
    };
    if matches!(url.scheme(), "http" | "https") && url.has_host() {
        Ok(url)
    } else {
        Err(StartError::Url(url.to_string(), "--public-url"))
    }
}
