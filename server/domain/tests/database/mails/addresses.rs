//! Whom mails about an application go to, and how somebody puts an end to them.

use super::{MailServer, fail_recording, owner_with};
use crate::support::{EMAIL, on_both};
use domain::{Role, accounts, audit, error::Kind, mail};

fn emails(addresses: &[mail::MailAddress]) -> Vec<&str> {
    addresses.iter().map(|address| address.email.as_str()).collect()
}

on_both! {
    async fn a_list_begins_with_the_owner_and_is_kept_by_admins(world: World) {
        let services = &world.services;
        let owner = world.owner().await;
        let demo = world.demo(&owner).await.id;
        let list = async || mail::addresses(services, &owner, demo).await.unwrap();
        assert_eq!(emails(&list().await), [EMAIL]);
        let added = mail::add_address(services, &owner, demo, " Team@Example.com ").await.unwrap();
        assert_eq!(emails(&list().await), [EMAIL, "team@example.com"]);
        let twice = mail::add_address(services, &owner, demo, "team@example.com").await.unwrap_err();
        assert_eq!(twice.code(), "address_known");
        for text in ["nobody", "a@b\r\nBcc: c@example.com", "<a@b.example>", ""] {
            assert_eq!(mail::add_address(services, &owner, demo, text).await.unwrap_err().kind(), Kind::Invalid, "{text:?}");
        }
        let stranger = world.stranger().await;
        assert_eq!(mail::addresses(services, &stranger, demo).await.unwrap_err().kind(), Kind::NotFound);
        assert_eq!(mail::add_address(services, &stranger, demo, "x@y.example").await.unwrap_err().kind(), Kind::NotFound);
        let theirs = mail::remove_address(services, &stranger, demo, added.id).await.unwrap_err();
        assert_eq!(theirs.kind(), Kind::NotFound);
        mail::remove_address(services, &owner, demo, added.id).await.unwrap();
        assert_eq!(emails(&list().await), [EMAIL]);
        for number in 1..50 {
            mail::add_address(services, &owner, demo, &format!("n{number}@example.com")).await.unwrap();
        }
        assert_eq!(mail::add_address(services, &owner, demo, "n50@example.com").await.unwrap_err().code(), "too_many_addresses");
    }
}

on_both! {
    async fn everyone_on_the_list_is_told_and_can_end_it(world: World) {
        let mut world = world;
        let server = MailServer::plain();
        let owner = owner_with(&mut world, &server).await;
        let services = &world.services;
        let demo = world.demo(&owner).await.id;
        mail::add_address(services, &owner, demo, "team@example.com").await.unwrap();
        let node = world.node().await;
        let application = world.demo(&owner).await;
        world.recorded(&node, &application, "Team call").await;
        let mut arrived = server.mails().split_off(1);
        arrived.sort_by_key(|mail| mail.to.clone());
        assert_eq!(arrived.iter().map(|mail| mail.to[0].as_str()).collect::<Vec<_>>(), [EMAIL, "team@example.com"]);
        let theirs = &arrived[1];
        assert!(theirs.text.contains("/r/") && theirs.html.contains("/r/"), "{}", theirs.text);

        // RFC 8058: one header with the address, one that says that a POST is enough.
        assert_eq!(theirs.header("list-unsubscribe-post"), "List-Unsubscribe=One-Click");
        let link = theirs.header("list-unsubscribe").strip_prefix('<').unwrap().strip_suffix('>').unwrap();
        assert!(theirs.text.contains(link) && theirs.html.contains(link));
        assert_ne!(arrived[0].header("list-unsubscribe"), theirs.header("list-unsubscribe"));
        let token = link.strip_prefix("http://localhost:3000/unsubscribe/").unwrap();

        let looked = mail::subscription(services, token).await.unwrap();
        assert_eq!((looked.email.as_str(), looked.application.as_str(), looked.ended), ("team@example.com", "Demo", false));
        assert!(!mail::subscription(services, token).await.unwrap().ended, "looking changes nothing");
        for _ in 0..2 {
            assert!(mail::unsubscribe(services, token).await.unwrap().ended);
        }
        let entries = audit::list(services, &owner).await.unwrap();
        let ended: Vec<_> = entries.iter().filter(|entry| entry.action == "mail_address.unsubscribed").collect();
        assert_eq!((ended.len(), ended[0].actor.as_str(), ended[0].detail.as_str()), (1, "link", "team@example.com"));
        let list = mail::addresses(services, &owner, demo).await.unwrap();
        assert_eq!(list.iter().map(|address| address.unsubscribed_at.is_some()).collect::<Vec<_>>(), [false, true]);
        let again = mail::add_address(services, &owner, demo, "team@example.com").await.unwrap_err();
        assert_eq!(again.code(), "address_known", "nobody is put back unseen");

        fail_recording(&world, &owner, "another").await;
        world.run_jobs().await;
        let arrived = server.mails().split_off(3);
        assert_eq!(arrived.iter().map(|mail| mail.to[0].as_str()).collect::<Vec<_>>(), [EMAIL]);
        for wrong in [&token[..token.len() - 1], "addr_1.x", ""] {
            assert_eq!(mail::unsubscribe(services, wrong).await.unwrap_err().kind(), Kind::NotFound);
        }
    }
}

on_both! {
    async fn who_leaves_the_org_is_told_nothing_more(world: World) {
        let services = &world.services;
        let owner = world.owner().await;
        let demo = world.demo(&owner).await.id;
        accounts::invite(services, &owner, "ben@example.com", Role::Developer).await.unwrap();
        let ben = crate::team::join(&world, &owner, "ben@example.com").await;
        mail::add_address(services, &owner, demo, "ben@example.com").await.unwrap();
        accounts::leave(services, &ben).await.unwrap();
        assert_eq!(emails(&mail::addresses(services, &owner, demo).await.unwrap()), [EMAIL]);
    }
}
