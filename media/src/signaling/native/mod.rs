//! The native protocol: see `protocol::native`.

mod session;
mod socket;

pub use socket::{NativeSettings, router};
