//! The front doors of the node. Each protocol is an adapter that translates and owns no rules.

mod native;
mod tokens;

pub use native::{NativeSettings, router};
pub use tokens::TokenKey;
