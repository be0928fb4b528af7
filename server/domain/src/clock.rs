//! The only place that reads the clock.

use chrono::{DateTime, SecondsFormat, Utc};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Where the services take the time from.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    #[default]
    System,
    /// Unix milliseconds, moved by hand; all clones share it.
    Fixed(Arc<AtomicU64>),
}

impl Clock {
    /// A clock that stands still until [`Clock::advance`].
    #[must_use]
    pub fn fixed(unix_ms: u64) -> Self {
        Self::Fixed(Arc::new(AtomicU64::new(unix_ms)))
    }

    /// Moves a fixed clock; the system clock moves by itself.
    pub fn advance(&self, by: Duration) {
        if let Self::Fixed(now) = self {
            now.fetch_add(millis(by), Ordering::SeqCst);
        }
    }

    /// Unix milliseconds.
    #[must_use]
    pub fn unix_ms(&self) -> u64 {
        u64::try_from(self.now().timestamp_millis()).unwrap_or(0)
    }

    /// The time for signatures that others check against their own clocks: a fixed clock does not stop it.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "everything else asks here")]
    pub(crate) fn wall(&self) -> std::time::SystemTime {
        std::time::SystemTime::now()
    }

    /// The same instant as a date.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "everything else asks here")]
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            Self::System => Utc::now(),
            Self::Fixed(now) => to_date(now.load(Ordering::SeqCst)),
        }
    }
}

/// A length of time in milliseconds.
#[must_use]
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A date as messages have it, to the millisecond (RFC 3339).
pub(crate) fn iso_date(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Unix milliseconds as a date.
#[must_use]
pub fn to_date(unix_ms: u64) -> DateTime<Utc> {
    i64::try_from(unix_ms).ok().and_then(DateTime::from_timestamp_millis).unwrap_or(DateTime::UNIX_EPOCH)
}
