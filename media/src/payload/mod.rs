//! As much of the codecs' payloads as order, time and containers need. Nothing is decoded.

pub mod opus;
pub mod vp8;
