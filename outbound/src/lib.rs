//! The one client for requests to addresses that customers chose, for the control plane and the media nodes.
//!
//! Literal addresses are checked in the URL, names when they are resolved: every address of the answer must be public,
//! and the connection goes to exactly the checked ones. No redirects, no proxies, small answers, short waits. What the
//! operator lists is allowed besides, and what the caller knows to be ours is [`Trusted`].

mod addresses;
mod allow;
mod body;
mod certificate;
mod clients;
mod error;
mod resolver;

pub use allow::{AllowPrivate, InvalidAllowPrivate};
pub use body::Body;
pub use certificate::{CaCertificate, InvalidCertificate};
pub use error::{OutboundError, TlsProblem};
pub use reqwest::{Method, header};
pub use resolver::Names;
pub use url::Url;

use addresses::is_public;
use clients::{Clients, Reach};
use header::{HeaderMap, HeaderName, HeaderValue};
use resolver::{PublicOnly, SystemNames};
use std::{net::IpAddr, sync::Arc, time::Duration};
use url::Host;

/// Time for one exchange unless the request says otherwise.
const TIME_LIMIT: Duration = Duration::from_secs(20);
/// What is read of an answer; the rest is dropped.
const ANSWER_BYTES: usize = 64 * 1024;
/// Longest URL that a customer may choose.
const CHOSEN_URL_BYTES: usize = 2048;
/// Longest URL that is sent: a signature with a role's session token is long.
const URL_BYTES: usize = 8192;
/// Ports that need no entry in the operator's list.
const PUBLIC_PORTS: [u16; 2] = [443, 8443];

/// The clients could not be made: the system's certificates are unusable.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client could not be made")]
pub struct UnusableSystem(#[source] reqwest::Error);

/// A request to be sent.
#[derive(Debug)]
pub struct Request {
    pub method: Method,
    pub url: Url,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Body,
    /// From the first byte of the connection to the last one of the answer.
    pub time_limit: Duration,
    /// Trusted besides the system's authorities.
    pub authority: Option<CaCertificate>,
    /// Not a customer's choice, so the guard lets it pass.
    pub trusted: Option<Trusted>,
}

impl Request {
    /// A request without headers and body, 20 seconds long.
    #[must_use]
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: Vec::new(),
            body: Body::default(),
            time_limit: TIME_LIMIT,
            authority: None,
            trusted: None,
        }
    }
}

/// Host and port of a service that belongs to the installation, wherever it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trusted(Destination);

impl Trusted {
    /// Where this URL goes to; nothing when it goes nowhere.
    #[must_use]
    pub fn of(url: &Url) -> Option<Self> {
        Destination::of(url).map(Self)
    }
}

/// Host and port as the operator writes them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Destination {
    host: String,
    port: u16,
}

impl Destination {
    fn of(url: &Url) -> Option<Self> {
        let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']');
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        Some(Self { host, port: url.port_or_known_default()? })
    }
}

/// An answer, cut off after 64 kB.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as text; foreign bytes become replacement characters.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// The guarded client.
#[derive(Debug)]
pub struct Outbound {
    clients: Clients,
    allow: AllowPrivate,
}

impl Outbound {
    /// A client that also reaches what the operator allows.
    ///
    /// # Errors
    /// The system's certificates are unusable.
    pub fn new(allow: AllowPrivate) -> Result<Self, UnusableSystem> {
        Self::with_names(allow, SystemNames)
    }

    /// The same, with names resolved by something else than the system.
    ///
    /// # Errors
    /// The system's certificates are unusable.
    pub fn with_names(allow: AllowPrivate, names: impl Names) -> Result<Self, UnusableSystem> {
        let names = PublicOnly(Arc::new(names));
        Ok(Self { clients: Clients::new(names).map_err(UnusableSystem)?, allow })
    }

    /// Whether a customer may choose this address. A name is checked again when it is resolved.
    #[must_use]
    pub fn permits(&self, url: &Url) -> bool {
        url.as_str().len() <= CHOSEN_URL_BYTES && self.reach(url, None).is_some()
    }

    /// The same for an address with a signature of its bucket, which is longer than one that somebody types.
    #[must_use]
    pub fn permits_signed(&self, url: &Url) -> bool {
        self.reach(url, None).is_some()
    }

    /// Sends to an address that a customer chose, or to one that is trusted.
    ///
    /// # Errors
    /// There is no answer. A status that reports a failure is an answer.
    pub async fn send(&self, request: Request) -> Result<Answer, OutboundError> {
        let reach = self.reach(&request.url, request.trusted.as_ref()).ok_or(OutboundError::NotAllowed)?;
        let client = self.clients.get(reach, request.authority.as_ref()).map_err(error::sort)?;
        let mut builder = client.request(request.method, request.url).timeout(request.time_limit);
        builder = request.body.attach(builder);
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        let mut response = builder.send().await.map_err(error::sort)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(error::sort)? {
            let room = ANSWER_BYTES - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if body.len() == ANSWER_BYTES {
                break;
            }
        }
        Ok(Answer { status: response.status().as_u16(), headers: response.headers().clone(), body })
    }

    fn reach(&self, url: &Url, trusted: Option<&Trusted>) -> Option<Reach> {
        if url.as_str().len() > URL_BYTES || !url.username().is_empty() || url.password().is_some() {
            return None;
        }
        let destination = Destination::of(url)?;
        let ours = trusted.is_some_and(|trusted| trusted.0 == destination)
            || self.allow.contains(&destination.host, destination.port);
        if matches!(url.scheme(), "http" | "https") && ours {
            return Some(Reach::Anywhere);
        }
        let public_host = match url.host()? {
            Host::Domain(_) => true,
            Host::Ipv4(address) => is_public(IpAddr::V4(address)),
            Host::Ipv6(address) => is_public(IpAddr::V6(address)),
        };
        (url.scheme() == "https" && PUBLIC_PORTS.contains(&destination.port) && public_host).then_some(Reach::Public)
    }
}
