//! The team: what the page shows.

use crate::{
    pages::team::{InvitationView, MemberView, TeamView},
    server::unix_ms,
};
use domain::{
    Access, Role,
    access::Permission,
    accounts::{Invitation, Member},
};

impl TeamView {
    pub fn of(members: Vec<Member>, invitations: Vec<Invitation>, access: &Access, now_ms: u64) -> Self {
        let may_give = |role: Role| {
            access.may(Permission::ManageTeam) && (role != Role::Owner || access.role() == Some(Role::Owner))
        };
        let members = members.into_iter().map(|member| MemberView {
            id: member.user,
            own: access.user() == Some(member.user),
            may_change: may_give(member.role),
            email: member.email,
            verified: member.email_verified,
            role: member.role.to_string(),
            joined_ms: unix_ms(member.joined_at.timestamp_millis()),
        });
        let invitations = invitations.into_iter().map(|invitation| {
            let expires_ms = unix_ms(invitation.expires_at.timestamp_millis());
            InvitationView {
                id: invitation.id,
                email: invitation.email,
                role: invitation.role.to_string(),
                expires_ms,
                expired: expires_ms <= now_ms,
                may_change: may_give(invitation.role),
            }
        });
        let roles = Role::ALL.iter().copied().filter(|role| may_give(*role)).map(|role| role.to_string()).collect();
        Self { members: members.collect(), invitations: invitations.collect(), roles }
    }
}
