//! The media node: signaling, relay, capture, mix, upload.
//!
//! A call enters through [`signaling`], lives in an [`sfu`] room, is written by [`capture`] while it is recorded, and
//! is looked after by [`recorder`] until [`uploader`] has put the file that [`mixer`] or [`remux`] made where it belongs.
//! [`control`] is the durable link to the control plane, which takes every decision.

pub mod capture;
pub mod clock;
pub mod config;
pub mod control;
mod health;
pub mod mixer;
pub mod node;
mod payload;
pub mod random;
pub mod recorder;
pub mod remux;
pub mod rtc;
pub mod sfu;
pub mod signaling;
mod timing;
pub mod uploader;
