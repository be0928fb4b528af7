//! The one client for requests to addresses that customers chose.
//!
//! Literal addresses are checked in the URL, names when they are resolved: every address of the answer must be public,
//! and the connection goes to exactly the checked ones. No redirects, no proxies, small answers, short waits.

mod addresses;
mod allow;
mod resolver;

pub use allow::{AllowPrivate, InvalidAllowPrivate};

use crate::{
    error::{Error, Result},
    settings::Settings,
};
use addresses::is_public;
use reqwest::{
    Client, Method,
    header::{HeaderMap, HeaderName, HeaderValue},
    redirect::Policy,
};
use resolver::PublicOnly;
use std::{net::IpAddr, time::Duration};
use url::{Host, Url};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TOTAL_TIMEOUT: Duration = Duration::from_secs(20);
/// What is read of an answer; the rest is dropped.
const ANSWER_BYTES: usize = 64 * 1024;
const URL_BYTES: usize = 2048;
/// Ports that need no entry in the operator's list.
const PUBLIC_PORTS: [u16; 2] = [443, 8443];

/// The request could not be made or was not answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutboundError {
    #[error("the address is not allowed")]
    NotAllowed,
    #[error("the address could not be reached")]
    Unreachable(#[source] reqwest::Error),
    #[error("no complete answer arrived in time")]
    TimedOut(#[source] reqwest::Error),
}

impl OutboundError {
    /// What the customer is told; the same for refused and unreachable, so that it says nothing about our network.
    pub(crate) fn public_message(&self) -> &'static str {
        match self {
            Self::NotAllowed | Self::Unreachable(_) => "The address could not be reached.",
            Self::TimedOut(_) => "No complete answer arrived in time.",
        }
    }
}

/// A request to be sent.
#[derive(Debug)]
pub(crate) struct Request {
    pub method: Method,
    pub url: Url,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Vec<u8>,
}

/// An answer, cut off after 64 kB.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as text; foreign bytes become replacement characters.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// The guarded client.
#[derive(Debug)]
pub(crate) struct Outbound {
    public: Client,
    trusted: Client,
    allow: AllowPrivate,
    embedded: Option<(String, u16)>,
}

impl Outbound {
    pub(crate) fn new(settings: &Settings) -> Result<Self> {
        let builder = || {
            Client::builder()
                .redirect(Policy::none())
                .no_proxy()
                .connect_timeout(CONNECT_TIMEOUT)
                .timeout(TOTAL_TIMEOUT)
                .pool_idle_timeout(Duration::from_secs(30))
                .user_agent(concat!("Mixdown/", env!("CARGO_PKG_VERSION")))
        };
        let embedded = settings.embedded_store.as_ref().and_then(|store| destination(&store.endpoint));
        Ok(Self {
            public: builder().dns_resolver(PublicOnly).build().map_err(Error::internal)?,
            trusted: builder().build().map_err(Error::internal)?,
            allow: settings.allow_private.clone(),
            embedded,
        })
    }

    /// Whether a customer may choose this address. A name is checked again when it is resolved.
    pub(crate) fn permits(&self, url: &Url) -> bool {
        self.client_for(url).is_some()
    }

    /// Sends to an address that a customer chose.
    pub(crate) async fn send(&self, request: Request) -> Result<Answer, OutboundError> {
        let client = self.client_for(&request.url).ok_or(OutboundError::NotAllowed)?;
        exchange(client, request).await
    }

    /// Sends to a bucket: as [`Outbound::send`], and the store this installation runs itself is trusted.
    pub(crate) async fn send_to_store(&self, request: Request) -> Result<Answer, OutboundError> {
        if self.embedded.is_some() && destination(&request.url) == self.embedded {
            exchange(&self.trusted, request).await
        } else {
            self.send(request).await
        }
    }

    fn client_for(&self, url: &Url) -> Option<&Client> {
        if url.as_str().len() > URL_BYTES || !url.username().is_empty() || url.password().is_some() {
            return None;
        }
        let (host, port) = destination(url)?;
        if matches!(url.scheme(), "http" | "https") && self.allow.contains(&host, port) {
            return Some(&self.trusted);
        }
        let public_host = match url.host()? {
            Host::Domain(_) => true,
            Host::Ipv4(address) => is_public(IpAddr::V4(address)),
            Host::Ipv6(address) => is_public(IpAddr::V6(address)),
        };
        (url.scheme() == "https" && PUBLIC_PORTS.contains(&port) && public_host).then_some(&self.public)
    }
}

/// Host and port as the operator writes them.
fn destination(url: &Url) -> Option<(String, u16)> {
    let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase();
    Some((host, url.port_or_known_default()?))
}

async fn exchange(client: &Client, request: Request) -> Result<Answer, OutboundError> {
    let mut builder = client.request(request.method, request.url).body(request.body);
    for (name, value) in request.headers {
        builder = builder.header(name, value);
    }
    let mut response = builder.send().await.map_err(sort)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(sort)? {
        let room = ANSWER_BYTES - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == ANSWER_BYTES {
            break;
        }
    }
    Ok(Answer { status: response.status().as_u16(), headers: response.headers().clone(), body })
}

fn sort(error: reqwest::Error) -> OutboundError {
    // A URL may carry a signature; it has no place in the log.
    let error = error.without_url();
    if error.is_timeout() { OutboundError::TimedOut(error) } else { OutboundError::Unreachable(error) }
}

#[cfg(test)]
mod tests;
