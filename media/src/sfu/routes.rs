//! Whose a datagram is: known by where it comes from, or by the connection that its first ones name.

use crate::rtc::{self, Transport};
use protocol::ids::PeerId;
use std::{collections::HashMap, net::SocketAddr};

/// Addresses remembered before those of siblings, which anybody can make up, are forgotten.
const MAX_ROUTES: usize = 65_536;

/// Whose a datagram from an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    Here { room: u64, peer: PeerId },
    Sibling(u8),
}

/// The worker, of so many, that a connection's fragment begins with the number of.
pub fn worker_of(ufrag: &str, workers: usize) -> Option<u8> {
    let index = u8::from_str_radix(ufrag.get(..2)?, 16).ok()?;
    (usize::from(index) < workers).then_some(index)
}

/// What one worker knows of addresses.
#[derive(Debug)]
pub struct Routes {
    index: u8,
    workers: usize,
    known: HashMap<(Transport, SocketAddr), Route>,
    ufrags: HashMap<String, (u64, PeerId)>,
}

impl Routes {
    /// Of the worker with this index among so many.
    #[must_use]
    pub fn new(index: u8, workers: usize) -> Self {
        Self { index, workers, known: HashMap::new(), ufrags: HashMap::new() }
    }

    /// A connection of this worker with its fragment, which begins with the worker's number: by that a sibling knows
    /// where a datagram belongs.
    pub fn expect(&mut self, ufrag: String, room: u64, peer: PeerId) {
        self.ufrags.insert(ufrag, (room, peer));
    }

    pub fn forget(&mut self, gone: PeerId) {
        self.ufrags.retain(|_, (_, peer)| *peer != gone);
        self.known.retain(|_, route| !matches!(route, Route::Here { peer, .. } if *peer == gone));
    }

    /// Whose this datagram is; `None` when nobody expects it.
    pub fn find(&mut self, from: (Transport, SocketAddr), datagram: &[u8]) -> Option<Route> {
        match rtc::local_ufrag(datagram) {
            Some(ufrag) => self.named(from, ufrag),
            None => self.known(from),
        }
    }

    /// Whose this address is.
    #[must_use]
    pub fn known(&self, from: (Transport, SocketAddr)) -> Option<Route> {
        self.known.get(&from).copied()
    }

    fn named(&mut self, from: (Transport, SocketAddr), ufrag: &str) -> Option<Route> {
        let route = match self.ufrags.get(ufrag) {
            Some((room, peer)) => Route::Here { room: *room, peer: *peer },
            None => Route::Sibling(worker_of(ufrag, self.workers).filter(|index| *index != self.index)?),
        };
        match (route, self.known.get(&from)) {
            // A request is not authenticated yet: a claim to belong elsewhere must not take a peer's packets away. Its own
            // worker sees what is true of it.
            (Route::Sibling(_), Some(Route::Here { .. })) => return Some(route),
            (Route::Sibling(_), _) if self.known.len() >= MAX_ROUTES => {
                // Whoever is real sends its next check within seconds.
                self.known.retain(|_, known| matches!(known, Route::Here { .. }));
            }
            _ => {}
        }
        self.known.insert(from, route);
        Some(route)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A STUN binding request that names a connection.
    fn request(ufrag: &str) -> Vec<u8> {
        let name = format!("{ufrag}:x");
        let mut datagram = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
        datagram.extend([0; 12]);
        datagram.extend([0, 6, 0, u8::try_from(name.len()).unwrap()]);
        datagram.extend(name.as_bytes());
        datagram.resize(datagram.len().next_multiple_of(4), 0);
        datagram
    }

    fn address(port: u16) -> (Transport, SocketAddr) {
        (Transport::Udp, ([192, 0, 2, 1], port).into())
    }

    #[test]
    fn an_address_belongs_to_whom_it_named_until_that_one_is_gone() {
        let mut routes = Routes::new(0, 2);
        let peer = PeerId::from_parts(0, [1; 10]);
        let here = Route::Here { room: 7, peer };
        routes.expect("00aa".to_owned(), 7, peer);
        assert_eq!(routes.find(address(1), b"media"), None);
        assert_eq!(routes.find(address(1), &request("00aa")), Some(here));
        assert_eq!(routes.find(address(1), &request("01bb")), Some(Route::Sibling(1)), "who may know of it");
        assert_eq!(routes.find(address(1), b"media"), Some(here), "nobody takes another's address");
        assert_eq!(routes.find((Transport::Tcp, address(1).1), b"media"), None, "the same port of another protocol");
        routes.forget(peer);
        assert_eq!(routes.find(address(1), b"media"), None);
        assert_eq!(routes.find(address(1), &request("00aa")), None);
    }

    #[test]
    fn connections_of_siblings_are_known_by_their_number() {
        let mut routes = Routes::new(0, 2);
        assert_eq!(routes.find(address(1), &request("01bb")), Some(Route::Sibling(1)));
        assert_eq!(routes.find(address(1), b"media"), Some(Route::Sibling(1)));
        for stranger in ["02cc", "zz", "0"] {
            assert_eq!(routes.find(address(2), &request(stranger)), None, "{stranger}");
        }
    }
}
