//! What the media tests share: simulated calls, written by the real capture, and a judge of the mixed file.

pub mod call;
pub mod judge;
pub mod media;
