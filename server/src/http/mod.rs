//! The HTTP side of the control plane: one router, one renderer of problems, one place for each protection.

mod body;
mod client_address;
pub(crate) mod cross_origin;
mod csrf;
mod demo;
mod health;
mod join;
mod links;
mod pace;
mod problem;
mod request_id;
mod router;
pub(crate) mod security_headers;
mod skylink;
mod static_files;
mod unsubscribe;

pub use body::MAX_BYTES;
pub use client_address::{ClientAddress, TrustedProxies};
pub use pace::Pace;
pub use problem::{Document, Problem};
pub use router::{Web, router};
