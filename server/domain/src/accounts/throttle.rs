//! Slows guessing down without letting anybody lock an owner out for good: attempts count per address and e-mail
//! together, per address, and per e-mail, each with its own allowance.

use crate::{
    clock::millis,
    error::{Error, Kind, Result},
    secrets::hash_token,
    services::Services,
};
use std::{net::IpAddr, time::Duration};

/// Failures older than this no longer count.
const FORGET: Duration = Duration::from_secs(3600);

/// What an attempt has in common with others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Subject {
    key: String,
    /// Attempts without delay.
    free: u64,
    longest: Duration,
}

impl Subject {
    /// Delay after `attempts` attempts: one second, doubling, up to the longest.
    fn delay(&self, attempts: u64) -> Duration {
        let Some(excess) = attempts.checked_sub(self.free + 1) else { return Duration::ZERO };
        let exponent = u32::try_from(excess.min(20)).unwrap_or(20);
        Duration::from_secs(1 << exponent).min(self.longest)
    }
}

/// The subjects of one attempt.
pub(super) fn subjects(email: &str, address: IpAddr) -> [Subject; 3] {
    let network = network(address);
    let email = hash_token(email);
    let subject = |key, free, longest| Subject { key, free, longest: Duration::from_secs(longest) };
    [
        subject(format!("both/{network}/{email}"), 5, 900),
        subject(format!("address/{network}"), 20, 900),
        subject(format!("email/{email}"), 50, 30),
    ]
}

/// The subjects of one request for a mail to an address: nobody is flooded with mails, nor can they be kept from getting
/// one now and then.
pub(super) fn mail_subjects(email: &str, address: IpAddr) -> [Subject; 2] {
    let (network, email) = (network(address), hash_token(email));
    let subject = |key, free, longest| Subject { key, free, longest: Duration::from_secs(longest) };
    [subject(format!("mail/address/{network}"), 10, 900), subject(format!("mail/email/{email}"), 3, 900)]
}

/// Who shares an IPv6 /64 is one.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("{}/64", std::net::Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

/// Counts an attempt before it is made; refused while any of its subjects is blocked.
pub(super) async fn count(services: &Services, subjects: &[Subject]) -> Result<()> {
    let now = services.now();
    let mut tx = services.begin().await?;
    for subject in subjects {
        match tx.count_sign_in(&subject.key, now, now.saturating_sub(millis(FORGET))).await? {
            None => {
                let until = tx.sign_in_blocked_until(&subject.key).await?;
                let wait = Duration::from_millis(until.saturating_sub(now));
                return Err(Error::new(Kind::Throttled, "too_many_attempts", "Too many attempts; wait a little.")
                    .with_retry_after(wait));
            }
            Some(attempts) => {
                let delay = subject.delay(attempts);
                if !delay.is_zero() {
                    tx.block_sign_in(&subject.key, now + millis(delay)).await?;
                }
            }
        }
    }
    Ok(tx.commit().await?)
}

/// Forgets the attempts of somebody who turned out to know the password. Of the address's own count only this attempt
/// is taken back: many people may sign in from one address, but one good account buys no guesses at others.
pub(super) async fn forgive(services: &Services, subjects: &[Subject; 3]) -> Result<()> {
    let mut tx = services.begin().await?;
    for subject in [&subjects[0], &subjects[2]] {
        tx.forget_sign_in_failures(&subject.key).await?;
    }
    tx.uncount_sign_in(&subjects[1].key).await?;
    Ok(tx.commit().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_begin_after_the_allowance_and_stay_bounded() {
        let [both, address, email] = subjects("anna@example.com", "192.0.2.1".parse().unwrap());
        for (subject, free, longest) in [(both, 5, 900), (address, 20, 900), (email, 50, 30)] {
            assert_eq!(subject.delay(free), Duration::ZERO);
            assert_eq!(subject.delay(free + 1), Duration::from_secs(1));
            assert_eq!(subject.delay(free + 3), Duration::from_secs(4));
            assert_eq!(subject.delay(u64::MAX), Duration::from_secs(longest));
        }
    }

    #[test]
    fn neighbours_in_a_network_count_together() {
        let key = |address: &str| subjects("a@b", address.parse().unwrap())[1].key.clone();
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:1"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
    }
}
