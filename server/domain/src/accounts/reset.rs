//! A new password for whoever reads the mails to an address. Asking is answered in the same way, after the same writes,
//! whether somebody has the address or not; a job finds that out.

use super::{password::NewPassword, tell, throttle};
use crate::{
    error::{Error, Kind, Result},
    jobs::{self, Work},
    mail::{self, Email, SecretLink},
    secrets::{Vault, hash_token, new_token},
    services::Services,
    store::{NewUserToken, Purpose, Tx},
};
use protocol::ids::UserId;
use std::net::IpAddr;

/// People ask when they want to sign in, so they read the mail at once.
const VALIDITY_MS: u64 = 60 * 60 * 1000;
/// Where the link leads; its token is the parameter `token`.
pub const PAGE: &str = "/reset-password";

/// Asks for a link to be sent to the address. Says nothing about whether there is an account.
pub async fn request_reset(services: &Services, email: &str, address: IpAddr) -> Result<()> {
    let email = Email::parse(email)?.as_str().to_owned();
    throttle::count(services, &throttle::mail_subjects(&email, address)).await?;
    let mut tx = services.begin().await?;
    jobs::push(services, &mut tx, &Work::RequestReset { email, address }).await?;
    Ok(tx.commit().await?)
}

/// The rest of it. Somebody without an org has nothing to sign in to.
pub(crate) async fn send_reset(services: &Services, email: &str, address: IpAddr) -> Result<()> {
    let now = services.now();
    let token = new_token(services.random()).map_err(Error::internal)?;
    let mut tx = services.begin().await?;
    let Some(user) = tx.user_by_email(email).await?.map(|user| user.id()) else { return Ok(()) };
    let Some(member) = tx.membership(user).await? else { return Ok(()) };
    replace_token(&mut tx, user, &token, now).await?;
    let link = SecretLink { recipient: email, page: PAGE, token: &token, until: now + VALIDITY_MS };
    mail::queue_reset(services, &mut tx.org(member.org()), &link).await?;
    tell(services, &mut tx, user, "user.password_reset_requested", address).await?;
    Ok(tx.commit().await?)
}

/// A link token for somebody whom no mail reaches, given out by whoever runs the installation; its use is audited like
/// any other. Code: `user_not_found`.
pub async fn operator_reset_token(vault: &Vault, email: &str) -> Result<String> {
    let email = Email::parse(email)?;
    let (now, token) = (vault.clock().unix_ms(), new_token(vault.random()).map_err(Error::internal)?);
    let mut tx = vault.begin().await?;
    let unknown = || Error::not_found("user_not_found", "Nobody signs in with this address.");
    let user = tx.user_by_email(email.as_str()).await?.ok_or_else(unknown)?.id();
    replace_token(&mut tx, user, &token, now).await?;
    tx.commit().await?;
    Ok(token)
}

/// The link before this one works no more.
async fn replace_token(tx: &mut Tx, user: UserId, token: &str, now: u64) -> Result<()> {
    let (token_hash, expires_at) = (hash_token(token), now + VALIDITY_MS);
    let new = NewUserToken { user, purpose: Purpose::ResetPassword, token_hash: &token_hash, expires_at };
    Ok(tx.replace_user_token(&new, now).await?)
}

/// Whether the link would be accepted now; for showing the form.
pub async fn reset_token_is_valid(services: &Services, token: &str) -> Result<bool> {
    let mut tx = services.read().await?;
    Ok(tx.user_token(Purpose::ResetPassword, &hash_token(token), services.now()).await?.is_some())
}

/// Sets the password, ends every session of the user, and tells the address.
pub async fn reset_password(services: &Services, token: &str, password: &str, address: IpAddr) -> Result<UserId> {
    throttle::count(services, &throttle::subjects("", address)[1..2]).await?;
    let (token_hash, now) = (hash_token(token), services.now());
    let found = services.read().await?.user_token(Purpose::ResetPassword, &token_hash, now).await?;
    let email = found.ok_or_else(used)?.email;
    let password_hash = NewPassword::parse(password, &email)?.hash(services).await?;
    let mut tx = services.begin().await?;
    let user = tx.take_user_token(Purpose::ResetPassword, &token_hash, now).await?.ok_or_else(used)?;
    tx.set_password(user, &password_hash, now).await?;
    tx.delete_sessions_of(user).await?;
    tell(services, &mut tx, user, "user.password_reset", address).await?;
    if let Some(member) = tx.membership(user).await? {
        mail::queue_password_changed(services, &mut tx.org(member.org()), &email).await?;
    }
    tx.commit().await?;
    // Whoever guessed before shall not keep the person out.
    throttle::forgive(services, &throttle::subjects(&email, address)).await?;
    Ok(user)
}

fn used() -> Error {
    let message = "This link was used or has expired. Ask for another one.";
    Error::new(Kind::Unauthenticated, "reset_link_invalid", message)
}
