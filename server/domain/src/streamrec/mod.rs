//! StreamRec: a client publishes its streams to a node, has them recorded to addresses of its choice, and is watched by
//! up to three supervisors.
//!
//! [`tokens`] are what its backend gets for the master key, an API key of one application with the scope `streamrec`.
//! [`sessions`] are opened with a token; the database decides that nobody has two. [`lifecycle`] follows what nodes
//! report of them. [`uploads`] are the recordings, and [`statistics`] tell programs of both.

pub mod lifecycle;
pub(crate) mod presigned;
pub mod sessions;
pub mod statistics;
pub mod tokens;
pub mod uploads;
pub(crate) mod webhooks;

pub use webhooks::public_key;

use crate::error::{Error, Kind};

fn forbidden(code: &'static str, message: &'static str) -> Error {
    Error::new(Kind::Forbidden, code, message)
}
