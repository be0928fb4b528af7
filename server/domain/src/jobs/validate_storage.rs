//! Tries a storage that stopped working, again and again until it works.

use super::runner::Outcome;
use crate::{error::Result, services::Services, storage};
use protocol::ids::{OrgId, StorageId};
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(120);

pub(super) async fn run(services: &Services, org: OrgId, storage: StorageId) -> Result<Outcome> {
    if storage::recheck(services, org, storage).await? { Ok(Outcome::Done) } else { Ok(Outcome::Repeat(EVERY)) }
}
