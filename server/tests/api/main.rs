//! The control plane seen from outside: through its real listeners, on SQLite and on PostgreSQL.

#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test says by failing what it expected")]

mod console;
mod demo_and_files;
mod embedded_store;
mod health;
mod join;
mod keys;
mod link;
mod links;
mod people;
mod protections;
mod proxies;
mod recording;
mod rest;
mod secrets;
mod sessions;
mod skylink;
mod start_up;
mod storage_pages;
mod streamrec;
mod support;
mod temasys;
mod tenancy;
mod unsubscribe;
