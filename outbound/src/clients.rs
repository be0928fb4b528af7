//! The clients behind the guard: one per reach and set of authorities, so that connections are reused.

use crate::{certificate::CaCertificate, resolver::PublicOnly};
use reqwest::{Client, ClientBuilder, redirect::Policy};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// Clients with customers' authorities that are kept; each holds the system's certificates too.
const KEPT: usize = 64;

/// Where a client may connect to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Reach {
    /// Names are resolved to public addresses only.
    Public,
    Anywhere,
}

#[derive(Debug)]
pub(crate) struct Clients {
    names: PublicOnly,
    public: Client,
    anywhere: Client,
    with_authority: Mutex<HashMap<(CaCertificate, Reach), Client>>,
}

impl Clients {
    pub(crate) fn new(names: PublicOnly) -> Result<Self, reqwest::Error> {
        Ok(Self {
            public: builder(Reach::Public, &names).build()?,
            anywhere: builder(Reach::Anywhere, &names).build()?,
            names,
            with_authority: Mutex::default(),
        })
    }

    pub(crate) fn get(&self, reach: Reach, authority: Option<&CaCertificate>) -> Result<Client, reqwest::Error> {
        let Some(authority) = authority else {
            return Ok(match reach {
                Reach::Public => self.public.clone(),
                Reach::Anywhere => self.anywhere.clone(),
            });
        };
        let key = (authority.clone(), reach);
        let mut kept = self.with_authority.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = kept.get(&key) {
            return Ok(client.clone());
        }
        let client = builder(reach, &self.names).tls_certs_merge(authority.certificates()?).build()?;
        if kept.len() == KEPT {
            kept.clear();
        }
        kept.insert(key, client.clone());
        Ok(client)
    }
}

fn builder(reach: Reach, names: &PublicOnly) -> ClientBuilder {
    let builder = Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .user_agent(concat!("Mixdown/", env!("CARGO_PKG_VERSION")));
    match reach {
        Reach::Public => builder.dns_resolver(names.clone()),
        Reach::Anywhere => builder,
    }
}
