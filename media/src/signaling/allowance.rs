//! How much a client may say.

use protocol::limits::{SIGNALING_BURST, SIGNALING_PER_SECOND};
use std::time::Instant;

/// Messages a client may still send; refilled with time.
#[derive(Debug)]
pub struct Allowance {
    tokens: f64,
    refilled: Instant,
}

impl Allowance {
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { tokens: f64::from(SIGNALING_BURST), refilled: now }
    }

    /// Takes one message off the allowance; false when there is none left.
    pub fn take(&mut self, now: Instant) -> bool {
        let elapsed = now.saturating_duration_since(self.refilled).as_secs_f64();
        self.refilled = now;
        self.tokens = (self.tokens + elapsed * f64::from(SIGNALING_PER_SECOND)).min(f64::from(SIGNALING_BURST));
        let enough = self.tokens >= 1.0;
        if enough {
            self.tokens -= 1.0;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_allowance_refills() {
        let now = crate::clock::now();
        let mut allowance = Allowance::new(now);
        assert!((0..SIGNALING_BURST).all(|_| allowance.take(now)));
        assert!(!allowance.take(now));
        let later = now + Duration::from_secs(1);
        assert!((0..SIGNALING_PER_SECOND).all(|_| allowance.take(later)));
        assert!(!allowance.take(later));
    }
}
