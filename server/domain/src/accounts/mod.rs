//! Setting up the first owner, signing in, who may do what, and who belongs to an org.

mod invitations;
mod members;
mod password;
mod reset;
mod setup;
mod throttle;
mod verification;

pub use invitations::{
    Invitation, Offer, accept_invitation, invitations, invite, offer, resend_invitation, withdraw_invitation,
};
pub use members::{Member, leave, members, remove_member, set_role};
pub(crate) use reset::send_reset;
pub use reset::{PAGE as RESET_PAGE, operator_reset_token, request_reset, reset_password, reset_token_is_valid};
pub use setup::{complete_setup, setup_token, setup_token_is_valid};
pub use verification::{confirm_email, request_verification, verification_token_is_valid};

use crate::{
    access::Access,
    audit::{self, Actor},
    error::{Error, Kind, Result},
    jobs::{self, Work},
    mail::Email,
    services::Services,
    store::Tx,
};
use protocol::ids::UserId;
use std::net::IpAddr;

/// Checks a password; throttled, with the same answer, work and writes for unknown users.
pub async fn sign_in(services: &Services, email: &str, password: &str, address: IpAddr) -> Result<UserId> {
    let wrong =
        || Error::new(Kind::Unauthenticated, "wrong_credentials", "The e-mail address or the password is wrong.");
    // Text that cannot be an address is an unknown user like any other.
    let email = Email::parse(email).ok();
    let shown = email.as_ref().map_or("", Email::as_str);
    let subjects = throttle::subjects(shown, address);
    throttle::count(services, &subjects).await?;
    let user = services.read().await?.user_by_email(shown).await?;
    let hash = user.as_ref().map(|user| user.password_hash.clone());
    let known = password::verify(services, password, hash).await?;
    let mut tx = services.begin().await?;
    match user {
        Some(user) if known => {
            tell(services, &mut tx, user.id(), "user.signed_in", address).await?;
            tx.commit().await?;
            throttle::forgive(services, &subjects).await?;
            Ok(user.id())
        }
        user => {
            let user = user.map(|user| user.id());
            jobs::push(services, &mut tx, &Work::TellRefusal { user, address }).await?;
            tx.commit().await?;
            Err(wrong())
        }
    }
}

/// The rest of a sign-in that was refused.
pub(crate) async fn tell_refusal(services: &Services, user: UserId, address: IpAddr) -> Result<()> {
    let mut tx = services.begin().await?;
    tell(services, &mut tx, user, "user.sign_in_refused", address).await?;
    Ok(tx.commit().await?)
}

/// What this user may do; unauthenticated when the user no longer belongs to an org.
pub async fn access(services: &Services, user: UserId) -> Result<Access> {
    let member = services.read().await?.membership(user).await?;
    let member = member.ok_or_else(|| Error::new(Kind::Unauthenticated, "not_a_member", "Sign in again."))?;
    let (org, role) = (member.org(), member.role());
    Ok(Access::of_member(user, member.email, org, member.org_name, role))
}

/// Puts something about a user into the audit log of the org the user works in.
async fn tell(services: &Services, tx: &mut Tx, user: UserId, action: &str, address: IpAddr) -> Result<()> {
    if let Some(member) = tx.membership(user).await? {
        let mut org = tx.org(member.org());
        audit::record(services, &mut org, Actor::User(user), action, &user, &address.to_string()).await?;
    }
    Ok(())
}
