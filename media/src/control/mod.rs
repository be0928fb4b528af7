//! The node's end of the link to the control plane; see `protocol::link`.

mod identity;
mod link;
mod outbox;

pub use identity::{Identity, IdentityError};
pub use link::{Link, LinkSettings, LinkStatus, Node, connect};
pub use outbox::{Outbox, OutboxError};
