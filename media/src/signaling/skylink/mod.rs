//! The front door for the genuine Skylink clients: Socket.IO, one event `message` whose argument is a JSON text.
//!
//! A socket carries one stay for each room its client joined. A stay is a pure [`session`] in a thin shell: what the
//! client says and what the room says go in, messages and requests come out.

mod card;
mod incoming;
mod negotiation;
mod notes;
mod recording;
mod sdp;
mod session;
mod socket;
mod stay;
mod view;
mod views;
mod words;

pub use socket::{SkylinkSettings, with_skylink};
