//! The relay as peers see it, over real sockets and with real captures.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "the support of tests is test code too")]

mod foreign_input;
mod orders;
mod packets;
mod rooms;
mod steering;
mod streams;
mod support;
