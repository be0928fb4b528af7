//! Who belongs to an org. Somebody belongs to one org, so an account ends with its membership. There is always an owner.

use crate::{
    access::{Access, Permission, Role},
    audit,
    clock::to_date,
    error::{Error, Kind, Result},
    services::Services,
    store::{OrgTx, TeamRow, unsigned},
};
use chrono::{DateTime, Utc};
use protocol::ids::UserId;

/// One member of an org.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub user: UserId,
    pub email: String,
    /// Somebody proved to read what is sent to the address.
    pub email_verified: bool,
    pub role: Role,
    pub joined_at: DateTime<Utc>,
}

/// All members, those who joined first before the others.
pub async fn members(services: &Services, access: &Access) -> Result<Vec<Member>> {
    access.require(Permission::ViewTeam)?;
    let rows = services.read().await?.reach(access).team().await?;
    Ok(rows.into_iter().map(view).collect())
}

/// Gives a member another role.
pub async fn set_role(services: &Services, access: &Access, user: UserId, role: Role) -> Result<()> {
    access.require(Permission::ManageTeam)?;
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    let member = org.team_member(user).await?.ok_or_else(not_found)?;
    refuse_above(access, &[member.role(), role])?;
    if member.role() == role {
        return Ok(());
    }
    let detail = format!("{}: {} instead of {}", member.email, role, member.role());
    audit::record(services, &mut org, access.actor(), "member.role_changed", &user, &detail).await?;
    org.set_member_role(user, role).await?;
    refuse_without_owner(&mut org).await?;
    Ok(tx.commit().await?)
}

/// Ends somebody's membership, and with it the account, its sessions, and the mails to its address.
pub async fn remove_member(services: &Services, access: &Access, user: UserId) -> Result<()> {
    access.require(Permission::ManageTeam)?;
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    let member = org.team_member(user).await?.ok_or_else(not_found)?;
    refuse_above(access, &[member.role()])?;
    end(services, access, &mut org, &member, "member.removed").await?;
    Ok(tx.commit().await?)
}

/// Ends the caller's own membership.
pub async fn leave(services: &Services, access: &Access) -> Result<()> {
    access.require(Permission::ViewTeam)?;
    let user = access.user().ok_or_else(not_found)?;
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    let member = org.team_member(user).await?.ok_or_else(not_found)?;
    end(services, access, &mut org, &member, "member.left").await?;
    Ok(tx.commit().await?)
}

/// The entry in the audit log comes first: it locks the org, so that two owners who leave at once see one another.
async fn end(services: &Services, access: &Access, org: &mut OrgTx<'_>, member: &TeamRow, action: &str) -> Result<()> {
    let user = member.user();
    audit::record(services, org, access.actor(), action, &user, &member.email).await?;
    org.delete_mail_addresses_of(&member.email).await?;
    org.delete_member(user).await?;
    refuse_without_owner(org).await?;
    org.system().delete_sessions_of(user).await?;
    Ok(org.system().delete_user(user).await?)
}

async fn refuse_without_owner(org: &mut OrgTx<'_>) -> Result<()> {
    if org.owner_emails().await?.is_empty() {
        return Err(Error::conflict("last_owner", "An organization needs an owner. Make somebody else one first."));
    }
    Ok(())
}

/// Only owners give or take the role of an owner.
pub(super) fn refuse_above(access: &Access, roles: &[Role]) -> Result<()> {
    if roles.contains(&Role::Owner) && access.role() != Some(Role::Owner) {
        return Err(Error::new(Kind::Forbidden, "owners_only", "Only an owner may decide about owners."));
    }
    Ok(())
}

fn view(row: TeamRow) -> Member {
    Member {
        user: row.user(),
        email_verified: row.email_verified_at.is_some(),
        role: row.role(),
        joined_at: to_date(unsigned(row.created_at)),
        email: row.email,
    }
}

fn not_found() -> Error {
    Error::not_found("member_not_found", "There is no such member.")
}
