//! From the spool into the bucket, against a control plane and a bucket that fail on purpose.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "the support of tests is test code too")]

mod bucket;
mod control_plane;
mod full_disk;
mod node;
mod outages;
#[path = "../relay/support/mod.rs"]
#[expect(dead_code, reason = "the tests of the relay use the rest")]
mod support;
