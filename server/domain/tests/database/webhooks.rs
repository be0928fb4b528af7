use crate::support::{World, on_both};
use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{
    Access, applications,
    applications::Application,
    jobs::{self, Lane},
    notifications, recordings,
};
use protocol::{
    ids::OrgId,
    link::Event,
    recording::{FailureCause, RecordingState},
};
use secrecy::ExposeSecret;

/// A recording that fails at once, which is the shortest way to a message.
async fn message(world: &World, access: &Access) -> (Application, String) {
    let url = Some(world.outside.hook_url());
    let demo = world.demo(access).await;
    let secret = applications::set_webhook(&world.services, access, demo.id, url).await.unwrap().unwrap();
    let node = world.node().await;
    let id = world.start(&node, &world.start_request(&demo, "lobby")).await.unwrap().id;
    let event = Event::RecordingFailed { recording: id, cause: FailureCause::MixFailed, detail: "a\0b".into() };
    world.event(&node, event).await;
    let recording = recordings::get(&world.services, access, id).await.unwrap();
    assert_eq!(recording.state, RecordingState::Failed);
    (demo, secret.expose_secret().to_owned())
}

on_both! {
    async fn messages_are_signed_as_standard_webhooks_are(world: World) {
        let access = world.owner().await;
        let (demo, secret) = message(&world, &access).await;
        world.run_jobs().await;
        let hook = world.outside.state(|outside| outside.hooks.remove(0));
        let secret = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        assert_eq!(secret.len(), 32);
        let header = |name: &str| hook.headers[name].clone();
        let body = String::from_utf8(hook.body.clone()).unwrap();
        let signed = format!("{}.{}.{body}", header("webhook-id"), header("webhook-timestamp"));
        let signature = STANDARD.decode(header("webhook-signature").strip_prefix("v1,").unwrap()).unwrap();
        hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, &secret), signed.as_bytes(), &signature).unwrap();
        assert_eq!(header("webhook-timestamp"), (world.clock.unix_ms() / 1000).to_string());
        assert_eq!(header("content-type"), "application/json");

        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["type"], "recording.failed");
        assert_eq!(body["timestamp"], "2026-11-21T09:00:00.000Z");
        assert_eq!(body["data"]["application"], demo.id.to_string());
        assert_eq!((&body["data"]["state"], &body["data"]["failureCause"]), (&"failed".into(), &"mix_failed".into()));
        let delivery = notifications::deliveries(&world.services, &access, demo.id).await.unwrap().remove(0);
        assert_eq!((delivery.delivered, delivery.status, delivery.answer.as_str()), (true, Some(200), "thank you"));
    }
}

on_both! {
    async fn a_failed_delivery_is_tried_again_with_the_same_identifier(world: World) {
        let access = world.owner().await;
        let (demo, _) = message(&world, &access).await;
        world.outside.state(|outside| {
            outside.hook_answers = vec![
                (500, String::new()),
                (302, "location: http://127.0.0.1/\r\n".into()),
                (503, "retry-after: 900\r\n".into()),
            ];
        });
        world.run_jobs().await;
        for seconds in [6, 331, 1981] {
            world.advance(seconds);
            world.run_jobs().await;
        }
        let hooks = world.outside.state(|outside| outside.hooks.clone());
        assert_eq!(hooks.len(), 4);
        assert!(hooks.iter().all(|hook| hook.headers["webhook-id"] == hooks[0].headers["webhook-id"] && hook.body == hooks[0].body));
        let deliveries = notifications::deliveries(&world.services, &access, demo.id).await.unwrap();
        let seen: Vec<_> = deliveries.iter().rev().map(|delivery| (delivery.attempt, delivery.status, delivery.next_at.is_some())).collect();
        assert_eq!(seen, [(1, Some(500), true), (2, Some(302), true), (3, Some(503), true), (4, Some(200), false)]);
    }
}

on_both! {
    async fn an_org_that_has_its_share_is_passed_over(world: World) {
        let access = world.owner().await;
        message(&world, &access).await;
        let full = [access.org()];
        let services = &world.services;
        assert!(jobs::claim(services, Lane::Webhooks, 10, &full).await.unwrap().is_empty());
        assert_eq!(jobs::next_due(services, Lane::Webhooks, &full).await.unwrap(), None);
        assert!(jobs::next_due(services, Lane::Webhooks, &[]).await.unwrap().is_some());
        let claimed = jobs::claim(services, Lane::Webhooks, 10, &[OrgId::from_parts(9, [9; 10])]).await.unwrap();
        assert_eq!(claimed.iter().map(jobs::Claimed::org).collect::<Vec<_>>(), [Some(access.org())]);
    }
}

on_both! {
    async fn deliveries_end_when_nobody_wants_them(world: World) {
        let access = world.owner().await;
        let (demo, _) = message(&world, &access).await;
        world.outside.state(|outside| outside.hook_answers = vec![(410, String::new())]);
        for _ in 0..12 {
            world.run_jobs().await;
            world.advance(27 * 3600);
        }
        assert_eq!(world.outside.state(|outside| outside.hooks.len()), 1);
        let deliveries = notifications::deliveries(&world.services, &access, demo.id).await.unwrap();
        assert_eq!((deliveries.len(), deliveries[0].next_at), (1, None));
    }
}

on_both! {
    async fn a_receiver_that_never_answers_well_is_given_up_after_ten_attempts(world: World) {
        let access = world.owner().await;
        message(&world, &access).await;
        world.outside.state(|outside| outside.hook_answers = vec![(500, String::new()); 20]);
        for _ in 0..14 {
            world.run_jobs().await;
            world.advance(27 * 3600);
        }
        assert_eq!(world.outside.state(|outside| outside.hooks.len()), 10);
    }
}
