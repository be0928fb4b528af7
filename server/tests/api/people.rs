//! Invitations, forgotten passwords and confirmed addresses, by the real forms and without JavaScript.

use crate::{
    on_both_databases,
    support::{
        Browser, TestServer,
        server::{EMAIL, PASSWORD, sign_in},
        soon,
    },
};
use domain::{Access, mail};

const COOKIE: &str = "__Host-mixdown";
const BEN: &str = "ben@example.com";
const NEW: &str = "seven purple anvils";

/// The newest link to this page that a mail holds, once it is there.
async fn link(server: &TestServer, owner: &Access, page: &str) -> String {
    let beginning = format!("{}{page}?token=", server.plane.public_url.as_str().trim_end_matches('/'));
    let find = || async {
        let mails = mail::list(server.services(), owner).await.unwrap();
        mails.iter().find_map(|mail| {
            let start = mail.text.find(&beginning)?;
            let token = mail.text[start + beginning.len()..].split_whitespace().next()?;
            Some(format!("{page}?token={token}"))
        })
    };
    let mut changed = server.services().jobs_changed();
    soon("a mail with a link", async {
        loop {
            changed.mark_unchanged();
            if let Some(link) = find().await {
                return link;
            }
            changed.changed().await.unwrap();
        }
    })
    .await
}

async fn set_password(browser: &Browser, path: &str, form: &str) -> Option<String> {
    browser.submit(path, form, &[("password", NEW), ("repeated", NEW)]).await.location()
}

on_both_databases! {
    async fn somebody_is_invited_joins_and_works_in_their_role(server) {
        let owner = server.owner().await;
        let anna = server.browser();
        sign_in(&anna).await;
        anna.submit("/account/team", "console/invite", &[("email", BEN), ("role", "viewer")]).await;
        let team = anna.visit("/account/team").await.text;
        assert!(team.contains(BEN) && team.contains("on its way"), "{team}");

        let ben = server.browser();
        let path = link(&server, &owner, "/invitation").await;
        assert!(ben.visit(&path).await.text.contains(BEN));
        ben.submit(&path, "accept-invitation", &[("password", NEW), ("repeated", PASSWORD)]).await;
        assert!(ben.visit(&path).await.text.contains("not the same"));
        assert_eq!(set_password(&ben, &path, "accept-invitation").await.as_deref(), Some("/applications"));
        assert!(ben.visit("/applications").await.text.contains("Demo"));
        assert!(ben.visit(&path).await.text.contains("was used"));
        let seen = ben.visit("/account/team").await.text;
        assert!(seen.contains(EMAIL) && !seen.contains("console/invite") && !seen.contains("remove-member"), "{seen}");
        let secret = ben.visit("/account/outbox").await.text;
        assert!(secret.contains("only its reader may see") && !secret.contains("token="), "{secret}");

        let members = domain::accounts::members(server.services(), &owner).await.unwrap();
        let id = members.iter().find(|member| member.email == BEN).unwrap().user.to_string();
        let change = |role: &str| vec![("member".to_owned(), id.clone()), ("role".to_owned(), role.to_owned())];
        ben.post_form("/account/team", "/api/console/set-role", &change("owner")).await;
        assert!(ben.visit("/account/team").await.text.contains("Your role in this organization does not allow this."));
        anna.post_form("/account/team", "/api/console/set-role", &change("admin")).await;
        assert!(ben.visit("/account/team").await.text.contains("console/invite"));
        anna.post_form("/account/team", "/api/console/remove-member", &change("")).await;
        assert!(!ben.visit("/applications").await.text.contains("Demo"));
    }

    async fn a_forgotten_password_is_replaced_and_every_session_ends(server) {
        let owner = server.owner().await;
        let before = server.browser();
        sign_in(&before).await;
        let cookie = before.cookie(COOKIE).unwrap();

        let anna = server.browser();
        let mut answers = Vec::new();
        for email in ["nobody@example.com", EMAIL] {
            let answer = anna.submit("/forgot-password", "forgot-password", &[("email", email)]).await;
            answers.push((answer.status, answer.location(), anna.visit("/forgot-password").await.text.len()));
        }
        assert_eq!(answers[0], answers[1], "nobody learns who has an account");
        let path = link(&server, &owner, "/reset-password").await;
        assert_eq!(set_password(&anna, &path, "reset-password").await.as_deref(), Some("/sign-in"));
        assert!(anna.visit("/sign-in").await.text.contains("The new password is set"));
        assert!(anna.visit(&path).await.text.contains("was used or has expired"));

        let thief = server.browser();
        thief.set_cookie(COOKIE, &cookie);
        assert!(!thief.visit("/applications").await.text.contains("Demo"));
        let old = server.browser().submit("/sign-in", "sign-in", &[("email", EMAIL), ("password", PASSWORD)]).await;
        assert_eq!(old.location().as_deref(), Some("/sign-in"));
        let new = server.browser().submit("/sign-in", "sign-in", &[("email", EMAIL), ("password", NEW)]).await;
        assert_eq!(new.location().as_deref(), Some("/applications"));
    }

    async fn whoever_runs_the_server_lets_an_owner_without_mail_back_in(server) {
        server.owner().await;
        let (code, said) = server.command(&["reset-password", "eve@example.com"]).await;
        assert_eq!((code, said.contains("Nobody signs in with this address.")), (Some(2), true), "{said}");
        let (code, said) = server.command(&["reset-password", EMAIL, "--public-url", "https://calls.example"]).await;
        assert_eq!(code, Some(0), "{said}");
        let path = said.trim().strip_prefix("https://calls.example").expect("a link");
        let anna = server.browser();
        assert_eq!(set_password(&anna, path, "reset-password").await.as_deref(), Some("/sign-in"));
        let entered = anna.submit("/sign-in", "sign-in", &[("email", EMAIL), ("password", NEW)]).await;
        assert_eq!(entered.location().as_deref(), Some("/applications"));
    }

    async fn an_address_is_confirmed_by_a_button_and_not_by_looking(server) {
        let owner = server.owner().await;
        let anna = server.browser();
        sign_in(&anna).await;
        anna.submit("/account/team", "send-verification", &[]).await;
        let path = link(&server, &owner, "/verify-email").await;
        server.browser().visit(&path).await;
        assert!(anna.visit("/account/team").await.text.contains("Nobody has confirmed"));
        let done = anna.submit(&path, "verify-email", &[]).await;
        assert_eq!(done.location().as_deref(), Some("/account/team"), "{done:?}");
        let team = anna.visit("/account/team").await.text;
        assert!(team.contains("The address is confirmed.") && !team.contains("Nobody has confirmed"), "{team}");
    }

    async fn the_last_owner_cannot_leave_and_others_can(server) {
        let owner = server.owner().await;
        let anna = server.browser();
        sign_in(&anna).await;
        anna.submit("/account/team", "leave-team", &[]).await;
        assert!(anna.visit("/account/team").await.text.contains("needs an owner"));
        anna.submit("/account/team", "console/invite", &[("email", BEN), ("role", "owner")]).await;
        let ben = server.browser();
        set_password(&ben, &link(&server, &owner, "/invitation").await, "accept-invitation").await;
        let left = anna.submit("/account/team", "leave-team", &[]).await;
        assert_eq!(left.location().as_deref(), Some("/sign-in"));
        assert!(!anna.visit("/applications").await.text.contains("Demo"));
        assert!(ben.visit("/applications").await.text.contains("Demo"));
    }
}
