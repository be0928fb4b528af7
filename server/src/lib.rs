//! The control plane process: what it listens on, what runs beside each other in it, and how it starts and stops.
//!
//! The rules live in `domain`, the console in `app`; this crate connects them to sockets.

pub mod api;
pub mod config;
pub mod control_plane;
pub mod key_commands;
pub mod reset_command;
pub mod start_error;
pub mod telemetry;
pub mod up;

mod console;
mod embedded_store;
mod http;
mod jobs_runner;
mod key_files;
mod lifecycle;
mod listener;
mod mail_server;
mod master_keys;
mod node_link;
mod places;
mod ports;
mod runner;
mod sessions;
mod streamrec;
mod supervisor;
mod temasys;
mod webhooks_runner;
