//! Sending: what goes out, when it is tried again, and when no more.

use crate::support::{World, on_both};
use aws_lc_rs::{
    hmac,
    signature::{ED25519, UnparsedPublicKey},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{
    Access,
    applications::Application,
    audit, mail,
    notifications::{
        deliveries::{self, DeliveryDetail, DeliveryFilter},
        endpoints::{self, EndpointSecret, EndpointUpdate, NewEndpoint},
        sending::{self, Except},
    },
    recordings,
};
use protocol::{
    ids::{DeliveryId, EndpointId, OrgId},
    link::Event,
    recording::{FailureCause, RecordingState},
    webhook::{AttemptProblem, BodyFormat, DeliveryState, EndpointState, EventType, Signing, SuspensionCause},
};
use secrecy::ExposeSecret;
use serde_json::Value;

const HOUR: u64 = 3600;

/// A recording that fails at once, which is the shortest way to a message.
async fn fail(world: &World, access: &Access, demo: &Application) {
    let node = world.node().await;
    let id = world.start(&node, &world.start_request(demo, "lobby")).await.unwrap().id;
    let event = Event::RecordingFailed { recording: id, cause: FailureCause::MixFailed, detail: "a\0b".into() };
    world.event(&node, event).await;
    let recording = recordings::get(&world.services, access, id).await.unwrap();
    assert_eq!(recording.state, RecordingState::Failed);
}

/// An endpoint with a message on its way there.
async fn message(world: &World) -> (Access, EndpointId, DeliveryId) {
    let access = world.owner().await;
    let demo = world.demo(&access).await;
    let endpoint = world.webhook(&access, demo.id, &[]).await.endpoint.id;
    let delivery = deliveries::send_test(&world.services, &access, endpoint).await.unwrap().id;
    (access, endpoint, delivery)
}

async fn detail(world: &World, access: &Access, delivery: DeliveryId) -> DeliveryDetail {
    deliveries::get(&world.services, access, delivery).await.unwrap()
}

fn sent(world: &World) -> usize {
    world.outside.state(|outside| outside.hooks.len())
}

fn bytes_of(secret: &EndpointSecret) -> Vec<u8> {
    let shown = secret.secret.as_ref().unwrap().expose_secret().to_owned();
    STANDARD.decode(shown.strip_prefix("whsec_").unwrap()).unwrap()
}

/// What was signed, and the signatures of one version.
fn signed(world: &World, version: &str) -> (Vec<u8>, Vec<Vec<u8>>) {
    let hook = world.outside.state(|outside| outside.hooks.pop().unwrap());
    let body = String::from_utf8(hook.body.clone()).unwrap();
    let content = format!("{}.{}.{body}", hook.headers["webhook-id"], hook.headers["webhook-timestamp"]);
    let signatures = hook.headers["webhook-signature"].split(' ');
    let signatures = signatures.map(|text| STANDARD.decode(text.strip_prefix(version).unwrap()).unwrap());
    (content.into_bytes(), signatures.collect())
}

fn verifies(secret: &[u8], content: &[u8], signature: &[u8]) -> bool {
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, secret), content, signature).is_ok()
}

on_both! {
    async fn messages_are_signed_as_standard_webhooks_are(world: World) {
        let access = world.owner().await;
        let demo = world.demo(&access).await;
        let made = world.webhook(&access, demo.id, &[EventType::RecordingFailed]).await;
        fail(&world, &access, &demo).await;
        world.run_jobs().await;
        let hook = world.outside.state(|outside| outside.hooks[0].clone());
        let (content, signatures) = signed(&world, "v1,");
        assert_eq!(bytes_of(&made).len(), 32);
        assert!(verifies(&bytes_of(&made), &content, &signatures[0]));
        assert_eq!(hook.headers["webhook-timestamp"], (world.clock.unix_ms() / 1000).to_string());
        assert_eq!(hook.headers["content-type"], "application/json");

        let body: Value = serde_json::from_slice(&hook.body).unwrap();
        assert_eq!(body["type"], "recording.failed");
        assert_eq!(body["timestamp"], "2026-11-21T09:00:00.000Z");
        assert_eq!(body["data"]["application"], demo.id.to_string());
        assert_eq!((&body["data"]["state"], &body["data"]["failureCause"]), (&"failed".into(), &"mix_failed".into()));
        let filter = DeliveryFilter::default();
        let listed = deliveries::list(&world.services, &access, demo.id, filter, None).await.unwrap().items.remove(0);
        assert_eq!((listed.state, listed.last_status, listed.attempts), (DeliveryState::Delivered, Some(200), 1));
        let detail = detail(&world, &access, listed.id).await;
        assert_eq!(detail.attempts[0].body, "thank you");
        assert_eq!(detail.body.unwrap().into_bytes(), hook.body);
    }
}

on_both! {
    async fn two_secrets_sign_while_one_replaces_the_other(world: World) {
        let access = world.owner().await;
        let (services, demo) = (&world.services, world.demo(&access).await);
        let made = world.webhook(&access, demo.id, &[]).await;
        let id = made.endpoint.id;
        let rotated = endpoints::rotate_secret(services, &access, id, endpoints::DEFAULT_OVERLAP).await.unwrap();
        assert_eq!(rotated.endpoint.previous_secret_until, Some(world.clock.now() + endpoints::DEFAULT_OVERLAP));
        let (old, new) = (bytes_of(&made), bytes_of(&rotated));
        deliveries::send_test(services, &access, id).await.unwrap();
        world.run_jobs().await;
        let (content, signatures) = signed(&world, "v1,");
        assert!(verifies(&new, &content, &signatures[0]) && verifies(&old, &content, &signatures[1]));

        world.advance(24 * HOUR);
        deliveries::send_test(services, &access, id).await.unwrap();
        world.run_jobs().await;
        let (content, signatures) = signed(&world, "v1,");
        assert_eq!(signatures.len(), 1);
        assert!(verifies(&new, &content, &signatures[0]));

        // Without an overlap the old one ends at once, as after a leak.
        let last = endpoints::rotate_secret(services, &access, id, std::time::Duration::ZERO).await.unwrap();
        deliveries::send_test(services, &access, id).await.unwrap();
        world.run_jobs().await;
        let (content, signatures) = signed(&world, "v1,");
        assert!(signatures.len() == 1 && verifies(&bytes_of(&last), &content, &signatures[0]));
    }
}

on_both! {
    async fn a_receiver_of_ed25519_needs_the_public_key_only(world: World) {
        let access = world.owner().await;
        let (services, demo) = (&world.services, world.demo(&access).await);
        let new = NewEndpoint { signing: Signing::Ed25519, ..NewEndpoint::at(world.outside.hook_url()) };
        let made = endpoints::create(services, &access, demo.id, new).await.unwrap();
        assert!(made.secret.is_none());
        let rotated = endpoints::rotate_secret(services, &access, made.endpoint.id, endpoints::DEFAULT_OVERLAP).await;
        let keys = rotated.unwrap().endpoint.public_keys;
        assert_eq!(keys[1], made.endpoint.public_keys[0]);
        deliveries::send_test(services, &access, made.endpoint.id).await.unwrap();
        world.run_jobs().await;
        let (content, signatures) = signed(&world, "v1a,");
        assert_eq!(signatures.len(), 2);
        for (key, signature) in keys.iter().zip(signatures) {
            let key = STANDARD.decode(key.strip_prefix("whpk_").unwrap()).unwrap();
            UnparsedPublicKey::new(&ED25519, key).verify(&content, &signature).unwrap();
        }
    }
}

on_both! {
    async fn each_endpoint_hears_what_it_asked_for(world: World) {
        let access = world.owner().await;
        let (services, demo) = (&world.services, world.demo(&access).await);
        let at = |name: &str| world.outside.hook_url().join(name).unwrap();
        for (name, events, enabled) in [
            ("hook/all", vec![], true),
            ("hook/failed", vec![EventType::RecordingFailed, EventType::RecordingReady], true),
            ("hook/ready", vec![EventType::RecordingReady], true),
            ("hook/off", vec![], false),
        ] {
            let new = NewEndpoint { events, enabled, ..NewEndpoint::at(at(name)) };
            endpoints::create(services, &access, demo.id, new).await.unwrap();
        }
        fail(&world, &access, &demo).await;
        world.run_jobs().await;
        let mut hooks = world.outside.state(|outside| outside.hooks.clone());
        hooks.sort_by_key(|hook| hook.path.clone());
        assert_eq!(hooks.iter().map(|hook| hook.path.as_str()).collect::<Vec<_>>(), ["/hook/all", "/hook/failed"]);
        assert_eq!(hooks[0].headers["webhook-id"], hooks[1].headers["webhook-id"], "it is one message");
        assert_ne!(hooks[0].headers["webhook-signature"], hooks[1].headers["webhook-signature"]);
    }
}

on_both! {
    async fn backends_made_for_temasys_get_what_they_expect(world: World) {
        let access = world.owner().await;
        let (demo, node) = (world.demo(&access).await, world.node().await);
        let new = NewEndpoint { format: BodyFormat::Temasys, ..NewEndpoint::at(world.outside.hook_url()) };
        endpoints::create(&world.services, &access, demo.id, new).await.unwrap();
        let id = world.recorded(&node, &demo, "lobby").await;
        let hooks = world.outside.state(|outside| outside.hooks.clone());
        let [hook] = hooks.as_slice() else { panic!("{hooks:?}") };
        let text = String::from_utf8(hook.body.clone()).unwrap();
        assert!(text.starts_with(&format!(r#"{{"meetingId":"lobby","recording":"{id}""#)), "{text}");
        assert!(hook.headers.contains_key("webhook-signature"));
    }
}

on_both! {
    async fn a_failed_delivery_is_tried_again_with_the_same_identifier(world: World) {
        let (access, _, delivery) = message(&world).await;
        world.outside.state(|outside| {
            outside.hook_answers = vec![
                (500, String::new()),
                (302, "location: http://127.0.0.1/\r\n".into()),
                (503, "retry-after: 900\r\n".into()),
                (404, String::new()),
                (429, "retry-after: 1\r\n".into()),
            ];
        });
        world.run_jobs().await;
        for seconds in [6, 331, 1981, 2 * HOUR * 11 / 10, 5 * HOUR * 11 / 10] {
            world.advance(seconds);
            world.run_jobs().await;
        }
        let hooks = world.outside.state(|outside| outside.hooks.clone());
        assert_eq!(hooks.len(), 6);
        assert!(hooks.iter().all(|hook| hook.headers["webhook-id"] == hooks[0].headers["webhook-id"] && hook.body == hooks[0].body));
        let detail = detail(&world, &access, delivery).await;
        let seen: Vec<_> = detail.attempts.iter().map(|attempt| (attempt.number, attempt.status, attempt.problem)).collect();
        let refused = Some(AttemptProblem::Refused);
        assert_eq!(seen, [
            (1, Some(500), refused),
            (2, Some(302), Some(AttemptProblem::Redirected)),
            (3, Some(503), refused),
            (4, Some(404), refused),
            (5, Some(429), refused),
            (6, Some(200), None),
        ]);
        assert_eq!(detail.delivery.state, DeliveryState::Delivered);
        assert_eq!(detail.attempts[1].headers["location"], "http://127.0.0.1/");
        let endpoint = endpoints::get(&world.services, &access, detail.delivery.endpoint).await.unwrap();
        assert_eq!(endpoint.failing_since, None, "what arrived ends the failure");
    }
}

on_both! {
    async fn the_schedule_is_kept_for_three_days_and_then_given_up(world: World) {
        let (access, _, delivery) = message(&world).await;
        world.outside.state(|outside| outside.hook_answers = vec![(500, String::new()); 20]);
        let began = world.clock.unix_ms();
        let mut attempts = Vec::new();
        while let Some(due) = detail(&world, &access, delivery).await.delivery.next_attempt_at {
            let due = u64::try_from(due.timestamp_millis()).unwrap();
            world.clock.advance(std::time::Duration::from_millis(due - world.clock.unix_ms()));
            world.run_jobs().await;
            attempts.push((world.clock.unix_ms() - began) / 1000);
        }
        let hours = |seconds: u64| (seconds / HOUR, seconds * 10 / 11 / HOUR);
        assert_eq!((attempts.len(), sent(&world)), (10, 10));
        assert!(attempts[1] >= 5 && attempts[1] < 6 && attempts[2] >= 305, "{attempts:?}");
        assert!(hours(attempts[9]).0 >= 75 && hours(attempts[9]).1 <= 75, "{attempts:?}");
        assert_eq!(detail(&world, &access, delivery).await.delivery.state, DeliveryState::Failed);
    }
}

on_both! {
    async fn an_endpoint_that_is_gone_gets_nothing_more(world: World) {
        let (access, endpoint, first) = message(&world).await;
        let services = &world.services;
        let second = deliveries::send_test(services, &access, endpoint).await.unwrap().id;
        world.outside.state(|outside| outside.hook_answers = vec![(410, String::new())]);
        for _ in 0..4 {
            world.run_jobs().await;
            world.advance(24 * HOUR);
        }
        assert_eq!(sent(&world), 1);
        let suspended = endpoints::get(services, &access, endpoint).await.unwrap();
        assert_eq!((suspended.state, suspended.suspension_cause), (EndpointState::Suspended, Some(SuspensionCause::Gone)));
        assert_eq!(detail(&world, &access, first).await.delivery.state, DeliveryState::Failed);
        assert_eq!(deliveries::send_test(services, &access, endpoint).await.unwrap_err().code(), "endpoint_not_active");
        let mails = mail::list(services, &access).await.unwrap();
        assert!(mails.len() == 1 && mails[0].subject.contains("switched off") && mails[0].text.contains("410"), "{mails:?}");
        let actions: Vec<_> = audit::list(services, &access).await.unwrap().into_iter().map(|entry| entry.action).collect();
        assert_eq!(actions.iter().filter(|action| *action == "webhook_endpoint.suspended").count(), 1);

        // Whoever enables it again gets what has waited.
        let update = EndpointUpdate { enabled: Some(true), ..EndpointUpdate::default() };
        assert_eq!(endpoints::update(services, &access, endpoint, update).await.unwrap().state, EndpointState::Active);
        world.run_jobs().await;
        assert_eq!(detail(&world, &access, second).await.delivery.state, DeliveryState::Delivered);
    }
}

on_both! {
    async fn an_endpoint_that_fails_for_days_is_suspended_after_a_warning(world: World) {
        let (access, endpoint, _) = message(&world).await;
        let services = &world.services;
        world.outside.state(|outside| outside.hook_answers = vec![(500, String::new()); 100]);
        let subjects = async || mail::list(services, &access).await.unwrap().into_iter().map(|mail| mail.subject).collect::<Vec<_>>();
        let began = world.clock.now();
        for hours in 0..120 {
            world.run_jobs().await;
            let stands = endpoints::get(services, &access, endpoint).await.unwrap();
            assert_eq!((stands.state, stands.failing_since), (EndpointState::Active, Some(began)), "{hours}");
            assert_eq!(subjects().await.len(), usize::from(hours > 52 || !subjects().await.is_empty()), "{hours}");
            if hours % 24 == 0 {
                deliveries::send_test(services, &access, endpoint).await.unwrap();
            }
            world.advance(HOUR);
        }
        deliveries::send_test(services, &access, endpoint).await.unwrap();
        world.run_jobs().await;
        let suspended = endpoints::get(services, &access, endpoint).await.unwrap();
        assert_eq!((suspended.state, suspended.suspension_cause), (EndpointState::Suspended, Some(SuspensionCause::Failing)));
        let subjects = subjects().await;
        assert_eq!(subjects, ["A webhook endpoint of Demo was switched off", "A webhook endpoint of Demo keeps failing"]);
    }
}

on_both! {
    async fn who_has_a_share_in_full_is_passed_over_and_others_take_turns(world: World) {
        let (access, endpoint, _) = message(&world).await;
        let services = &world.services;
        let except = Except { orgs: vec![access.org()], ..Except::default() };
        assert!(sending::claim(services, 10, &except).await.unwrap().is_empty());
        assert_eq!(sending::next_due(services, &except).await.unwrap(), None);
        let except = Except { endpoints: vec![endpoint], ..Except::default() };
        assert!(sending::claim(services, 10, &except).await.unwrap().is_empty());

        for _ in 0..20 {
            deliveries::send_test(services, &access, endpoint).await.unwrap();
        }
        assert_eq!(sending::claim(services, 10, &Except::default()).await.unwrap().len(), 1, "one of an endpoint at a time");
        let demo = world.demo(&access).await;
        let other = world.webhook(&access, demo.id, &[]).await.endpoint.id;
        world.advance(1);
        deliveries::send_test(services, &access, other).await.unwrap();
        let except = Except { orgs: vec![OrgId::from_parts(9, [9; 10])], ..Except::default() };
        let claimed = sending::claim(services, 1, &except).await.unwrap();
        assert_eq!(claimed[0].endpoint(), other, "it does not wait for the twenty of the first");
        assert!(sending::next_due(services, &Except::default()).await.unwrap().is_some());
    }
}

on_both! {
    async fn an_attempt_whose_worker_died_is_made_again(world: World) {
        let (access, _, delivery) = message(&world).await;
        let late = sending::claim(&world.services, 10, &Except::default()).await.unwrap();
        world.run_jobs().await;
        assert_eq!(sent(&world), 0);
        world.advance(61);
        world.run_jobs().await;
        assert_eq!(sent(&world), 1);
        world.outside.state(|outside| outside.hook_answers = vec![(500, String::new())]);
        for claimed in late {
            sending::run(&world.services, claimed).await;
        }
        let detail = detail(&world, &access, delivery).await;
        assert_eq!((detail.delivery.state, detail.delivery.attempts), (DeliveryState::Delivered, 2));
        assert_eq!(detail.attempts.len(), 2, "what was sent is in the log, whoever sent it");
    }
}
