//! Background work: one table, claimed with a lease and a fencing number, retried with stored backoff.

mod abort_upload;
mod apply_retention;
mod delete_object;
mod finalize_upload;
mod reconcile_recordings;
mod request_reset;
mod revalidate_storages;
mod runner;
pub(crate) mod schedule;
mod send_mail;
mod sweep_expired;
mod tell_refusal;
mod validate_storage;
mod work;

pub use runner::{Claimed, claim, next_due, run, run_due};
pub(crate) use runner::{ensure_periodic, push};
pub use work::Lane;
pub(crate) use work::Work;
