//! Proof that somebody reads what is sent to the address of an account.

use super::throttle;
use crate::{
    access::Access,
    audit::{self, Actor},
    error::{Error, Kind, Result},
    mail::{self, SecretLink},
    secrets::{hash_token, new_token},
    services::Services,
    store::{NewUserToken, OrgTx, Purpose},
};
use protocol::ids::UserId;
use std::net::IpAddr;

const VALIDITY_MS: u64 = 24 * 60 * 60 * 1000;
const PAGE: &str = "/verify-email";

/// Sends the caller a link; nothing when the address was confirmed before.
pub async fn request_verification(services: &Services, access: &Access, address: IpAddr) -> Result<()> {
    let Some(user) = access.user() else { return Err(people_only()) };
    throttle::count(services, &throttle::mail_subjects(access.name(), address)).await?;
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    let member = org.team_member(user).await?.ok_or_else(people_only)?;
    if member.email_verified_at.is_none() {
        queue(services, &mut org, user, &member.email).await?;
    }
    Ok(tx.commit().await?)
}

/// A fresh link for a member of the org; the one before works no more.
pub(super) async fn queue(services: &Services, org: &mut OrgTx<'_>, user: UserId, email: &str) -> Result<()> {
    let (token, now) = (new_token(services.random()).map_err(Error::internal)?, services.now());
    let until = now + VALIDITY_MS;
    let new = NewUserToken { user, purpose: Purpose::VerifyEmail, token_hash: &hash_token(&token), expires_at: until };
    org.system().replace_user_token(&new, now).await?;
    let link = SecretLink { recipient: email, page: PAGE, token: &token, until };
    mail::queue_verification(services, org, &link).await
}

/// Whether the link would be accepted now; for showing the button.
pub async fn verification_token_is_valid(services: &Services, token: &str) -> Result<bool> {
    let mut tx = services.read().await?;
    Ok(tx.user_token(Purpose::VerifyEmail, &hash_token(token), services.now()).await?.is_some())
}

/// Uses the link up.
pub async fn confirm_email(services: &Services, token: &str) -> Result<()> {
    let now = services.now();
    let mut tx = services.begin().await?;
    let user = tx.take_user_token(Purpose::VerifyEmail, &hash_token(token), now).await?.ok_or_else(used)?;
    tx.set_email_verified(user, now).await?;
    if let Some(member) = tx.membership(user).await? {
        let mut org = tx.org(member.org());
        audit::record(services, &mut org, Actor::User(user), "user.email_verified", &user, &member.email).await?;
    }
    Ok(tx.commit().await?)
}

fn people_only() -> Error {
    Error::new(Kind::Forbidden, "people_only", "Only a signed-in member may do this, no API key.")
}

fn used() -> Error {
    let message = "This link was used or has expired. Sign in and ask for another one.";
    Error::new(Kind::Unauthenticated, "verification_link_invalid", message)
}
