use crate::support::{nothing, on_both};
use domain::{
    applications::{self, Condition, KeyChange},
    error::Kind,
    nodes,
};
use protocol::{link::Command, skylink::KeySettings};

on_both! {
    async fn recording_needs_its_conditions(world: World) {
        let access = world.owner().await;
        let services = &world.services;
        let id = world.demo(&access).await.id;
        let off = applications::set_relay(services, &access, id, false).await.unwrap();
        assert_eq!((off.relay, off.recording), (false, false));
        assert_eq!(off.missing, [Condition::RelayRequired]);

        world.execute("UPDATE orgs SET plan = 'free'; UPDATE storages SET validated_at = NULL").await.unwrap();
        let error = applications::set_recording(services, &access, id, true).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (Kind::Conflict, "conditions_missing"));
        assert_eq!(error.conditions(), [Condition::RelayRequired, Condition::PlanRequired, Condition::StorageNotValidated]);

        world.execute("UPDATE orgs SET plan = 'pro'; UPDATE storages SET validated_at = 1").await.unwrap();
        applications::set_relay(services, &access, id, true).await.unwrap();
        let on = applications::set_recording(services, &access, id, true).await.unwrap();
        assert!(on.relay && on.recording && on.missing.is_empty());
    }
}

on_both! {
    async fn every_change_reaches_every_node_once_and_in_order(world: World) {
        let access = world.owner().await;
        let services = &world.services;
        let demo = world.demo(&access).await;
        let (one, two) = (world.node().await, world.node().await);
        let mut changed = services.commands_changed();
        applications::set_recording(services, &access, demo.id, false).await.unwrap();
        assert!(changed.has_changed().unwrap());
        changed.mark_unchanged();
        let origins = vec!["https://Shop.example/".to_owned()];
        applications::set_allowed_origins(services, &access, demo.id, origins).await.unwrap();
        world.advance(1);
        let key = applications::create_key(services, &access, demo.id).await.unwrap().key;
        applications::revoke_key(services, &access, demo.id, key.id).await.unwrap();
        let again = applications::revoke_key(services, &access, demo.id, key.id).await.unwrap();
        assert!(again.keys[0].revoked_at.is_some() && again.keys[1].revoked_at.is_none());

        for node in [&one, &two] {
            let commands = nodes::commands_after(services, node.id, 0).await.unwrap();
            let sequences: Vec<_> = commands.iter().map(|(sequence, _)| *sequence).collect();
            assert_eq!(sequences, [1, 2, 3]);
            let (Command::SetPolicy { policy: first, .. }, Command::SetPolicy { policy: second, .. }) =
                (&commands[0].1, &commands[1].1)
            else {
                panic!("{commands:?}")
            };
            assert_eq!((first.revision, first.recording), (2, false));
            assert_eq!((second.revision, second.allowed_origins.as_slice()), (3, ["https://shop.example".to_owned()].as_slice()));
            assert_eq!(commands[2].1, Command::RevokeAppKey { app_key: key.id });
        }
        nodes::acknowledge(services, one.id, 2).await.unwrap();
        assert_eq!(nodes::commands_after(services, one.id, 0).await.unwrap().len(), 1);
        assert_eq!(nodes::commands_after(services, two.id, 2).await.unwrap().len(), 1);
    }
}

on_both! {
    async fn what_a_key_allows_is_changed_setting_by_setting(world: World) {
        let access = world.owner().await;
        let services = &world.services;
        let demo = world.demo(&access).await;
        let key = demo.keys[0].id;
        assert_eq!(demo.keys[0].settings, KeySettings::default());
        let privileged = KeyChange { privileged: Some(true), ..KeyChange::default() };
        applications::change_key(services, &access, demo.id, key, privileged).await.unwrap();
        let messages = KeyChange { auto_introduce: Some(false), link_messages: Some(true), ..KeyChange::default() };
        let changed = applications::change_key(services, &access, demo.id, key, messages).await.unwrap();
        let all = KeySettings { privileged: true, auto_introduce: false, link_messages: true };
        assert_eq!(changed.keys[0].settings, all);

        applications::revoke_key(services, &access, demo.id, key).await.unwrap();
        for gone in [key, nothing().1] {
            let refused = applications::change_key(services, &access, demo.id, gone, messages).await.unwrap_err();
            assert_eq!((refused.kind(), refused.code()), (Kind::NotFound, "app_key_not_found"));
        }
    }
}

on_both! {
    async fn a_refused_change_leaves_nothing_behind(world: World) {
        let access = world.owner().await;
        let services = &world.services;
        let demo = world.demo(&access).await;
        let node = world.node().await;
        world.execute("UPDATE storages SET validated_at = NULL").await.unwrap();
        applications::set_recording(services, &access, demo.id, true).await.unwrap_err();
        let bad = vec!["https://shop.example".to_owned(), "nonsense".to_owned()];
        assert_eq!(applications::set_allowed_origins(services, &access, demo.id, bad).await.unwrap_err().code(), "origin_invalid");
        let unknown = applications::revoke_key(services, &access, demo.id, nothing().1).await.unwrap_err();
        assert_eq!(unknown.kind(), Kind::NotFound);
        assert_eq!(world.demo(&access).await.policy(), demo.policy());
        assert_eq!(nodes::commands_after(services, node.id, 0).await.unwrap(), []);
    }
}

on_both! {
    async fn names_are_unique_within_the_org(world: World) {
        let access = world.owner().await;
        let name = || "Demo".to_owned().try_into().unwrap();
        let error = applications::create(&world.services, &access, name()).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (Kind::Conflict, "application_name_taken"));
        let stranger = world.stranger().await;
        let demo = applications::create(&world.services, &stranger, name()).await.unwrap();
        assert_eq!((demo.relay, demo.recording, demo.keys.len()), (true, false, 1));
        assert_eq!(demo.missing, [Condition::StorageNotValidated]);
    }
}
