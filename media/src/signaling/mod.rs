//! The front doors of the node. Each protocol is an adapter that translates and owns no rules.

mod allowance;
mod doorstep;
mod last_words;
mod listener;
mod native;
mod skylink;
mod streamrec;
mod tokens;

pub use listener::{Limits, serve};
pub use native::{NativeSettings, router};
pub use skylink::{SkylinkSettings, with_skylink};
pub use streamrec::{Patience, Registry, StreamrecSettings, router as streamrec_router};
pub use tokens::TokenKey;
