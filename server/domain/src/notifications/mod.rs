//! Webhooks: what is said, to whom, and how it went.
//!
//! [`endpoints`] are where messages of an application go. [`raise`] writes a message and one delivery for each endpoint
//! that wants it, in the transaction of what it tells. [`sending`] makes the attempts, by Standard Webhooks 1.0: at
//! least once, in no particular order, over 75 hours, always under the same `webhook-id`. [`deliveries`] is the log of
//! that, from which anything can be sent again.

mod attempt;
pub mod deliveries;
pub mod endpoints;
mod events;
pub(crate) mod raise;
mod requested;
pub(crate) mod retention;
mod schemas;
pub mod sending;
mod signing;
mod suspension;

pub use schemas::{schemas, summary};
