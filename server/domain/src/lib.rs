//! The rules of Mixdown and all of its SQL.
//!
//! Every entry point takes [`Services`]; everything a tenant owns is reached through an [`Access`], which only
//! [`accounts::access`] and [`api_keys::authenticate`] hand out. The link with media nodes and the background jobs act for the system and find the
//! tenant from the object they are about. This crate knows no HTTP server, no console and no media engine.

pub mod access;
pub mod accounts;
pub mod api_keys;
pub mod applications;
pub mod audit;
pub mod clock;
pub mod cursor;
pub mod error;
pub mod idempotency;
pub mod jobs;
pub mod join;
pub mod mail;
pub mod nodes;
pub mod notifications;
pub mod random;
pub mod recordings;
pub mod revision;
pub mod rooms;
pub mod secrets;
pub mod services;
pub mod session_store;
pub mod settings;
pub mod skylink;
pub mod storage;
mod store;
pub mod streamrec;
pub mod temasys;
pub mod usage;

pub use access::{Access, Role};
pub use error::{Error, Result};
pub use services::{OpenError, Services};
pub use settings::Settings;
