use super::TeamView;
use crate::error::ConsoleError;
use leptos::prelude::*;
use protocol::ids::{InvitationId, UserId};

/// Who belongs to the org, and who was invited.
#[server(prefix = "/api/console", endpoint = "team")]
pub async fn load_team() -> Result<TeamView, ConsoleError> {
    use crate::server;
    let (services, access) = server::access().await?;
    let members = domain::accounts::members(&services, &access).await.map_err(server::failure)?;
    let invitations = domain::accounts::invitations(&services, &access).await.map_err(server::failure)?;
    Ok(TeamView::of(members, invitations, &access, services.clock().unix_ms()))
}

/// Sends somebody an invitation.
#[server(prefix = "/api/console", endpoint = "invite")]
pub async fn invite(email: String, role: String) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let (services, access) = server::access().await?;
    let invited = match server::parse_id(&role) {
        Ok(role) => domain::accounts::invite(&services, &access, &email, role).await.map_err(server::failure),
        Err(error) => Err(error),
    };
    server::answer(Form::Invite, &email, invited.map(drop))
}

/// Sends an invitation again.
#[server(prefix = "/api/console", endpoint = "resend-invitation")]
pub async fn resend_invitation(invitation: InvitationId) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let (services, access) = server::access().await?;
    let sent = domain::accounts::resend_invitation(&services, &access, invitation).await;
    server::answer(Form::Invitations, "", sent.map_err(server::failure))
}

/// Takes an invitation back.
#[server(prefix = "/api/console", endpoint = "withdraw-invitation")]
pub async fn withdraw_invitation(invitation: InvitationId) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let (services, access) = server::access().await?;
    let withdrawn = domain::accounts::withdraw_invitation(&services, &access, invitation).await;
    server::answer(Form::Invitations, "", withdrawn.map_err(server::failure))
}

/// Gives a member another role.
#[server(prefix = "/api/console", endpoint = "set-role")]
pub async fn set_role(member: UserId, role: String) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let (services, access) = server::access().await?;
    let changed = match server::parse_id(&role) {
        Ok(role) => domain::accounts::set_role(&services, &access, member, role).await.map_err(server::failure),
        Err(error) => Err(error),
    };
    server::answer(Form::Members, "", changed)
}

/// Ends somebody's membership.
#[server(prefix = "/api/console", endpoint = "remove-member")]
pub async fn remove_member(member: UserId) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let (services, access) = server::access().await?;
    let removed = domain::accounts::remove_member(&services, &access, member).await;
    server::answer(Form::Members, "", removed.map_err(server::failure))
}

/// Ends one's own membership and with it the session.
#[server(prefix = "/api/console", endpoint = "leave-team")]
pub async fn leave_team() -> Result<(), ConsoleError> {
    use crate::{note::Form, paths, server};
    let (services, access) = server::access().await?;
    match domain::accounts::leave(&services, &access).await.map_err(server::failure) {
        Ok(()) => {
            server::end_session().await?;
            server::redirect(paths::SIGN_IN);
            Ok(())
        }
        Err(error) => server::answer(Form::OwnAccount, "", Err(error)),
    }
}

/// Sends a link that confirms one's own address.
#[server(prefix = "/api/console", endpoint = "send-verification")]
pub async fn send_verification() -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let address = server::request()?.address;
    let (services, access) = server::access().await?;
    let sent = domain::accounts::request_verification(&services, &access, address).await;
    server::answer(Form::OwnAccount, "", sent.map_err(server::failure))
}
