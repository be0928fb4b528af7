//! Setting up the first owner, signing in, and who may do what.

use crate::{Access, Error, Result, Services};
use protocol::ids::UserId;
use std::net::IpAddr;

/// Makes a fresh one-time token while no owner exists; it replaces the previous one.
pub async fn setup_token(_services: &Services) -> Result<Option<String>> {
    Err(Error::internal("pending"))
}

/// Whether this token would be accepted now; for showing the form.
pub async fn setup_token_is_valid(_services: &Services, _token: &str) -> Result<bool> {
    Err(Error::internal("pending"))
}

/// Makes the first owner with an org, a validated storage on the embedded store, and the application "Demo".
pub async fn complete_setup(_services: &Services, _token: &str, _email: &str, _password: &str, _address: IpAddr) -> Result<UserId> {
    Err(Error::internal("pending"))
}

/// Checks a password; throttled, with the same answer and work for unknown users.
pub async fn sign_in(_services: &Services, _email: &str, _password: &str, _address: IpAddr) -> Result<UserId> {
    Err(Error::internal("pending"))
}

/// What this user may do; `unauthenticated` when the user no longer belongs to an org.
pub async fn access(_services: &Services, _user: UserId) -> Result<Access> {
    Err(Error::internal("pending"))
}
