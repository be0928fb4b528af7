//! Pages, one folder each: the view, its parts, and in `api.rs` the server functions behind it.

pub mod account;
pub mod api_keys;
pub mod application;
pub mod applications;
pub mod audit;
pub mod frame;
pub mod not_found;
pub mod notifications;
pub mod outbox;
pub mod storage;
pub mod streamrec;
pub mod team;
