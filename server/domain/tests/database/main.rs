//! The domain against real databases. Every test runs twice, on SQLite and on PostgreSQL, with a clock that stands
//! still and an HTTP server of its own that plays both the bucket and the customer's webhook.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod accounts;
mod api_keys;
mod applications;
mod deletions;
mod idempotency;
mod keys;
mod links;
mod mails;
mod nodes;
mod passwords;
mod recordings;
mod retention;
mod rooms;
mod storages;
mod streamrec;
mod support;
mod team;
mod tenants;
mod validation;
mod webhook_endpoints;
mod webhook_events;
mod webhook_libraries;
mod webhook_log;
mod webhooks;
