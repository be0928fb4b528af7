use crate::support::{EMAIL, HERE, PASSWORD, World, on_both};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    OpenError, Role, accounts, applications, audit,
    error::Kind,
    session_store::{self, StoredSession},
    storage::{self, Health, Standing},
};
use std::collections::BTreeMap;

on_both! {
    async fn set_up_leaves_nothing_to_configure(world: World) {
        let access = world.owner().await;
        assert_eq!((access.name(), access.role()), (EMAIL, Some(Role::Owner)));

        let overview = storage::overview(&world.services, &access).await.unwrap();
        let [storage] = &overview.storages[..] else { panic!("{overview:?}") };
        assert_eq!((storage.standing, &storage.health), (Standing::Primary, &Health::Working));
        assert!(world.outside.state(|state| state.objects.is_empty() && state.uploads.is_empty()), "validation cleans up");

        let demo = world.demo(&access).await;
        assert_eq!((demo.name.as_str(), demo.relay, demo.recording), ("Demo", true, true));
        assert_eq!((demo.missing.len(), demo.keys.len(), demo.policy().revision), (0, 1, 1));
        assert_eq!(storage::origins(&world.services, &access).await.unwrap(), [format!("http://127.0.0.1:{}", world.outside.port())]);
    }
}

on_both! {
    async fn the_set_up_link_works_once_and_for_a_day(world: World) {
        let services = &world.services;
        let first = accounts::setup_token(services).await.unwrap().unwrap();
        let second = accounts::setup_token(services).await.unwrap().unwrap();
        let complete = async |token: &str| accounts::complete_setup(services, token, EMAIL, PASSWORD, HERE).await;
        assert!(!accounts::setup_token_is_valid(services, &first).await.unwrap());
        assert_eq!(complete(&first).await.unwrap_err().code(), "setup_link_invalid");
        world.advance(24 * 3600);
        assert_eq!(complete(&second).await.unwrap_err().kind(), Kind::Unauthenticated);

        let third = accounts::setup_token(services).await.unwrap().unwrap();
        let both = tokio::join!(complete(&third), complete(&third));
        assert_eq!([both.0.is_ok(), both.1.is_ok()].iter().filter(|won| **won).count(), 1);
        assert_eq!(accounts::setup_token(services).await.unwrap(), None);
        assert!(!accounts::setup_token_is_valid(services, &third).await.unwrap());
    }
}

on_both! {
    async fn set_up_names_the_step_that_failed(world: World) {
        world.outside.state(|state| state.bucket_closed = true);
        let token = accounts::setup_token(&world.services).await.unwrap().unwrap();
        let error = accounts::complete_setup(&world.services, &token, EMAIL, PASSWORD, HERE).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (Kind::Unavailable, "storage_not_validated"));
        assert!(error.public_message().contains("Find the bucket"), "{error}");
        world.outside.state(|state| state.bucket_closed = false);
        accounts::complete_setup(&world.services, &token, EMAIL, PASSWORD, HERE).await.unwrap();
    }
}

on_both! {
    async fn signing_in_needs_the_password(world: World) {
        let access = world.owner().await;
        let sign_in = async |email: &str, password: &str| accounts::sign_in(&world.services, email, password, HERE).await;
        assert_eq!(sign_in(" Anna@Example.com ", PASSWORD).await.ok(), access.user());
        let wrong = sign_in(EMAIL, "wrong password").await.unwrap_err();
        let unknown = sign_in("nobody@example.com", PASSWORD).await.unwrap_err();
        assert_eq!(wrong.to_string(), unknown.to_string());
        assert_eq!(wrong.kind(), Kind::Unauthenticated);
        world.run_jobs().await;
        let actions: Vec<_> = audit::list(&world.services, &access).await.unwrap().into_iter().map(|entry| entry.action).collect();
        assert_eq!(&actions[..2], ["user.sign_in_refused", "user.signed_in"]);
    }
}

on_both! {
    async fn a_refusal_costs_the_same_writes_whoever_is_asked_for(world: World) {
        let access = world.owner().await;
        let mut written = Vec::new();
        for email in [EMAIL, "nobody@example.com"] {
            world.execute("DELETE FROM sign_in_failures").await.unwrap();
            let before = rows(&world).await;
            accounts::sign_in(&world.services, email, "wrong password", HERE).await.unwrap_err();
            let after = rows(&world).await;
            written.push(after.iter().map(|(column, count)| (column.clone(), count - before.get(column).unwrap_or(&0))).collect());
        }
        let [known, unknown]: [BTreeMap<String, usize>; 2] = written.try_into().unwrap();
        assert_eq!(known, unknown);
        world.run_jobs().await;
        let entries = audit::list(&world.services, &access).await.unwrap();
        assert_eq!(entries.iter().filter(|entry| entry.action == "user.sign_in_refused").count(), 1);
    }
}

/// How many values each column holds.
async fn rows(world: &World) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for (column, _) in world.cells().await {
        *counts.entry(column).or_default() += 1;
    }
    counts
}

on_both! {
    async fn an_owner_begins_with_a_password_that_is_not_guessed_first(world: World) {
        let token = accounts::setup_token(&world.services).await.unwrap().unwrap();
        for password in ["password1", EMAIL] {
            let refused = accounts::complete_setup(&world.services, &token, EMAIL, password, HERE).await.unwrap_err();
            assert_eq!((refused.kind(), refused.code()), (Kind::Invalid, "password_too_common"));
        }
        accounts::complete_setup(&world.services, &token, EMAIL, PASSWORD, HERE).await.unwrap();
    }
}

on_both! {
    async fn guessing_is_slowed_down(world: World) {
        world.owner().await;
        let sign_in = async |password: &str, address: &str| {
            accounts::sign_in(&world.services, EMAIL, password, address.parse().unwrap()).await
        };
        for _ in 0..6 {
            assert_eq!(sign_in("guess", "192.0.2.1").await.unwrap_err().kind(), Kind::Unauthenticated);
        }
        let refused = sign_in(PASSWORD, "192.0.2.1").await.unwrap_err();
        assert_eq!((refused.kind(), refused.retry_after().unwrap().as_secs()), (Kind::Throttled, 1));
        sign_in(PASSWORD, "192.0.2.2").await.expect("others are not locked out");
        world.advance(1);
        sign_in(PASSWORD, "192.0.2.1").await.expect("nobody is locked out for good");
    }
}

on_both! {
    async fn sessions_are_kept_until_they_expire(world: World) {
        let services = &world.services;
        let now: DateTime<Utc> = world.clock.now();
        let session = |data: &str| StoredSession { user: None, data: data.into(), expires_at: now + TimeDelta::seconds(60) };
        assert!(session_store::create(services, "id", &session("one")).await.unwrap());
        assert!(!session_store::create(services, "id", &session("two")).await.unwrap());
        session_store::save(services, "id", &session("three")).await.unwrap();
        let loaded = session_store::load(services, "id").await.unwrap().unwrap();
        assert_eq!((loaded.data.as_str(), loaded.expires_at), ("three", now + TimeDelta::seconds(60)));
        world.advance(60);
        assert!(session_store::load(services, "id").await.unwrap().is_none());
        session_store::delete(services, "id").await.unwrap();
        assert!(session_store::create(services, "id", &session("four")).await.unwrap());
    }
}

on_both! {
    async fn data_outlives_a_restart_with_the_same_key_only(world: World) {
        let access = world.owner().await;
        assert!(matches!(world.reopen(&[8]).await, Err(OpenError::WrongKey)));
        let again = world.reopen(&[7]).await.unwrap();
        assert_eq!(applications::list(&again, &access).await.unwrap().len(), 1);
        again.ping().await.unwrap();
    }
}

on_both! {
    async fn the_audit_log_is_a_chain_nobody_changes(world: World) {
        let access = world.owner().await;
        for number in 0..120 {
            let name = format!("Application {number}").try_into().unwrap();
            applications::create(&world.services, &access, name).await.unwrap();
        }
        assert!(audit::verify(&world.services, &access).await.unwrap());
        for statement in ["UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log"] {
            assert!(world.execute(statement).await.is_err(), "{statement}");
        }
        assert!(audit::verify_latest(&world.services, &access).await.unwrap());

        // Somebody who rules the database can write past the guard, and is found out.
        let guard = if world.database_url.starts_with("sqlite:") {
            "DROP TRIGGER audit_log_no_update"
        } else {
            "DROP TRIGGER audit_log_no_change ON audit_log"
        };
        world.execute(guard).await.unwrap();
        let found_intact = async || {
            let latest = audit::verify_latest(&world.services, &access).await.unwrap();
            (latest, audit::verify(&world.services, &access).await.unwrap())
        };
        world.execute("UPDATE audit_log SET actor = 'x' WHERE sequence = 2").await.unwrap();
        assert_eq!(found_intact().await, (true, false));
        let newest = "(SELECT audit_sequence FROM orgs)";
        world.execute(&format!("UPDATE audit_log SET detail = 'x' WHERE sequence = {newest} - 5")).await.unwrap();
        assert_eq!(found_intact().await, (false, false));
        world.execute("UPDATE orgs SET audit_hash = 'x'").await.unwrap();
        assert_eq!(found_intact().await, (false, false));
    }
}
