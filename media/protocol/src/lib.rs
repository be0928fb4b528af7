//! The vocabulary of Mixdown, shared by the console, the control plane and the media nodes.
//!
//! Only names, shapes and the state machine of a recording live here. Nothing in this crate reads a clock, draws
//! randomness or does I/O, and all of it builds for wasm.
//!
//! # Glossary
//!
//! | word | meaning |
//! |---|---|
//! | organization (`org`) | the tenant: owns everything else |
//! | member | a user in an org, with a role |
//! | application | one product of the tenant: switches, keys, notification settings |
//! | app key | public id and secret of an application, used by end-user SDKs |
//! | room | named place in an application where peers meet; lives on one media node |
//! | peer | one connected client in a room |
//! | track | one audio or video stream that a peer publishes |
//! | recording | one start-to-stop of a room, with its own id and one final artefact |
//! | capture | the durable log of what arrived, written while recording |
//! | mix | the work that turns a capture into one playable file |
//! | client session, supervisor session | the stay of a StreamRec client, and of somebody who watches it |
//! | storage | the org's bucket configuration |
//! | node | one running media process |

pub mod ids;
pub mod limits;
pub mod link;
pub mod names;
pub mod native;
pub mod policy;
pub mod recording;
pub mod skylink;
pub mod streamrec;
pub mod token;
pub mod webhook;
pub mod words;
