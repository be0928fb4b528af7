//! How often one network may ask.

use super::{ClientAddress, Problem};
use domain::clock::Clock;
use http::StatusCode;
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
};

const MINUTE_SECONDS: u64 = 60;
/// A page full of players loads at once; a guess among 2²⁵⁶ signatures gains nothing from so few.
const LINKS_PER_MINUTE: u32 = 300;
/// A building full of people that enter their rooms at once, behind one address.
const JOINS_PER_MINUTE: u32 = 600;
/// Networks counted one by one within a minute; those after them share what is left.
const MAX_NETWORKS: usize = 20_000;

/// Counts requests of each network within each minute.
#[derive(Debug)]
pub struct Pace {
    clock: Clock,
    per_minute: u32,
    current: Mutex<Minute>,
}

#[derive(Debug, Default)]
struct Minute {
    number: u64,
    requests: HashMap<IpAddr, u32>,
}

impl Pace {
    /// What is right for people who follow links and for players that load.
    #[must_use]
    pub fn of_download_links(clock: Clock) -> Self {
        Self { clock, per_minute: LINKS_PER_MINUTE, current: Mutex::default() }
    }

    /// What is right for pages that enter rooms.
    #[must_use]
    pub fn of_joins(clock: Clock) -> Self {
        Self { clock, per_minute: JOINS_PER_MINUTE, current: Mutex::default() }
    }

    /// Counts a request; refused when there were too many.
    pub(crate) fn admit(&self, client: ClientAddress) -> Result<(), Problem> {
        self.take(client.0).map_err(|seconds| {
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "Too many requests; wait a little.")
                .with_retry_after(seconds)
        })
    }

    /// Counts a request; refused with the seconds until the next minute.
    fn take(&self, address: IpAddr) -> Result<(), u64> {
        let seconds = self.clock.unix_ms() / 1000;
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.number != seconds / MINUTE_SECONDS {
            *current = Minute { number: seconds / MINUTE_SECONDS, ..Minute::default() };
        }
        let network = network(address);
        let counted = current.requests.len() < MAX_NETWORKS || current.requests.contains_key(&network);
        let subject = if counted { network } else { Ipv6Addr::UNSPECIFIED.into() };
        let requests = current.requests.entry(subject).or_default();
        *requests = requests.saturating_add(1);
        if *requests <= self.per_minute { Ok(()) } else { Err(MINUTE_SECONDS - seconds % MINUTE_SECONDS) }
    }
}

/// Who shares an IPv6 /64 is one.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_network_waits_for_the_next_minute_and_others_do_not() {
        let clock = Clock::fixed(120_000 + 15_000);
        let pace = Pace { per_minute: 2, ..Pace::of_download_links(clock.clone()) };
        let take = |address: &str| pace.take(address.parse().unwrap());
        assert_eq!([take("192.0.2.1"), take("::ffff:192.0.2.1"), take("192.0.2.1")], [Ok(()), Ok(()), Err(45)]);
        assert_eq!([take("2001:db8::1"), take("2001:db8::2"), take("2001:db8::3")], [Ok(()), Ok(()), Err(45)]);
        assert_eq!([take("192.0.2.2"), take("2001:db8:0:1::1")], [Ok(()), Ok(())]);
        clock.advance(Duration::from_secs(45));
        assert_eq!(take("192.0.2.1"), Ok(()));
    }
}
