//! Who belongs to the org: members and their roles, invitations, and one's own account.

mod api;
mod members;

use crate::{
    components::{Card, Choice, Field, FormNotice, Instant, PageHeader, Problem},
    load::load,
    note::{Form, Note},
};
use api::{Invite, LeaveTeam, ResendInvitation, SendVerification, WithdrawInvitation, load_team};
use leptos::{either::Either, prelude::*, server_fn::ServerFn};
use members::MembersCard;
use protocol::ids::{InvitationId, UserId};
use serde::{Deserialize, Serialize};

/// Who belongs to the org, and who was invited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamView {
    /// Those who joined first before the others.
    pub members: Vec<MemberView>,
    /// Newest first.
    pub invitations: Vec<InvitationView>,
    /// Roles that the person may give; none when the person may not change the team.
    pub roles: Vec<String>,
}

/// One member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberView {
    pub id: UserId,
    pub email: String,
    pub verified: bool,
    pub role: String,
    pub joined_ms: u64,
    /// The person who looks.
    pub own: bool,
    pub may_change: bool,
}

/// One invitation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationView {
    pub id: InvitationId,
    pub email: String,
    pub role: String,
    pub expires_ms: u64,
    pub expired: bool,
    pub may_change: bool,
}

#[component]
pub fn TeamPage() -> impl IntoView {
    view! {
        <PageHeader title="Team" summary="Who may work with the applications of this organization, and in what way."/>
        <FormNotice form=Form::VerifyEmail done="The address is confirmed."/>
        <Suspense>
            {Suspend::new(async move {
                match load(load_team()).await {
                    Ok(team) => Either::Left(view! { <Team team/> }),
                    Err(error) => Either::Right(view! { <Problem error/> }),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Team(team: TeamView) -> impl IntoView {
    let TeamView { members, invitations, roles } = team;
    let own = members.iter().find(|member| member.own).cloned();
    let may_invite = !roles.is_empty();
    view! {
        <MembersCard members roles=roles.clone()/>
        {(may_invite || !invitations.is_empty()).then(|| view! { <InvitationsCard invitations/> })}
        {may_invite.then(|| view! { <InviteCard roles/> })}
        {own.map(|own| view! { <OwnCard own/> })}
    }
}

#[component]
fn InvitationsCard(invitations: Vec<InvitationView>) -> impl IntoView {
    let list = if invitations.is_empty() {
        Either::Left(view! { <p class="muted">"Nobody is invited at present."</p> })
    } else {
        let rows = invitations.into_iter().map(|invitation| view! { <InvitationRow invitation/> });
        Either::Right(view! { <ul class="keys">{rows.collect_view()}</ul> })
    };
    view! {
        <Card id="invitations" title="Invitations">
            {list}
            <FormNotice form=Form::Invitations done="Done."/>
        </Card>
    }
}

#[component]
fn InvitationRow(invitation: InvitationView) -> impl IntoView {
    let InvitationView { id, email, role, expires_ms, expired, may_change } = invitation;
    let state = if expired {
        Either::Left(view! { <span class="badge badge-bad">"Expired"</span> })
    } else {
        Either::Right(view! { <span class="muted">"open until "<Instant unix_ms=expires_ms/>" UTC"</span> })
    };
    let actions = may_change.then(|| {
        view! {
            <div class="actions">
                <form method="post" action=ResendInvitation::url()>
                    <input type="hidden" name="invitation" value=id.to_string()/>
                    <button type="submit" class="button button-small">"Send again"</button>
                </form>
                <form method="post" action=WithdrawInvitation::url()>
                    <input type="hidden" name="invitation" value=id.to_string()/>
                    <button type="submit" class="button button-small">"Withdraw"</button>
                </form>
            </div>
        }
    });
    view! {
        <li class="key">
            <div><strong class="identifier">{email}</strong>" as "{role}" "{state}</div>
            {actions}
        </li>
    }
}

#[component]
fn InviteCard(roles: Vec<String>) -> impl IntoView {
    let email = Note::entered_or(Form::Invite, String::new());
    let options = roles.into_iter().map(|role| (role.clone(), role)).collect();
    view! {
        <Card id="invite" title="Invite somebody">
            <form class="form" method="post" action=Invite::url()>
                <Field id="invite-email" name="email" label="E-mail" kind="email" value=email placeholder="ben@example.com" max_length=254/>
                <Choice id="invite-role" name="role" label="Role" options value="developer".to_owned()
                    hint="Viewers look. Developers also stop recordings and share links. Admins change everything but owners. Owners change everything."/>
                <div><button type="submit" class="button button-primary">"Send the invitation"</button></div>
            </form>
            <FormNotice form=Form::Invite done="The invitation is on its way. Its link works once, for a week."/>
        </Card>
    }
}

/// What somebody can do about their own account.
#[component]
fn OwnCard(own: MemberView) -> impl IntoView {
    let address = if own.verified {
        Either::Left(view! { <p>"You sign in with "<strong>{own.email}</strong>"."</p> })
    } else {
        Either::Right(view! {
            <p>"You sign in with "<strong>{own.email}</strong>". Nobody has confirmed yet that mails to this address are read."</p>
            <form method="post" action=SendVerification::url()>
                <button type="submit" class="button">"Send a mail to confirm it"</button>
            </form>
        })
    };
    view! {
        <Card id="own" title="Your account">
            {address}
            <details class="revoke">
                <summary>"Leave this organization…"</summary>
                <p class="muted">"Your account ends at once, and you get no more mails. To come back, somebody has to invite you."</p>
                <form method="post" action=LeaveTeam::url()>
                    <button type="submit" class="button button-small button-danger">"Leave and end my account"</button>
                </form>
            </details>
            <FormNotice form=Form::OwnAccount done="A mail is on its way. Its link works for a day."/>
        </Card>
    }
}
