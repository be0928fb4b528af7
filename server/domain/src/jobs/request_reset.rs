//! Sends a link for a new password. Whether somebody has the address is found out only here, where nobody waits for an
//! answer.

use super::runner::Outcome;
use crate::{accounts, error::Result, services::Services};
use std::net::IpAddr;

pub(super) async fn run(services: &Services, email: &str, address: IpAddr) -> Result<Outcome> {
    accounts::send_reset(services, email, address).await?;
    Ok(Outcome::Done)
}
