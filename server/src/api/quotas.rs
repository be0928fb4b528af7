//! How many requests a key, and all keys of an organization, may make in a minute.
//!
//! Told in `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10) with every answer, and in
//! `Retry-After` when it was too many. Each server counts for itself.

use super::authentication::Caller;
use crate::http::{Problem, Web};
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use domain::{Access, clock::Clock};
use http::{HeaderMap, HeaderName, HeaderValue};
use protocol::ids::{ApiKeyId, OrgId};
use std::{
    collections::HashMap,
    fmt::Write as _,
    hash::Hash,
    sync::{Mutex, PoisonError},
};

const WINDOW_SECONDS: u64 = 60;
/// An organization may have some keys at work at the same time, but not all of them at full speed.
const KEYS_AT_FULL_SPEED: u32 = 5;
const POLICY_HEADER: HeaderName = HeaderName::from_static("ratelimit-policy");
const STANDING_HEADER: HeaderName = HeaderName::from_static("ratelimit");

/// Counts the requests of keys and organizations within each minute.
#[derive(Debug)]
pub struct Quotas {
    clock: Clock,
    per_key: u32,
    per_org: u32,
    current: Mutex<Window>,
}

/// Holds only keys that exist, so it does not grow beyond them.
#[derive(Debug, Default)]
struct Window {
    number: u64,
    keys: HashMap<ApiKeyId, u32>,
    orgs: HashMap<OrgId, u32>,
}

/// How much of one quota is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Left {
    policy: &'static str,
    quota: u32,
    /// `None` when the request was one too many.
    remaining: Option<u32>,
}

/// What is left after one request.
#[derive(Debug, PartialEq, Eq)]
struct Standing {
    left: [Left; 2],
    /// Until the next window.
    seconds: u64,
}

impl Quotas {
    /// With so many requests per minute for each key.
    #[must_use]
    pub fn new(clock: Clock, per_key: u32) -> Self {
        Self { clock, per_key, per_org: per_key.saturating_mul(KEYS_AT_FULL_SPEED), current: Mutex::default() }
    }

    fn take(&self, key: ApiKeyId, org: OrgId) -> Standing {
        let seconds = self.clock.unix_ms() / 1000;
        let mut window = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if window.number != seconds / WINDOW_SECONDS {
            *window = Window { number: seconds / WINDOW_SECONDS, ..Window::default() };
        }
        let of_key = Left { policy: "key", quota: self.per_key, remaining: take(&mut window.keys, key, self.per_key) };
        // What a key may not do is not taken from the others.
        let orgs = &mut window.orgs;
        let remaining = match of_key.remaining {
            Some(_) => take(orgs, org, self.per_org),
            None => Some(self.per_org.saturating_sub(orgs.get(&org).copied().unwrap_or_default())),
        };
        let of_org = Left { policy: "organization", quota: self.per_org, remaining };
        Standing { left: [of_key, of_org], seconds: WINDOW_SECONDS - seconds % WINDOW_SECONDS }
    }
}

/// Counts one; what remains.
fn take<T: Hash + Eq>(counts: &mut HashMap<T, u32>, subject: T, quota: u32) -> Option<u32> {
    let count = counts.entry(subject).or_default();
    *count = count.saturating_add(1);
    quota.checked_sub(*count)
}

impl Standing {
    fn exceeded(&self) -> Vec<&'static str> {
        self.left.iter().filter(|left| left.remaining.is_none()).map(|left| left.policy).collect()
    }

    /// Both are lists of structured fields (RFC 9651).
    fn write(&self, headers: &mut HeaderMap) {
        let (mut policies, mut standings) = (String::new(), String::new());
        for left in &self.left {
            let comma = if policies.is_empty() { "" } else { ", " };
            let Left { policy, quota, remaining } = left;
            let _ = write!(policies, "{comma}\"{policy}\";q={quota};w={WINDOW_SECONDS}");
            let _ = write!(standings, "{comma}\"{policy}\";r={};t={}", remaining.unwrap_or(0), self.seconds);
        }
        for (name, value) in [(POLICY_HEADER, policies), (STANDING_HEADER, standings)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
    }
}

impl Quotas {
    /// Counts one request of a key that came by another way than its header.
    pub(crate) fn admit(&self, access: &Access) -> Result<(), Problem> {
        let standing = standing(self, access).ok_or_else(Problem::internal)?;
        let exceeded = standing.exceeded();
        if exceeded.is_empty() { Ok(()) } else { Err(Problem::quota_exceeded(exceeded, standing.seconds)) }
    }
}

/// Lets requests within the quotas pass.
pub async fn count(State(web): State<Web>, Caller(access): Caller, request: Request, next: Next) -> Response {
    let standing = standing(&web.quotas, &access);
    let Some(standing) = standing else { return Problem::internal().into_response() };
    let exceeded = standing.exceeded();
    let mut response = if exceeded.is_empty() {
        next.run(request).await
    } else {
        Problem::quota_exceeded(exceeded, standing.seconds).into_response()
    };
    standing.write(response.headers_mut());
    response
}

/// Only keys come here.
fn standing(quotas: &Quotas, access: &Access) -> Option<Standing> {
    Some(quotas.take(access.api_key()?, access.org()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn id(number: u8) -> ApiKeyId {
        ApiKeyId::from_parts(1, [number; 10])
    }

    #[test]
    fn a_key_that_asks_too_often_waits_and_costs_the_others_nothing() {
        let clock = Clock::fixed(120_000 + 15_000);
        let quotas = Quotas::new(clock.clone(), 2);
        let org = OrgId::from_parts(1, [1; 10]);
        let remaining = |key| quotas.take(id(key), org).left.map(|left| left.remaining);
        assert_eq!([remaining(1), remaining(1)], [[Some(1), Some(9)], [Some(0), Some(8)]]);
        assert_eq!([remaining(1), remaining(1)], [[None, Some(8)], [None, Some(8)]]);
        assert_eq!(remaining(2), [Some(1), Some(7)]);
        clock.advance(Duration::from_secs(45));
        assert_eq!(remaining(1), [Some(1), Some(9)]);
    }

    #[test]
    fn all_keys_of_an_organization_together_are_bounded() {
        let quotas = Quotas::new(Clock::fixed(0), 1);
        let take = |key, org| quotas.take(id(key), OrgId::from_parts(1, [org; 10]));
        assert!((1..=5).all(|key| take(key, 1).exceeded().is_empty()));
        assert_eq!(take(6, 1).exceeded(), ["organization"]);
        assert!(take(7, 2).exceeded().is_empty());
    }

    #[test]
    fn standings_are_told_as_structured_fields() {
        let quotas = Quotas::new(Clock::fixed(15_000), 600);
        let mut headers = HeaderMap::new();
        quotas.take(id(1), OrgId::from_parts(1, [1; 10])).write(&mut headers);
        assert_eq!(headers[POLICY_HEADER], "\"key\";q=600;w=60, \"organization\";q=3000;w=60");
        assert_eq!(headers[STANDING_HEADER], "\"key\";r=599;t=45, \"organization\";r=2999;t=45");
    }
}
