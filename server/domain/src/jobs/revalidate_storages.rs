//! Periodic: begins the validations that are due. Takes no input.

use super::runner::Outcome;
use crate::{error::Result, services::Services, storage};
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(30);

pub(super) async fn run(services: &Services) -> Result<Outcome> {
    storage::start_due_validations(services).await?;
    Ok(Outcome::Repeat(EVERY))
}
