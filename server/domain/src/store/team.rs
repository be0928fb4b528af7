//! Who belongs to an org, and who was invited.

use super::{OrgTx, Text, Tx, execute, fetch_all, fetch_optional, on, signed};
use crate::access::Role;
use protocol::ids::{InvitationId, OrgId, UserId};

/// A member of one org.
#[derive(sqlx::FromRow)]
pub(crate) struct TeamRow {
    user_id: Text<UserId>,
    role: Text<Role>,
    pub email: String,
    pub email_verified_at: Option<i64>,
    pub created_at: i64,
}

impl TeamRow {
    pub(crate) fn user(&self) -> UserId {
        self.user_id.0
    }

    pub(crate) fn role(&self) -> Role {
        self.role.0
    }
}

/// An invitation of one org.
#[derive(sqlx::FromRow)]
pub(crate) struct InvitationRow {
    id: Text<InvitationId>,
    role: Text<Role>,
    pub email: String,
    pub created_at: i64,
    pub expires_at: i64,
}

impl InvitationRow {
    pub(crate) fn id(&self) -> InvitationId {
        self.id.0
    }

    pub(crate) fn role(&self) -> Role {
        self.role.0
    }
}

/// What somebody with a link is offered.
#[derive(sqlx::FromRow)]
pub(crate) struct OfferRow {
    role: Text<Role>,
    pub email: String,
    pub org_name: String,
}

impl OfferRow {
    pub(crate) fn role(&self) -> Role {
        self.role.0
    }
}

/// An invitation that was just used.
#[derive(sqlx::FromRow)]
pub(crate) struct TakenInvitation {
    org_id: Text<OrgId>,
    role: Text<Role>,
    pub email: String,
}

impl TakenInvitation {
    pub(crate) fn org(&self) -> OrgId {
        self.org_id.0
    }

    pub(crate) fn role(&self) -> Role {
        self.role.0
    }
}

/// An invitation to be made.
pub(crate) struct NewInvitation<'a> {
    pub id: InvitationId,
    pub email: &'a str,
    pub role: Role,
    pub token_hash: &'a str,
    /// What people know the inviter by.
    pub invited_by: &'a str,
    pub expires_at: u64,
    pub now: u64,
}

/// A new link for an invitation.
pub(crate) struct InvitationToken<'a> {
    pub id: InvitationId,
    pub token_hash: &'a str,
    pub expires_at: u64,
    pub now: u64,
}

impl Tx {
    pub(crate) async fn invitation_by_token(&mut self, token_hash: &str, now: u64) -> sqlx::Result<Option<OfferRow>> {
        fetch_optional!(
            self,
            OfferRow,
            "SELECT i.role, i.email, o.name AS org_name FROM invitations i JOIN orgs o ON o.id = i.org_id
             WHERE i.token_hash = $1 AND i.expires_at > $2",
            token_hash,
            signed(now),
        )
    }

    /// The invitation, for the one caller who used its link up.
    pub(crate) async fn take_invitation(
        &mut self,
        token_hash: &str,
        now: u64,
    ) -> sqlx::Result<Option<TakenInvitation>> {
        fetch_optional!(
            self,
            TakenInvitation,
            "DELETE FROM invitations WHERE token_hash = $1 AND expires_at > $2 RETURNING org_id, role, email",
            token_hash,
            signed(now),
        )
    }

    pub(crate) async fn delete_expired_invitations(&mut self, before: u64) -> sqlx::Result<u64> {
        execute!(self, "DELETE FROM invitations WHERE expires_at <= $1", signed(before))
    }
}

impl OrgTx<'_> {
    /// All members, those who joined first before the others.
    pub(crate) async fn team(&mut self) -> sqlx::Result<Vec<TeamRow>> {
        fetch_all!(
            org self,
            TeamRow,
            "SELECT m.user_id, m.role, m.created_at, u.email, u.email_verified_at
             FROM members m JOIN users u ON u.id = m.user_id WHERE m.org_id = $1 ORDER BY m.created_at, m.user_id",
        )
    }

    pub(crate) async fn team_member(&mut self, user: UserId) -> sqlx::Result<Option<TeamRow>> {
        fetch_optional!(
            org self,
            TeamRow,
            "SELECT m.user_id, m.role, m.created_at, u.email, u.email_verified_at
             FROM members m JOIN users u ON u.id = m.user_id WHERE m.org_id = $1 AND m.user_id = $2",
            Text(user),
        )
    }

    pub(crate) async fn set_member_role(&mut self, user: UserId, role: Role) -> sqlx::Result<()> {
        execute!(org self, "UPDATE members SET role = $3 WHERE org_id = $1 AND user_id = $2", Text(user), Text(role))
            .map(drop)
    }

    pub(crate) async fn delete_member(&mut self, user: UserId) -> sqlx::Result<()> {
        execute!(org self, "DELETE FROM members WHERE org_id = $1 AND user_id = $2", Text(user)).map(drop)
    }

    /// Newest first.
    pub(crate) async fn invitations(&mut self) -> sqlx::Result<Vec<InvitationRow>> {
        fetch_all!(
            org self,
            InvitationRow,
            "SELECT id, role, email, created_at, expires_at FROM invitations WHERE org_id = $1 ORDER BY id DESC",
        )
    }

    pub(crate) async fn invitation(&mut self, id: InvitationId) -> sqlx::Result<Option<InvitationRow>> {
        fetch_optional!(
            org self,
            InvitationRow,
            "SELECT id, role, email, created_at, expires_at FROM invitations WHERE org_id = $1 AND id = $2",
            Text(id),
        )
    }

    pub(crate) async fn insert_invitation(&mut self, new: &NewInvitation<'_>) -> sqlx::Result<()> {
        execute!(
            org self,
            "INSERT INTO invitations (org_id, id, email, role, token_hash, invited_by, created_at, sent_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)",
            Text(new.id),
            new.email,
            Text(new.role),
            new.token_hash,
            new.invited_by,
            signed(new.now),
            signed(new.expires_at),
        )
        .map(drop)
    }

    /// False when the link before was sent after `sent_before`.
    pub(crate) async fn renew_invitation(&mut self, new: &InvitationToken<'_>, sent_before: u64) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "UPDATE invitations SET token_hash = $3, expires_at = $4, sent_at = $5
             WHERE org_id = $1 AND id = $2 AND sent_at <= $6",
            Text(new.id),
            new.token_hash,
            signed(new.expires_at),
            signed(new.now),
            signed(sent_before),
        )?;
        Ok(rows == 1)
    }

    pub(crate) async fn delete_invitation(&mut self, id: InvitationId) -> sqlx::Result<()> {
        execute!(org self, "DELETE FROM invitations WHERE org_id = $1 AND id = $2", Text(id)).map(drop)
    }
}
