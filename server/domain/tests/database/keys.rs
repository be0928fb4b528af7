//! Replacing the master key while everything runs.

use crate::support::{World, master_key, on_both};
use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{
    Access, OpenError, Role, Services, accounts,
    applications::{self, Application},
    nodes,
    notifications::{endpoints, sending},
    recordings::{self, LinkRequest, Wanted},
    secrets::{self, NotRetired},
    storage::{self, StorageInput, StorageKind},
};
use protocol::{
    ids::{ApplicationId, EndpointId, RecordingId},
    link::Event,
    recording::FailureCause,
    webhook::EventType,
};
use secrecy::ExposeSecret;
use std::time::Duration;
use tokio::sync::oneshot;

/// Makes the application's endpoint, or another secret for it.
async fn set_webhook(world: &World, access: &Access, application: ApplicationId) -> Vec<u8> {
    let set = match endpoint_of(world, access, application).await {
        Some(id) => endpoints::rotate_secret(&world.services, access, id, Duration::ZERO).await.unwrap(),
        None => world.webhook(access, application, &[EventType::RecordingFailed]).await,
    };
    STANDARD.decode(set.secret.unwrap().expose_secret().strip_prefix("whsec_").unwrap()).unwrap()
}

async fn endpoint_of(world: &World, access: &Access, application: ApplicationId) -> Option<EndpointId> {
    let endpoints = endpoints::list(&world.services, access, application).await.unwrap();
    endpoints.first().map(|endpoint| endpoint.id)
}

/// Applications that each have a webhook.
async fn with_webhooks(world: &World, access: &Access, count: usize) {
    for number in 0..count {
        let name = format!("Application {number}").try_into().unwrap();
        let application = applications::create(&world.services, access, name).await.unwrap();
        set_webhook(world, access, application.id).await;
    }
}

/// Fails a recording and delivers the message about it; whether it was signed with this secret.
async fn delivers_signed(world: &World, services: &Services, demo: &Application, secret: &[u8]) -> bool {
    let node = world.node().await;
    let id = world.start(&node, &world.start_request(demo, "signed")).await.unwrap().id;
    let event = Event::RecordingFailed { recording: id, cause: FailureCause::MixFailed, detail: String::new() };
    world.event(&node, event).await;
    sending::run_due(services).await.unwrap();
    world.outside.state(|outside| {
        outside.hooks.drain(..).any(|hook| {
            let body = String::from_utf8(hook.body.clone()).unwrap();
            let signed = format!("{}.{}.{body}", hook.headers["webhook-id"], hook.headers["webhook-timestamp"]);
            let signature = hook.headers["webhook-signature"].strip_prefix("v1,").unwrap();
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
            hmac::verify(&key, signed.as_bytes(), &STANDARD.decode(signature).unwrap()).is_ok()
        })
    })
}

/// How many secrets each key wraps, by the byte that names it.
async fn wrapped_by(services: &Services, key: u8) -> u64 {
    let id = master_key(key).id();
    let uses = secrets::uses(services.vault()).await.unwrap();
    uses.into_iter().find(|used| used.id == id).map_or(0, |used| used.secrets)
}

on_both! {
    async fn everything_opens_with_the_new_key_alone(world: World) {
        let access = world.owner().await;
        let demo = world.demo(&access).await;
        let secret = set_webhook(&world, &access, demo.id).await;
        let node = world.node().await;
        let spec = world.start(&node, &world.start_request(&demo, "lobby")).await.unwrap();
        let register = async || nodes::register(&world.services, node.id, node.boot, "ws://localhost:3001", 0).await.unwrap();
        let token_key = register().await.token_key;
        let recorded = world.recorded(&node, &demo, "recorded").await;
        let link = recordings::share(&world.services, &access, recorded, Duration::from_secs(3600)).await.unwrap().url;
        assert_eq!(wrapped_by(&world.services, 7).await, 6);

        world.keys.set(&[8, 7]);
        let rewrapped = secrets::rewrap(world.services.vault(), |_| ()).await.unwrap();
        assert_eq!((rewrapped.key, rewrapped.secrets, rewrapped.unopened), (master_key(8).id(), 6, Vec::new()));
        assert!(matches!(world.reopen(&[7]).await, Err(OpenError::WrongKey)));

        world.keys.set(&[8]);
        let services = world.reopen(&[8]).await.unwrap();
        assert_eq!(register().await.token_key, token_key);
        let token = link.path().strip_prefix("/r/").unwrap();
        recordings::open_link(&services, LinkRequest { token, wanted: Wanted::Video, head: false }).await.unwrap();
        let resumed = recordings::resume(&services, node.id, spec.id).await.unwrap().unwrap();
        assert_eq!(resumed.capture_key.as_bytes(), spec.capture_key.as_bytes());
        assert!(delivers_signed(&world, &services, &demo, &secret).await);
    }
}

on_both! {
    async fn a_key_that_is_still_needed_is_missed_at_the_start(world: World) {
        world.owner().await;
        world.node().await;
        world.keys.set(&[8, 7]);
        let both = world.reopen(&[8, 7]).await.unwrap();
        assert!(matches!(world.reopen(&[8]).await, Err(OpenError::WrongKey)));
        assert!(matches!(world.reopen(&[9]).await, Err(OpenError::WrongKey)));
        assert!(matches!(world.reopen(&[]).await, Err(OpenError::Keys(_))));
        secrets::rewrap(both.vault(), |_| ()).await.unwrap();
        world.reopen(&[8]).await.unwrap();
    }
}

on_both! {
    async fn what_changes_during_a_rotation_wins(world: World) {
        let access = world.owner().await;
        let demo = world.demo(&access).await;
        with_webhooks(&world, &access, 20).await;
        set_webhook(&world, &access, demo.id).await;
        world.keys.set(&[8, 7]);
        let change = async {
            let mut last = Vec::new();
            for _ in 0..20 {
                last = set_webhook(&world, &access, demo.id).await;
            }
            last
        };
        let (rewrapped, last) = tokio::join!(secrets::rewrap(world.services.vault(), |_| ()), change);
        assert!(rewrapped.unwrap().unopened.is_empty());
        assert_eq!(wrapped_by(&world.services, 7).await, 0);
        world.keys.set(&[8]);
        assert!(delivers_signed(&world, &world.services, &demo, &last).await);
    }
}

on_both! {
    async fn a_rotation_that_was_cut_off_goes_on(world: World) {
        let access = world.owner().await;
        with_webhooks(&world, &access, 120).await;
        let all = wrapped_by(&world.services, 7).await;
        world.keys.set(&[8, 7]);
        assert!(secrets::is_unfinished(world.services.vault()).await.unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        let mut stop = Some(stop);
        let rotation = secrets::rewrap(world.services.vault(), |_| drop(stop.take()));
        tokio::select! {
            biased;
            _ = stopped => {}
            _ = rotation => panic!("the rotation ended before it was cut off"),
        }
        let (old, new) = (wrapped_by(&world.services, 7).await, wrapped_by(&world.services, 8).await);
        assert!(old > 0 && new > 0 && old + new == all, "{old} {new}");
        assert!(secrets::is_unfinished(world.services.vault()).await.unwrap());

        let again = world.reopen(&[8, 7]).await.unwrap();
        assert_eq!(secrets::rewrap(again.vault(), |_| ()).await.unwrap().secrets, old);
        assert!(!secrets::is_unfinished(again.vault()).await.unwrap());
        assert_eq!(secrets::rewrap(again.vault(), |_| ()).await.unwrap().secrets, 0);
    }
}

on_both! {
    async fn running_services_notice_a_new_key(world: World) {
        let access = world.owner().await;
        let demo = world.demo(&access).await;
        let secret = set_webhook(&world, &access, demo.id).await;
        world.keys.set(&[8, 7]);
        // Another process did this.
        let other = world.reopen(&[8, 7]).await.unwrap();
        secrets::rewrap(other.vault(), |_| ()).await.unwrap();
        assert!(delivers_signed(&world, &world.services, &demo, &secret).await);

        // What cannot be read for a moment changes nothing.
        world.keys.set(&[]);
        let secret = set_webhook(&world, &access, demo.id).await;
        assert!(delivers_signed(&world, &world.services, &demo, &secret).await);
        assert_eq!(wrapped_by(&other, 7).await, 0);
    }
}

on_both! {
    async fn a_secret_moved_to_another_org_does_not_open_after_a_rotation_either(world: World) {
        let (owner, stranger) = (world.owner().await, world.stranger().await);
        let demo = world.demo(&owner).await;
        let secret = set_webhook(&world, &owner, demo.id).await;
        with_webhooks(&world, &stranger, 1).await;
        let theirs = applications::list(&world.services, &stranger).await.unwrap().remove(0);
        let ours = endpoint_of(&world, &owner, demo.id).await.unwrap();
        let other = endpoint_of(&world, &stranger, theirs.id).await.unwrap();
        world.execute(&format!(
            "CREATE TABLE swapped AS SELECT id, secret FROM webhook_endpoints;
             UPDATE webhook_endpoints SET secret = (SELECT secret FROM swapped WHERE id = '{other}') WHERE id = '{ours}';
             UPDATE webhook_endpoints SET secret = (SELECT secret FROM swapped WHERE id = '{ours}') WHERE id = '{other}';
             DROP TABLE swapped;"
        ))
        .await
        .unwrap();
        let all = wrapped_by(&world.services, 7).await;
        world.keys.set(&[8, 7]);
        let rewrapped = secrets::rewrap(world.services.vault(), |_| ()).await.unwrap();
        assert_eq!((rewrapped.secrets, rewrapped.unopened.len()), (all - 2, 2), "{rewrapped:?}");
        assert!(rewrapped.unopened.contains(&format!("webhook_endpoints.secret {ours}")));
        let refused = secrets::why_not_retired(world.services.vault()).await.unwrap();
        assert_eq!(refused, Some(NotRetired::InUse { key: master_key(7).id(), secrets: 2 }));
        assert!(!delivers_signed(&world, &world.services, &demo, &secret).await);

        // A fresh secret is the remedy.
        set_webhook(&world, &owner, demo.id).await;
        set_webhook(&world, &stranger, theirs.id).await;
        assert_eq!(wrapped_by(&world.services, 7).await, 0);
    }
}

on_both! {
    async fn an_old_key_is_kept_while_a_request_may_use_it(world: World) {
        world.node().await;
        world.advance(3600);
        assert_eq!(secrets::why_not_retired(world.services.vault()).await.unwrap(), None);
        world.keys.set(&[8, 7]);
        let vault = world.services.vault();
        secrets::rewrap(vault, |_| ()).await.unwrap();
        let just_replaced = secrets::why_not_retired(vault).await.unwrap();
        assert!(matches!(just_replaced, Some(NotRetired::JustReplaced { .. })), "{just_replaced:?}");
        world.advance(120);
        assert_eq!(secrets::why_not_retired(vault).await.unwrap(), None);

        world.keys.set(&[8]);
        secrets::forget_unheld(vault).await.unwrap();
        let uses = secrets::uses(vault).await.unwrap();
        assert_eq!(uses.iter().map(|key| (key.seals, key.held, key.secrets)).collect::<Vec<_>>(), [(true, true, 1)]);
        // Nothing reminds of the old key: with it alone the database does not open.
        assert!(matches!(world.reopen(&[7]).await, Err(OpenError::WrongKey)));
    }
}

on_both! {
    async fn a_rotation_reaches_every_secret_there_is(world: World) {
        let access = world.owner().await;
        let demo = world.demo(&access).await;
        set_webhook(&world, &access, demo.id).await;
        let endpoint = endpoint_of(&world, &access, demo.id).await.unwrap();
        endpoints::rotate_secret(&world.services, &access, endpoint, endpoints::DEFAULT_OVERLAP).await.unwrap();
        let node = world.node().await;
        let _: RecordingId = world.start(&node, &world.start_request(&demo, "lobby")).await.unwrap().id;
        world.recorded(&node, &demo, "recorded").await;
        let store = StorageInput {
            endpoint: format!("http://localhost:{}", world.outside.port()),
            bucket: "second".into(),
            access_key_id: "AKIAEXAMPLE".into(),
            secret_access_key: "secret-access-key".to_owned().into(),
            ..StorageInput::default()
        };
        storage::create(&world.services, &access, StorageKind::S3Compatible, &store).await.unwrap();
        accounts::invite(&world.services, &access, "ben@example.com", Role::Viewer).await.unwrap();

        let sealed = |cell: &str| cell.starts_with("1.") && cell.len() > 100 && cell.split('.').count() == 4;
        let cells = world.cells().await;
        let mut columns: Vec<_> =
            cells.iter().filter(|(_, cell)| sealed(cell)).map(|(column, _)| column.as_str()).collect();
        columns.sort_unstable();
        columns.dedup();
        let found = cells.iter().filter(|(column, cell)| sealed(cell) && column != "key_checks.sealed").count();
        let reached = wrapped_by(&world.services, 7).await;
        assert_eq!(reached, u64::try_from(found).unwrap(), "a column is not named in secrets/places.rs: {columns:?}");
    }
}
