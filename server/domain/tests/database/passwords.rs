//! A new password by mail, and the proof that somebody reads an address.

use crate::{
    support::{EMAIL, HERE, PASSWORD, World, on_both},
    team::token,
};
use domain::{
    accounts, audit,
    error::Kind,
    mail,
    session_store::{self, StoredSession},
};
use std::collections::BTreeMap;

const NEW: &str = "seven purple anvils";

/// How many values each column holds.
async fn rows(world: &World) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for (column, _) in world.cells().await {
        *counts.entry(column).or_default() += 1;
    }
    counts
}

on_both! {
    async fn a_link_sets_a_password_once_and_ends_every_session(world: World) {
        let services = &world.services;
        let owner = world.owner().await;
        let expires_at = world.clock.now() + chrono::TimeDelta::hours(10);
        let session = StoredSession { user: owner.user(), data: "{}".into(), expires_at };
        session_store::create(services, "stolen", &session).await.unwrap();

        accounts::request_reset(services, " Anna@Example.com ", HERE).await.unwrap();
        let link = token(&world, &owner).await;
        assert!(accounts::reset_token_is_valid(services, &link).await.unwrap());
        let weak = accounts::reset_password(services, &link, "password1", HERE).await.unwrap_err();
        assert_eq!(weak.code(), "password_too_common");
        let both = tokio::join!(
            accounts::reset_password(services, &link, NEW, HERE),
            accounts::reset_password(services, &link, NEW, HERE),
        );
        assert_eq!([both.0.is_ok(), both.1.is_ok()].iter().filter(|won| **won).count(), 1);
        assert!(!accounts::reset_token_is_valid(services, &link).await.unwrap());

        assert!(session_store::load(services, "stolen").await.unwrap().is_none());
        assert!(accounts::sign_in(services, EMAIL, PASSWORD, HERE).await.is_err());
        assert_eq!(accounts::sign_in(services, EMAIL, NEW, HERE).await.ok(), owner.user());
        let newest = mail::list(services, &owner).await.unwrap().remove(0);
        assert_eq!((newest.recipient.as_str(), newest.subject.as_str()), (EMAIL, "Your password was changed"));
        assert!(accounts::members(services, &owner).await.unwrap()[0].email_verified, "the mail was read");
        let actions: Vec<_> = audit::list(services, &owner).await.unwrap().into_iter().map(|entry| entry.action).collect();
        assert!(actions.contains(&"user.password_reset".to_owned()), "{actions:?}");
    }
}

on_both! {
    async fn a_link_works_for_an_hour_and_the_newest_only(world: World) {
        let services = &world.services;
        let owner = world.owner().await;
        accounts::request_reset(services, EMAIL, HERE).await.unwrap();
        let first = token(&world, &owner).await;
        world.advance(60);
        accounts::request_reset(services, EMAIL, HERE).await.unwrap();
        let second = token(&world, &owner).await;
        assert_eq!(accounts::reset_password(services, &first, NEW, HERE).await.unwrap_err().code(), "reset_link_invalid");
        world.advance(3600);
        assert_eq!(accounts::reset_password(services, &second, NEW, HERE).await.unwrap_err().kind(), Kind::Unauthenticated);
        accounts::sign_in(services, EMAIL, PASSWORD, HERE).await.expect("the password stays as it was");
    }
}

on_both! {
    async fn asking_tells_nobody_who_has_an_account(world: World) {
        let owner = world.owner().await;
        let mut written = Vec::new();
        for email in [EMAIL, "nobody@example.com"] {
            let before = rows(&world).await;
            accounts::request_reset(&world.services, email, HERE).await.unwrap();
            let after = rows(&world).await;
            written.push(after.iter().map(|(column, count)| (column.clone(), count - before.get(column).unwrap_or(&0))).collect());
            // The count of the network is one row for both.
            world.execute("DELETE FROM sign_in_failures").await.unwrap();
        }
        let [known, unknown]: [BTreeMap<String, usize>; 2] = written.try_into().unwrap();
        assert_eq!(known, unknown);
        world.run_jobs().await;
        let mails = mail::list(&world.services, &owner).await.unwrap();
        assert_eq!((mails.len(), mails[0].recipient.as_str()), (1, EMAIL));
    }
}

on_both! {
    async fn nobody_is_flooded_with_mails(world: World) {
        world.owner().await;
        let ask = async |email: &str, address: &str| {
            accounts::request_reset(&world.services, email, address.parse().unwrap()).await.map_err(|error| error.kind())
        };
        for email in [EMAIL, "nobody@example.com"] {
            for number in 1..=4 {
                assert_eq!(ask(email, &format!("192.0.2.{number}")).await, Ok(()));
            }
            assert_eq!(ask(email, "192.0.2.5").await, Err(Kind::Throttled), "the same for everybody");
        }
        accounts::sign_in(&world.services, EMAIL, PASSWORD, HERE).await.expect("signing in goes on");
        assert_eq!(ask("not an address", "192.0.2.6").await, Err(Kind::Invalid));
    }
}

on_both! {
    async fn an_address_is_confirmed_by_its_link(world: World) {
        let services = &world.services;
        let owner = world.owner().await;
        let verified = async || accounts::members(services, &owner).await.unwrap()[0].email_verified;
        assert!(!verified().await);
        accounts::request_verification(services, &owner, HERE).await.unwrap();
        let link = token(&world, &owner).await;
        assert!(accounts::verification_token_is_valid(services, &link).await.unwrap());
        assert!(!accounts::reset_token_is_valid(services, &link).await.unwrap(), "each link is for one thing");
        assert!(!verified().await, "looking changes nothing");
        accounts::confirm_email(services, &link).await.unwrap();
        assert!(verified().await);
        assert_eq!(accounts::confirm_email(services, &link).await.unwrap_err().code(), "verification_link_invalid");
        let sent = mail::list(services, &owner).await.unwrap().len();
        accounts::request_verification(services, &owner, HERE).await.unwrap();
        assert_eq!(mail::list(services, &owner).await.unwrap().len(), sent, "nothing is left to confirm");
    }
}
