//! Who belongs to an org: invitations, roles, and the end of a membership.

use crate::support::{EMAIL, HERE, World, on_both};
use domain::{
    Access, Role, accounts, audit,
    error::Kind,
    mail,
    session_store::{self, StoredSession},
};

/// The link's token in the newest mail that only its reader may see.
pub async fn token(world: &World, owner: &Access) -> String {
    world.run_jobs().await;
    let mails = mail::list(&world.services, owner).await.unwrap();
    // What follows is newer.
    world.advance(1);
    let text = mails.into_iter().find(|mail| mail.text.contains("token=")).expect("a mail with a link").text;
    text.split("token=").nth(1).unwrap().split_whitespace().next().unwrap().to_owned()
}

/// Whoever was invited last comes.
pub async fn join(world: &World, owner: &Access, email: &str) -> Access {
    let token = token(world, owner).await;
    let user = accounts::accept_invitation(&world.services, &token, "zebra-lamp-41", HERE).await.unwrap();
    let access = accounts::access(&world.services, user).await.unwrap();
    assert_eq!(access.name(), email);
    access
}

/// Somebody new with this role.
async fn member(world: &World, owner: &Access, email: &str, role: Role) -> Access {
    accounts::invite(&world.services, owner, email, role).await.unwrap();
    join(world, owner, email).await
}

fn code<T: std::fmt::Debug>(result: domain::Result<T>) -> &'static str {
    result.unwrap_err().code()
}

on_both! {
    async fn an_invitation_makes_a_member_once(world: World) {
        let services = &world.services;
        let owner = world.owner().await;
        let invited = accounts::invite(services, &owner, "Ben@Example.com", Role::Developer).await.unwrap();
        assert_eq!((invited.email.as_str(), invited.role), ("ben@example.com", Role::Developer));
        assert_eq!(code(accounts::invite(services, &owner, "ben@example.com", Role::Viewer).await), "already_invited");
        assert_eq!(code(accounts::invite(services, &owner, EMAIL, Role::Viewer).await), "already_member");
        assert_eq!(code(accounts::invite(services, &owner, "ben", Role::Viewer).await), "email_invalid");

        let token = token(&world, &owner).await;
        let offer = accounts::offer(services, &token).await.unwrap().unwrap();
        assert_eq!((offer.email.as_str(), offer.role, offer.org_name.as_str()), ("ben@example.com", Role::Developer, owner.org_name()));
        let accept = async |password: &str| accounts::accept_invitation(services, &token, password, HERE).await;
        assert_eq!(code(accept("password1").await), "password_too_common");
        let both = tokio::join!(accept("zebra-lamp-41"), accept("zebra-lamp-41"));
        assert_eq!([both.0.is_ok(), both.1.is_ok()].iter().filter(|won| **won).count(), 1);
        assert_eq!(code(accept("zebra-lamp-41").await), "invitation_invalid");
        assert_eq!(accounts::offer(services, &token).await.unwrap(), None);

        let user = accounts::sign_in(services, "ben@example.com", "zebra-lamp-41", HERE).await.unwrap();
        let ben = accounts::access(services, user).await.unwrap();
        assert_eq!((ben.org(), ben.role()), (owner.org(), Some(Role::Developer)));
        let members = accounts::members(services, &ben).await.unwrap();
        let seen: Vec<_> = members.iter().map(|one| (one.email.as_str(), one.role, one.email_verified)).collect();
        assert_eq!(seen, [(EMAIL, Role::Owner, false), ("ben@example.com", Role::Developer, true)]);
        assert!(accounts::invitations(services, &owner).await.unwrap().is_empty());
        let actions: Vec<_> = audit::list(services, &owner).await.unwrap().into_iter().map(|entry| entry.action).collect();
        assert!(actions.contains(&"member.invited".to_owned()) && actions.contains(&"member.joined".to_owned()), "{actions:?}");
    }
}

on_both! {
    async fn an_invitation_ends_when_it_is_renewed_withdrawn_or_old(world: World) {
        let services = &world.services;
        let owner = world.owner().await;
        let invited = accounts::invite(services, &owner, "ben@example.com", Role::Viewer).await.unwrap();
        let first = token(&world, &owner).await;
        assert_eq!(code(accounts::resend_invitation(services, &owner, invited.id).await), "sent_just_now");
        world.advance(60);
        accounts::resend_invitation(services, &owner, invited.id).await.unwrap();
        let second = token(&world, &owner).await;
        let valid = async |token: &str| accounts::offer(services, token).await.unwrap().is_some();
        assert_eq!((valid(&first).await, valid(&second).await), (false, true));
        world.advance(7 * 24 * 3600);
        assert!(!valid(&second).await);
        assert_eq!(code(accounts::accept_invitation(services, &second, "zebra-lamp-41", HERE).await), "invitation_invalid");
        assert_eq!(accounts::invitations(services, &owner).await.unwrap().len(), 1, "it can still be sent again");
        accounts::resend_invitation(services, &owner, invited.id).await.unwrap();
        let third = token(&world, &owner).await;
        assert!(valid(&third).await);
        accounts::withdraw_invitation(services, &owner, invited.id).await.unwrap();
        assert!(!valid(&third).await);
        assert_eq!(code(accounts::withdraw_invitation(services, &owner, invited.id).await), "invitation_not_found");
    }
}

on_both! {
    async fn only_owners_decide_about_owners(world: World) {
        let services = &world.services;
        let owner = world.owner().await;
        let admin = member(&world, &owner, "admin@example.com", Role::Admin).await;
        let viewer = member(&world, &owner, "viewer@example.com", Role::Viewer).await;
        let (owner_id, viewer_id) = (owner.user().unwrap(), viewer.user().unwrap());
        assert_eq!(code(accounts::invite(services, &admin, "x@example.com", Role::Owner).await), "owners_only");
        assert_eq!(code(accounts::set_role(services, &admin, viewer_id, Role::Owner).await), "owners_only");
        assert_eq!(code(accounts::set_role(services, &admin, owner_id, Role::Viewer).await), "owners_only");
        assert_eq!(code(accounts::remove_member(services, &admin, owner_id).await), "owners_only");
        let invited = accounts::invite(services, &owner, "boss@example.com", Role::Owner).await.unwrap();
        assert_eq!(code(accounts::withdraw_invitation(services, &admin, invited.id).await), "owners_only");
        assert_eq!(code(accounts::resend_invitation(services, &admin, invited.id).await), "owners_only");
        for result in [
            accounts::set_role(services, &viewer, viewer_id, Role::Admin).await,
            accounts::remove_member(services, &viewer, admin.user().unwrap()).await,
            accounts::invite(services, &viewer, "x@example.com", Role::Viewer).await.map(drop),
        ] {
            assert_eq!(code(result), "role_not_sufficient");
        }
        accounts::set_role(services, &admin, viewer_id, Role::Developer).await.unwrap();
        let access = accounts::access(services, viewer_id).await.unwrap();
        assert_eq!(access.role(), Some(Role::Developer), "at once");
    }
}

on_both! {
    async fn an_org_keeps_an_owner_whatever_happens_at_once(world: World) {
        let services = &world.services;
        let owner = world.owner().await;
        let id = owner.user().unwrap();
        assert_eq!(code(accounts::leave(services, &owner).await), "last_owner");
        assert_eq!(code(accounts::remove_member(services, &owner, id).await), "last_owner");
        assert_eq!(code(accounts::set_role(services, &owner, id, Role::Viewer).await), "last_owner");
        let second = member(&world, &owner, "second@example.com", Role::Owner).await;
        let both = tokio::join!(accounts::leave(services, &owner), accounts::leave(services, &second));
        assert_eq!([both.0.is_ok(), both.1.is_ok()].iter().filter(|left| **left).count(), 1);
        let stayed = if both.0.is_ok() { second } else { owner };
        let members = accounts::members(services, &stayed).await.unwrap();
        assert_eq!((members.len(), members[0].role), (1, Role::Owner));
        assert!(audit::verify(services, &stayed).await.unwrap());
    }
}

on_both! {
    async fn a_membership_ends_with_everything_that_came_with_it(world: World) {
        let services = &world.services;
        let owner = world.owner().await;
        let ben = member(&world, &owner, "ben@example.com", Role::Admin).await;
        let user = ben.user().unwrap();
        let expires_at = world.clock.now() + chrono::TimeDelta::hours(1);
        let session = StoredSession { user: Some(user), data: "{}".into(), expires_at };
        session_store::create(services, "bens", &session).await.unwrap();
        accounts::remove_member(services, &owner, user).await.unwrap();
        assert!(session_store::load(services, "bens").await.unwrap().is_none());
        assert_eq!(accounts::access(services, user).await.unwrap_err().kind(), Kind::Unauthenticated);
        let refused = accounts::sign_in(services, "ben@example.com", "zebra-lamp-41", HERE).await.unwrap_err();
        assert_eq!(refused.code(), "wrong_credentials");
        // Who comes back begins anew.
        let again = member(&world, &owner, "ben@example.com", Role::Viewer).await;
        assert_ne!(again.user(), Some(user));
    }
}

on_both! {
    async fn another_orgs_team_is_not_there(world: World) {
        let services = &world.services;
        let owner = world.owner().await;
        let invited = accounts::invite(services, &owner, "ben@example.com", Role::Viewer).await.unwrap();
        let token = token(&world, &owner).await;
        let stranger = world.stranger().await;
        let id = owner.user().unwrap();
        assert_eq!(accounts::members(services, &stranger).await.unwrap().len(), 1);
        assert!(accounts::invitations(services, &stranger).await.unwrap().is_empty());
        for kind in [
            accounts::set_role(services, &stranger, id, Role::Viewer).await.unwrap_err().kind(),
            accounts::remove_member(services, &stranger, id).await.unwrap_err().kind(),
            accounts::resend_invitation(services, &stranger, invited.id).await.unwrap_err().kind(),
            accounts::withdraw_invitation(services, &stranger, invited.id).await.unwrap_err().kind(),
        ] {
            assert_eq!(kind, Kind::NotFound);
        }
        // An address that has an account elsewhere is not told to whoever invites it, only to whoever reads its mails.
        accounts::withdraw_invitation(services, &owner, invited.id).await.unwrap();
        accounts::invite(services, &owner, "other@example.com", Role::Viewer).await.unwrap();
        assert_eq!(code(accounts::accept_invitation(services, &token, "zebra-lamp-41", HERE).await), "invitation_invalid");
        let link = self::token(&world, &owner).await;
        assert_eq!(code(accounts::accept_invitation(services, &link, "zebra-lamp-41", HERE).await), "address_has_account");
    }
}
