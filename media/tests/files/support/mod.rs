//! What the media tests share: simulated calls, written by the real capture, and a judge of what becomes of them.

pub mod call;
pub mod film;
pub mod judge;
pub mod media;
pub mod remuxed;
