//! Writes a refused sign-in into the audit log. Refusals of known and unknown people are answered after the same
//! writes; only here, where nobody waits, is it decided whether there is a log to write to.

use super::runner::Outcome;
use crate::{accounts, error::Result, services::Services};
use protocol::ids::UserId;
use std::net::IpAddr;

pub(super) async fn run(services: &Services, user: Option<UserId>, address: IpAddr) -> Result<Outcome> {
    if let Some(user) = user {
        accounts::tell_refusal(services, user, address).await?;
    }
    Ok(Outcome::Done)
}
