//! The options of a control plane that nobody but a test or a bench uses.

use server::config::{AwsOptions, ControlPlaneOptions, DataOptions, SmtpOptions};
use std::{net::Ipv4Addr, path::Path};

/// On ports of its own, with everything in this directory unless there is a database elsewhere.
pub fn in_directory(directory: &Path, database_url: Option<String>) -> ControlPlaneOptions {
    ControlPlaneOptions {
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        public_url: None,
        data: DataOptions { data_dir: directory.to_owned(), database_url },
        store_listen: (Ipv4Addr::LOCALHOST, 0).into(),
        store_url: None,
        site_root: directory.join("site"),
        public_dir: directory.join("public"),
        allow_private: "127.0.0.1:*,localhost:*".to_owned(),
        trusted_proxies: String::new(),
        hold_hours: 168,
        api_requests_per_minute: 100_000,
        aws: AwsOptions::default(),
        smtp: SmtpOptions::default(),
    }
}
