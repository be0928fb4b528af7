//! Runs a validation that was begun.

use super::runner::Outcome;
use crate::{error::Result, services::Services, storage};
use protocol::ids::{OrgId, StorageId, ValidationId};

pub(super) async fn run(
    services: &Services,
    org: OrgId,
    storage: StorageId,
    validation: ValidationId,
) -> Result<Outcome> {
    storage::perform_validation(services, org, storage, validation).await?;
    Ok(Outcome::Done)
}
