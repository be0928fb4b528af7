//! The sockets of StreamRec clients and supervisors: JSON text messages at `/api/v2/io` and
//! `/api/v2/supervisor_io/{session}`, and at `/api/io` for the first generation.
//!
//! A socket belongs to the session that its first message names; whether its token is good for that, the control plane
//! says. [`session`] is what may happen when, pure; [`stay`] carries it out, over more than one socket if need be;
//! [`wire_names`] has every word that is not documented, with what is accepted besides.

mod incoming;
mod outgoing;
mod registry;
mod session;
mod socket;
mod stay;
mod wire_names;

pub use registry::Registry;
pub use socket::{StreamrecSettings, router};
pub use stay::Patience;
