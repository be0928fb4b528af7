//! Files made from captures, judged from outside.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod mix;
mod put;
mod remux;
mod support;
