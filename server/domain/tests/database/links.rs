use crate::support::{World, client, on_both};
use domain::{
    Result, applications, audit,
    error::Kind,
    mail, nodes,
    recordings::{self, LinkRequest, Wanted},
};
use protocol::{ids::RecordingId, link::Command, webhook::EventType};
use std::time::Duration;
use url::Url;

const HOUR: Duration = Duration::from_secs(3600);
const WEEK_SECONDS: u64 = 7 * 24 * 3600;

/// What the address of a link carries.
fn token(link: &Url) -> String {
    assert_eq!(link.origin().ascii_serialization(), "http://localhost:3000");
    link.path().strip_prefix("/r/").unwrap().to_owned()
}

async fn follow(world: &World, token: &str) -> Result<Url> {
    recordings::open_link(&world.services, LinkRequest { token, wanted: Wanted::Video, head: false }).await
}

async fn link_of(world: &World, node: &crate::support::TestNode, id: RecordingId) -> Url {
    let commands = nodes::commands_after(&world.services, node.id, 0).await.unwrap();
    let found = commands.into_iter().find_map(|(_, command)| match command {
        Command::RecordingReady { recording, url } if recording == id => Some(url.parse().unwrap()),
        _ => None,
    });
    found.unwrap()
}

on_both! {
    async fn the_link_sent_out_leads_to_the_object_until_it_ends(world: World) {
        let access = world.owner().await;
        let (demo, node) = (world.demo(&access).await, world.node().await);
        world.webhook(&access, demo.id, &[EventType::RecordingReady]).await;
        let id = world.recorded(&node, &demo, "lobby").await;
        let link = link_of(&world, &node, id).await;
        let token = token(&link);

        let object = follow(&world, &token).await.unwrap();
        assert!(object.query().unwrap().contains("X-Amz-Expires=300"), "{object}");
        assert_eq!(client().get(object).send().await.unwrap().bytes().await.unwrap(), b"first partsecond".as_slice());
        let saved = LinkRequest { token: &token, wanted: Wanted::Download, head: false };
        let saved = recordings::open_link(&world.services, saved).await.unwrap();
        assert!(saved.as_str().contains("attachment") && saved.as_str().contains("lobby-"), "{saved}");

        let hook = world.outside.state(|outside| outside.hooks.remove(0));
        let body: serde_json::Value = serde_json::from_slice(&hook.body).unwrap();
        assert_eq!(body["data"]["url"], link.as_str());
        assert_eq!(body["data"]["urlExpiresAt"], "2026-11-28T09:00:00.000Z");
        let mail = mail::list(&world.services, &access).await.unwrap().remove(0);
        for body in [mail.text, mail.html] {
            assert!(body.contains(link.as_str()) && body.contains("28 November 2026, 09:00 UTC"), "{body}");
        }

        world.advance(WEEK_SECONDS - 1);
        follow(&world, &token).await.unwrap();
        world.advance(1);
        let ended = follow(&world, &token).await.unwrap_err();
        assert_eq!((ended.kind(), ended.code()), (Kind::Gone, "link_expired"));
    }
}

on_both! {
    async fn each_application_decides_how_long_its_links_work(world: World) {
        let access = world.owner().await;
        let (demo, node) = (world.demo(&access).await, world.node().await);
        for invalid in [0, 3599, 365 * 24 * 3600 + 1] {
            let refused = applications::set_link_validity(&world.services, &access, demo.id, Duration::from_secs(invalid)).await;
            assert_eq!(refused.unwrap_err().code(), "link_validity_invalid");
        }
        let changed = applications::set_link_validity(&world.services, &access, demo.id, HOUR).await.unwrap();
        assert_eq!(changed.link_validity, HOUR);
        let id = world.recorded(&node, &demo, "lobby").await;
        let token = token(&link_of(&world, &node, id).await);
        world.advance(3599);
        follow(&world, &token).await.unwrap();
        world.advance(1);
        assert_eq!(follow(&world, &token).await.unwrap_err().code(), "link_expired");
    }
}

on_both! {
    async fn what_nobody_signed_is_no_link(world: World) {
        let access = world.owner().await;
        let (demo, node) = (world.demo(&access).await, world.node().await);
        assert_eq!(follow(&world, &"A".repeat(76)).await.unwrap_err().code(), "link_not_found", "there is no key yet");
        let id = world.recorded(&node, &demo, "lobby").await;
        let good = token(&link_of(&world, &node, id).await);
        for index in [0, 10, 30, 75] {
            let other = if good.as_bytes()[index] == b'A' { "B" } else { "A" };
            let changed = format!("{}{other}{}", &good[..index], &good[index + 1..]);
            assert_eq!(follow(&world, &changed).await.unwrap_err().kind(), Kind::NotFound);
        }
        for foreign in ["", "..", "\u{0}", "%00", &good[1..], &"x".repeat(10_000)] {
            assert_eq!(follow(&world, foreign).await.unwrap_err().kind(), Kind::NotFound);
        }
    }
}

on_both! {
    async fn members_share_what_is_ready(world: World) {
        let access = world.owner().await;
        let (demo, node) = (world.demo(&access).await, world.node().await);
        let services = &world.services;
        let running = world.start(&node, &world.start_request(&demo, "later")).await.unwrap().id;
        assert_eq!(recordings::share(services, &access, running, HOUR).await.unwrap_err().code(), "recording_not_ready");
        let id = world.recorded(&node, &demo, "lobby").await;
        let link = recordings::share(services, &access, id, 24 * HOUR).await.unwrap().url;
        follow(&world, &token(&link)).await.unwrap();
        assert_eq!(recordings::share(services, &access, id, HOUR / 2).await.unwrap_err().code(), "link_validity_invalid");
        let entries = audit::list(services, &access).await.unwrap();
        let shared = entries.iter().find(|entry| entry.action == "recording.shared").unwrap();
        assert_eq!(shared.detail, "works until 2026-11-22T09:00:00Z");
        assert!(entries.iter().all(|entry| !entry.detail.contains(&token(&link))), "the audit log opens nothing");
    }
}

on_both! {
    async fn the_audit_log_hears_of_a_link_once_an_hour(world: World) {
        let access = world.owner().await;
        let (demo, node) = (world.demo(&access).await, world.node().await);
        let id = world.recorded(&node, &demo, "lobby").await;
        let first = token(&recordings::share(&world.services, &access, id, 24 * HOUR).await.unwrap().url);
        let other = token(&recordings::share(&world.services, &access, id, 48 * HOUR).await.unwrap().url);
        for _ in 0..5 {
            follow(&world, &first).await.unwrap();
        }
        follow(&world, &other).await.unwrap();
        world.advance(3600);
        follow(&world, &first).await.unwrap();
        let entries = audit::list(&world.services, &access).await.unwrap();
        let uses: Vec<_> = entries.iter().rev().filter(|entry| entry.action == "recording.link_used").collect();
        let said: Vec<_> = uses.iter().map(|entry| (entry.actor.as_str(), entry.detail.split(" of ").next().unwrap())).collect();
        assert_eq!(said, [("link", "use 1"), ("link", "use 1"), ("link", "use 6")]);
        assert!(audit::verify(&world.services, &access).await.unwrap());
    }
}
