//! Invitations to an org. The link is in a mail; it works once, for a week, and only its hash is stored.

use super::{members::refuse_above, password::NewPassword, throttle};
use crate::{
    access::{Access, Permission, Role},
    audit::{self, Actor},
    clock::to_date,
    error::{Error, Kind, Result},
    mail::{self, Email, SecretLink},
    secrets::{hash_token, new_token},
    services::Services,
    store::{InvitationRow, InvitationToken, NewInvitation, NewUser, OrgTx, unsigned, violates},
};
use chrono::{DateTime, Utc};
use protocol::ids::{InvitationId, UserId};
use std::net::IpAddr;

const MINUTE_MS: u64 = 60 * 1000;
const VALIDITY_MS: u64 = 7 * 24 * 60 * MINUTE_MS;
const MAX_INVITATIONS: usize = 100;
const PAGE: &str = "/invitation";

/// Somebody who was invited and has not come yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    pub id: InvitationId,
    pub email: String,
    pub role: Role,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// What a link offers whoever has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub org_name: String,
    pub email: String,
    pub role: Role,
}

/// All invitations that are open, newest first; expired ones stay for a while, to be sent again.
pub async fn invitations(services: &Services, access: &Access) -> Result<Vec<Invitation>> {
    access.require(Permission::ViewTeam)?;
    let rows = services.read().await?.reach(access).invitations().await?;
    Ok(rows.into_iter().map(view).collect())
}

/// Invites somebody who does not belong to the org yet.
pub async fn invite(services: &Services, access: &Access, email: &str, role: Role) -> Result<Invitation> {
    access.require(Permission::ManageTeam)?;
    refuse_above(access, &[role])?;
    let email = Email::parse(email)?;
    let (id, now) = (services.new_id(InvitationId::from_parts)?, services.now());
    let token = new_token(services.random()).map_err(Error::internal)?;
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    if org.team().await?.iter().any(|member| member.email == email.as_str()) {
        return Err(Error::conflict("already_member", "This person is a member already."));
    }
    if org.invitations().await?.len() >= MAX_INVITATIONS {
        let message = format!("At most {MAX_INVITATIONS} invitations are open at a time. Withdraw some first.");
        return Err(Error::conflict("too_many_invitations", message));
    }
    let token_hash = &hash_token(&token);
    let invited_by = access.name();
    let expires_at = now + VALIDITY_MS;
    let new = NewInvitation { id, email: email.as_str(), role, token_hash, invited_by, expires_at, now };
    org.insert_invitation(&new).await.map_err(|error| {
        if violates(&error, "invitations_email_key", "invitations.email") {
            Error::conflict("already_invited", "This person was invited already. Send that invitation again.")
                .with_source(error)
        } else {
            error.into()
        }
    })?;
    send(services, access, &mut org, (email.as_str(), role), &token).await?;
    let detail = format!("{} as {role}", email.as_str());
    audit::record(services, &mut org, access.actor(), "member.invited", &id, &detail).await?;
    let invited = org.invitation(id).await?.map(view);
    tx.commit().await?;
    invited.ok_or_else(not_found)
}

/// Sends a new link, which works for a week; the one before works no more. Not twice within a minute.
pub async fn resend_invitation(services: &Services, access: &Access, id: InvitationId) -> Result<()> {
    access.require(Permission::ManageTeam)?;
    let now = services.now();
    let token = new_token(services.random()).map_err(Error::internal)?;
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    let row = org.invitation(id).await?.ok_or_else(not_found)?;
    refuse_above(access, &[row.role()])?;
    let renewed = InvitationToken { id, token_hash: &hash_token(&token), expires_at: now + VALIDITY_MS, now };
    if !org.renew_invitation(&renewed, now.saturating_sub(MINUTE_MS)).await? {
        return Err(Error::new(Kind::Throttled, "sent_just_now", "It was sent a moment ago; wait a minute."));
    }
    send(services, access, &mut org, (&row.email, row.role()), &token).await?;
    audit::record(services, &mut org, access.actor(), "member.invited_again", &id, &row.email).await?;
    Ok(tx.commit().await?)
}

/// The link works no more.
pub async fn withdraw_invitation(services: &Services, access: &Access, id: InvitationId) -> Result<()> {
    access.require(Permission::ManageTeam)?;
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    let row = org.invitation(id).await?.ok_or_else(not_found)?;
    refuse_above(access, &[row.role()])?;
    org.delete_invitation(id).await?;
    audit::record(services, &mut org, access.actor(), "member.invitation_withdrawn", &id, &row.email).await?;
    Ok(tx.commit().await?)
}

/// What the link offers; `None` when it works no more.
pub async fn offer(services: &Services, token: &str) -> Result<Option<Offer>> {
    let found = services.read().await?.invitation_by_token(&hash_token(token), services.now()).await?;
    Ok(found.map(|row| Offer { role: row.role(), email: row.email, org_name: row.org_name }))
}

/// Makes the account of whoever has the link, with a membership. That the link arrived proves the address.
pub async fn accept_invitation(services: &Services, token: &str, password: &str, address: IpAddr) -> Result<UserId> {
    throttle::count(services, &throttle::subjects("", address)[1..2]).await?;
    let offered = offer(services, token).await?.ok_or_else(used)?;
    let password_hash = NewPassword::parse(password, &offered.email)?.hash(services).await?;
    let (user, now) = (services.new_id(UserId::from_parts)?, services.now());
    let mut tx = services.begin().await?;
    let invitation = tx.take_invitation(&hash_token(token), now).await?.ok_or_else(used)?;
    let email = invitation.email.as_str();
    let new = NewUser { id: user, email, password_hash: &password_hash, verified: true };
    tx.insert_user(&new, now).await.map_err(|error| {
        if violates(&error, "users_email_key", "users.email") {
            let message = "This address has an account in another organization. Leave that one first.";
            Error::conflict("address_has_account", message).with_source(error)
        } else {
            error.into()
        }
    })?;
    tx.insert_member(invitation.org(), user, invitation.role(), now).await?;
    let mut org = tx.org(invitation.org());
    let detail = format!("{email} as {} from {address}", invitation.role());
    audit::record(services, &mut org, Actor::User(user), "member.joined", &user, &detail).await?;
    tx.commit().await?;
    Ok(user)
}

async fn send(
    services: &Services,
    access: &Access,
    org: &mut OrgTx<'_>,
    (recipient, role): (&str, Role),
    token: &str,
) -> Result<()> {
    let link = SecretLink { recipient, page: PAGE, token, until: services.now() + VALIDITY_MS };
    mail::queue_invitation(services, org, &link, (access.name(), access.org_name()), role).await
}

fn view(row: InvitationRow) -> Invitation {
    Invitation {
        id: row.id(),
        role: row.role(),
        created_at: to_date(unsigned(row.created_at)),
        expires_at: to_date(unsigned(row.expires_at)),
        email: row.email,
    }
}

fn not_found() -> Error {
    Error::not_found("invitation_not_found", "There is no such invitation.")
}

fn used() -> Error {
    let message = "This invitation was used, withdrawn or has expired. Ask for another one.";
    Error::new(Kind::Unauthenticated, "invitation_invalid", message)
}
