//! The only place of this crate that reads a clock.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Monotonic now, for timers and arrival times.
#[expect(clippy::disallowed_methods, reason = "the one reader of the monotonic clock")]
#[must_use]
pub fn now() -> Instant {
    Instant::now()
}

/// Unix milliseconds.
#[expect(clippy::disallowed_methods, reason = "the one reader of the wall clock")]
#[must_use]
pub fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
