//! The signaling port as clients find it, and as those find it who would rather see it fall.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "the support of tests is test code too")]

mod door;
mod native;
mod skylink;
