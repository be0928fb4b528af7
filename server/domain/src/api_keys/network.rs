//! From where a key may be used.

use crate::error::{Error, Result};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::{fmt, net::IpAddr};

const MAX_NETWORKS: usize = 50;

/// Networks that may use a key; none restricts nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AllowedNetworks(Vec<IpNet>);

impl AllowedNetworks {
    /// Each is a network such as `192.0.2.0/24` or one address.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let mut networks = texts.into_iter().map(network).collect::<Result<Vec<_>>>()?;
        networks.sort();
        networks.dedup();
        if networks.len() > MAX_NETWORKS {
            let said = format!("A key has at most {MAX_NETWORKS} networks.");
            return Err(Error::invalid("network_invalid", said));
        }
        Ok(Self(networks))
    }

    /// Whether a client with this address may use the key.
    #[must_use]
    pub fn allow(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.is_empty() || self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether a client that these let in is always let in by the others too.
    pub(super) fn are_within(&self, others: &Self) -> bool {
        let within = |network: &IpNet| others.0.iter().any(|other| other.contains(network));
        others.0.is_empty() || (!self.0.is_empty() && self.0.iter().all(within))
    }

    pub fn iter(&self) -> impl Iterator<Item = impl fmt::Display> {
        self.0.iter()
    }
}

fn network(text: &str) -> Result<IpNet> {
    let text = text.trim();
    let network = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    network.map(|network| network.trunc()).ok_or_else(|| {
        Error::invalid("network_invalid", "A network looks like 192.0.2.0/24, 2001:db8::/32 or 192.0.2.7.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_let_in_by_their_network() {
        let networks = AllowedNetworks::parse(["192.0.2.77/24", "2001:db8::1"]).unwrap();
        assert_eq!(
            networks.iter().map(|network| network.to_string()).collect::<Vec<_>>(),
            ["192.0.2.0/24", "2001:db8::1/128"]
        );
        for (address, expected) in [
            ("192.0.2.1", true),
            ("::ffff:192.0.2.1", true),
            ("192.0.3.1", false),
            ("2001:db8::1", true),
            ("2001:db8::2", false),
        ] {
            assert_eq!(networks.allow(address.parse().unwrap()), expected, "{address}");
        }
        assert!(AllowedNetworks::default().allow("203.0.113.9".parse().unwrap()));
        let within = |inner: &[&str], outer: &[&str]| {
            let parse = |texts: &[&str]| AllowedNetworks::parse(texts.iter().copied()).unwrap();
            parse(inner).are_within(&parse(outer))
        };
        assert!(within(&["192.0.2.7"], &["192.0.2.0/24"]) && within(&["192.0.2.7"], &[]) && within(&[], &[]));
        assert!(!within(&[], &["192.0.2.0/24"]) && !within(&["192.0.0.0/16"], &["192.0.2.0/24"]));
        for wrong in ["", "192.0.2.0/33", "example.com", "192.0.2.0/24/1"] {
            assert!(AllowedNetworks::parse([wrong]).is_err(), "{wrong}");
        }
    }
}
