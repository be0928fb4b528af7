//! Who is asking: the peer of the connection, or whom a trusted proxy names.

use axum::{
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, HeaderName, header::FORWARDED};
use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    str::FromStr,
    sync::Arc,
};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The client's address, for counting and for the audit log. Every request has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// Proxies whose word about the client is taken.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Arc<[Network]>);

/// Addresses with the same first bits; IPv4 as mapped into IPv6.
#[derive(Debug, Clone, Copy)]
struct Network {
    first: u128,
    bits: u32,
}

/// The text is not a list of networks.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is neither an address nor a network such as 10.0.0.0/8")]
pub struct InvalidNetwork(String);

impl FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let invalid = || InvalidNetwork(text.to_owned());
        let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        let address: IpAddr = address.parse().map_err(|_| invalid())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let length: u32 = length.map_or(Ok(width), str::parse).map_err(|_| invalid())?;
        if length > width {
            return Err(invalid());
        }
        Ok(Self { first: bits(address), bits: 128 - width + length })
    }
}

impl Network {
    fn contains(self, address: IpAddr) -> bool {
        self.bits == 0 || (self.first ^ bits(address)) >> (128 - self.bits) == 0
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => Ipv6Addr::to_bits(address),
    }
}

/// Separated by commas.
impl FromStr for TrustedProxies {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        text.split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl TrustedProxies {
    /// The client of a request that came from `peer`. Each proxy adds whom it saw at the end, so the list is read
    /// from there up to the first address that is not a trusted proxy; what stands before it anybody may have written.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.contains(peer) {
            return peer;
        }
        match (self.walk(peer, x_forwarded_for(headers)), self.walk(peer, forwarded(headers))) {
            (Some(client), None) | (None, Some(client)) => client,
            // A proxy writes one of the two and hands the other on; when they disagree, one is forged.
            (Some(client), Some(other)) if client == other => client,
            _ => peer,
        }
    }

    fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }

    /// `None` without the header.
    fn walk(&self, peer: IpAddr, named: Vec<Option<IpAddr>>) -> Option<IpAddr> {
        let mut client = None;
        for address in named.into_iter().rev() {
            // A proxy that hides whom it saw is the last that is known.
            let Some(address) = address else { return Some(client.unwrap_or(peer)) };
            client = Some(address);
            if !self.contains(address) {
                break;
            }
        }
        client
    }
}

/// Gives every request its [`ClientAddress`].
pub async fn find(State(proxies): State<TrustedProxies>, mut request: Request, next: Next) -> Response {
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>() {
        let client = proxies.client(peer.ip().to_canonical(), request.headers()).to_canonical();
        request.extensions_mut().insert(ClientAddress(client));
    }
    next.run(request).await
}

fn elements(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers.get_all(name).into_iter().flat_map(|line| line.to_str().unwrap_or("?").split(',')).map(str::trim)
}

fn x_forwarded_for(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    elements(headers, X_FORWARDED_FOR).map(address).collect()
}

/// RFC 7239: `for=192.0.2.43;proto=https, for="[2001:db8::17]:4711"`.
fn forwarded(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let parameter = |element: &str| {
        element.split(';').find_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            name.trim().eq_ignore_ascii_case("for").then(|| address(value.trim().trim_matches('"')))?
        })
    };
    elements(headers, FORWARDED).map(parameter).collect()
}

/// An address as proxies write it, perhaps with a port.
fn address(text: &str) -> Option<IpAddr> {
    let without_port = || text.parse::<SocketAddr>().map(|socket| socket.ip()).ok();
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    text.parse().ok().or_else(without_port).or_else(bracketed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, headers: &[(&str, &str)]) -> String {
        let proxies: TrustedProxies = "10.0.0.0/8, 2001:db8:1::/48, 192.0.2.1".parse().unwrap();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        proxies.client(peer.parse().unwrap(), &map).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let forged = [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=203.0.113.9")];
        assert_eq!(client("198.51.100.7", &forged), "198.51.100.7");
        assert_eq!(client("10.1.2.3", &forged), "203.0.113.9");
        assert_eq!(client("10.1.2.3", &[]), "10.1.2.3");
        assert_eq!(client("192.0.2.2", &forged), "192.0.2.2");
    }

    #[test]
    fn the_last_address_that_no_proxy_of_ours_has_is_the_client() {
        let named = |value| client("10.0.0.1", &[("x-forwarded-for", value)]);
        assert_eq!(named("203.0.113.66, 198.51.100.7, 10.9.9.9"), "198.51.100.7");
        assert_eq!(named("198.51.100.7:4711"), "198.51.100.7");
        assert_eq!(named("10.5.5.5, 10.6.6.6"), "10.5.5.5");
        assert_eq!(named("203.0.113.66, unknown, 10.9.9.9"), "10.9.9.9");
        assert_eq!(named("unknown"), "10.0.0.1");
        let lines = [("x-forwarded-for", "203.0.113.66"), ("x-forwarded-for", "198.51.100.7")];
        assert_eq!(client("10.0.0.1", &lines), "198.51.100.7");
    }

    #[test]
    fn both_headers_are_read_and_must_not_disagree() {
        let standard = |value| client("2001:db8:1::5", &[("forwarded", value)]);
        assert_eq!(standard("for=198.51.100.7;proto=https"), "198.51.100.7");
        assert_eq!(standard("For=\"[2001:db8:9::17]:4711\", for=10.0.0.2"), "2001:db8:9::17");
        assert_eq!(standard("for=_hidden"), "2001:db8:1::5");
        let forged = [("forwarded", "for=203.0.113.66"), ("x-forwarded-for", "198.51.100.7")];
        assert_eq!(client("10.0.0.1", &forged), "10.0.0.1");
    }

    #[test]
    fn what_is_no_network_is_named() {
        for text in ["10.0.0.0/33", "example.com", "10.0.0.0/", "::/129"] {
            assert!(text.parse::<TrustedProxies>().unwrap_err().to_string().contains(text), "{text}");
        }
        let everyone: TrustedProxies = "0.0.0.0/0,::/0".parse().unwrap();
        assert!(everyone.contains("203.0.113.9".parse().unwrap()) && everyone.contains("2001:db8::1".parse().unwrap()));
    }
}
