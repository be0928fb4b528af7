use crate::support::{HERE, World, on_both};
use domain::{
    Access,
    api_keys::{self, AllowedNetworks, ApiKey, NewApiKey, Scope},
    applications::{self, KeyChange},
    audit,
    error::Kind,
    mail,
    notifications::{deliveries, endpoints},
    recordings,
    revision::Expected,
    storage::{self, StorageInput, StorageKind},
};
use protocol::{ids::ApplicationId, names::DisplayName};
use secrecy::ExposeSecret as _;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

fn new_key(scopes: &[Scope]) -> NewApiKey {
    NewApiKey {
        name: DisplayName::try_from("Backend".to_owned()).unwrap(),
        scopes: scopes.iter().copied().collect(),
        application: None,
        allowed_networks: AllowedNetworks::default(),
        expires_at: None,
    }
}

async fn key(world: &World, owner: &Access, new: NewApiKey) -> (ApiKey, String) {
    let created = api_keys::create(&world.services, owner, new).await.unwrap();
    (created.key, created.token.expose_secret().to_owned())
}

/// What a fresh key with these scopes gives access to.
async fn access_with(world: &World, owner: &Access, scopes: &[Scope], application: Option<ApplicationId>) -> Access {
    let (_, token) = key(world, owner, NewApiKey { application, ..new_key(scopes) }).await;
    api_keys::authenticate(&world.services, &token, HERE).await.unwrap()
}

async fn code(world: &World, token: &str) -> Option<&'static str> {
    api_keys::authenticate(&world.services, token, HERE).await.err().map(|error| error.code())
}

on_both! {
    async fn a_key_works_until_it_is_revoked_or_expires(world: World) {
        let owner = world.owner().await;
        let expires_at = Some(world.clock.now() + HOUR);
        let (_, passing) = key(&world, &owner, NewApiKey { expires_at, ..new_key(&[Scope::AuditRead]) }).await;
        let (lasting, token) = key(&world, &owner, new_key(&[Scope::AuditRead])).await;
        assert!(token.ends_with(&lasting.ending));
        assert_eq!([code(&world, &passing).await, code(&world, &token).await], [None, None]);
        world.advance(3600);
        assert_eq!([code(&world, &passing).await, code(&world, &token).await], [Some("api_key_invalid"), None]);
        for _ in 0..2 {
            let revoked = api_keys::revoke(&world.services, &owner, lasting.id).await.unwrap();
            assert_eq!(revoked.revoked_at, Some(world.clock.now()));
        }
        assert_eq!(code(&world, &token).await, Some("api_key_invalid"));
        assert_eq!(code(&world, "mdk_nothing").await, Some("api_key_invalid"));
    }
}

on_both! {
    async fn the_database_holds_no_usable_key(world: World) {
        let owner = world.owner().await;
        let (_, token) = key(&world, &owner, new_key(&[Scope::AuditRead])).await;
        let random = &token["mdk_".len()..token.len() - 6];
        for (place, cell) in world.cells().await {
            assert!(!cell.contains(random), "{place}");
        }
    }
}

on_both! {
    async fn uses_are_noted_once_a_minute(world: World) {
        let owner = world.owner().await;
        let (_, token) = key(&world, &owner, new_key(&[Scope::AuditRead])).await;
        let mut noted = Vec::new();
        for seconds in [0, 59, 1] {
            world.advance(seconds);
            assert_eq!(code(&world, &token).await, None);
            noted.push(api_keys::list(&world.services, &owner).await.unwrap()[0].last_used_at.unwrap());
        }
        let first = noted[0];
        assert_eq!(noted, [first, first, first + Duration::from_secs(60)]);
        let from = api_keys::list(&world.services, &owner).await.unwrap().remove(0).last_used_from;
        assert_eq!(from, Some(HERE.to_string()));
    }
}

on_both! {
    async fn a_key_works_only_from_its_networks(world: World) {
        let owner = world.owner().await;
        for (network, expected) in [("192.0.2.0/24", None), ("203.0.113.0/24", Some("address_not_allowed"))] {
            let allowed_networks = AllowedNetworks::parse([network]).unwrap();
            let (_, token) = key(&world, &owner, NewApiKey { allowed_networks, ..new_key(&[Scope::AuditRead]) }).await;
            assert_eq!(code(&world, &token).await, expected, "{network}");
        }
    }
}

on_both! {
    async fn scopes_decide(world: World) {
        let owner = world.owner().await;
        let demo = world.demo(&owner).await;
        let services = &world.services;
        let reader = access_with(&world, &owner, &[Scope::ApplicationsRead], None).await;
        let writer = access_with(&world, &owner, &[Scope::ApplicationsWrite], None).await;
        assert_eq!(applications::list(services, &reader).await.unwrap().len(), 1);
        let changed = applications::set_relay(services, &reader, demo.id, true).await.unwrap_err();
        assert_eq!((changed.kind(), changed.code()), (Kind::Forbidden, "scope_missing"));
        assert!(changed.public_message().contains("applications:write"));
        applications::get(services, &writer, demo.id).await.unwrap();
        applications::set_relay(services, &writer, demo.id, true).await.unwrap();
        let refused = [
            recordings::list(services, &writer, demo.id, None).await.map(drop),
            storage::overview(services, &writer).await.map(drop),
            storage::create_embedded(services, &writer).await.map(drop),
            storage::create(services, &writer, StorageKind::AwsKeys, &StorageInput::default()).await.map(drop),
            audit::list(services, &writer).await.map(drop),
            mail::list(services, &writer).await.map(drop),
            api_keys::list(services, &writer).await.map(drop),
            api_keys::create(services, &writer, new_key(&[Scope::ApplicationsRead])).await.map(drop),
        ];
        for (index, result) in refused.into_iter().enumerate() {
            assert_eq!(result.unwrap_err().kind(), Kind::Forbidden, "{index}");
        }
        let keys = api_keys::list(services, &owner).await.unwrap();
        let key = keys.iter().find(|key| key.scopes.contains(Scope::ApplicationsWrite)).unwrap().id;
        let entry = audit::list(services, &owner).await.unwrap().remove(0);
        assert_eq!((entry.action.as_str(), entry.actor), ("application.relay_on", key.to_string()));
    }
}

on_both! {
    async fn a_bound_key_sees_one_application(world: World) {
        let owner = world.owner().await;
        let services = &world.services;
        let demo = world.demo(&owner).await;
        let node = world.node().await;
        let recording = world.recorded(&node, &demo, "lobby").await;
        let name = |name: &str| DisplayName::try_from(name.to_owned()).unwrap();
        let other = applications::create(services, &owner, name("Other")).await.unwrap();
        let endpoint = world.webhook(&owner, demo.id, &[]).await.endpoint.id;
        let delivery = deliveries::send_test(services, &owner, endpoint).await.unwrap().id;
        let scopes = [Scope::ApplicationsWrite, Scope::RecordingsWrite, Scope::WebhooksWrite];
        let bound = access_with(&world, &owner, &scopes, Some(other.id)).await;

        let seen: Vec<_> = applications::list(services, &bound).await.unwrap();
        assert_eq!(seen.iter().map(|application| application.id).collect::<Vec<_>>(), [other.id]);
        applications::set_recording(services, &bound, other.id, false).await.unwrap();
        recordings::list(services, &bound, other.id, None).await.unwrap();
        let refused = [
            applications::get(services, &bound, demo.id).await.map(drop),
            applications::set_relay(services, &bound, demo.id, false).await.map(drop),
            applications::set_recording(services, &bound, demo.id, false).await.map(drop),
            applications::set_allowed_origins(services, &bound, demo.id, Vec::new()).await.map(drop),
            applications::set_retention(services, &bound, demo.id, Some(1)).await.map(drop),
            applications::set_link_validity(services, &bound, demo.id, HOUR).await.map(drop),
            endpoints::list(services, &bound, demo.id).await.map(drop),
            endpoints::get(services, &bound, endpoint).await.map(drop),
            endpoints::remove(services, &bound, endpoint, Expected::Any).await,
            deliveries::send_test(services, &bound, endpoint).await.map(drop),
            deliveries::get(services, &bound, delivery).await.map(drop),
            applications::create_key(services, &bound, demo.id).await.map(drop),
            applications::revoke_key(services, &bound, demo.id, demo.keys[0].id).await.map(drop),
            applications::change_key(services, &bound, demo.id, demo.keys[0].id, KeyChange::default()).await.map(drop),
            storage::use_for(services, &bound, demo.id, None).await,
            recordings::list(services, &bound, demo.id, None).await.map(drop),
            recordings::get(services, &bound, recording).await.map(drop),
            recordings::stop(services, &bound, recording).await.map(drop),
            recordings::playback_url(services, &bound, recording).await.map(drop),
            recordings::share(services, &bound, recording, HOUR).await.map(drop),
            recordings::delete(services, &bound, recording, "").await.map(drop),
            recordings::set_legal_hold(services, &bound, recording, true, "mine").await.map(drop),
            recordings::retention_preview(services, &bound, demo.id, 1).await.map(drop),
        ];
        for (index, result) in refused.into_iter().enumerate() {
            assert_eq!(result.unwrap_err().kind(), Kind::NotFound, "{index}");
        }
        let created = applications::create(services, &bound, name("Third")).await.unwrap_err();
        assert_eq!((created.kind(), created.code()), (Kind::Forbidden, "key_is_bound"));
        for scope in [Scope::StorageRead, Scope::AuditRead] {
            let wide = NewApiKey { application: Some(other.id), ..new_key(&[scope]) };
            assert_eq!(api_keys::create(services, &owner, wide).await.unwrap_err().code(), "scope_too_wide");
        }
    }
}

on_both! {
    async fn keys_belong_to_their_tenant(world: World) {
        let owner = world.owner().await;
        let stranger = world.stranger().await;
        let services = &world.services;
        let demo = world.demo(&owner).await;
        let (own, token) = key(&world, &owner, new_key(&[Scope::ApplicationsRead])).await;
        assert!(api_keys::list(services, &stranger).await.unwrap().is_empty());
        assert_eq!(api_keys::revoke(services, &stranger, own.id).await.unwrap_err().kind(), Kind::NotFound);
        assert_eq!(code(&world, &token).await, None);
        let foreign = NewApiKey { application: Some(demo.id), ..new_key(&[Scope::ApplicationsRead]) };
        let created = api_keys::create(services, &stranger, foreign).await.unwrap_err();
        assert_eq!(created.kind(), Kind::NotFound);
        let theirs = access_with(&world, &stranger, &[Scope::ApplicationsRead], None).await;
        assert_eq!(applications::get(services, &theirs, demo.id).await.unwrap_err().kind(), Kind::NotFound);
    }
}

on_both! {
    async fn an_org_has_at_most_fifty_live_keys(world: World) {
        let owner = world.owner().await;
        let mut keys = Vec::new();
        for _ in 0..50 {
            keys.push(key(&world, &owner, new_key(&[Scope::AuditRead])).await.0.id);
        }
        let create = || api_keys::create(&world.services, &owner, new_key(&[Scope::AuditRead]));
        assert_eq!(create().await.unwrap_err().code(), "too_many_api_keys");
        api_keys::revoke(&world.services, &owner, keys[0]).await.unwrap();
        create().await.unwrap();
    }
}

on_both! {
    async fn a_key_gives_no_more_than_it_has(world: World) {
        let owner = world.owner().await;
        let services = &world.services;
        let end = world.clock.now() + HOUR;
        let networks = |text: &str| AllowedNetworks::parse([text]).unwrap();
        let maker = NewApiKey {
            expires_at: Some(end),
            allowed_networks: networks("192.0.2.0/24"),
            ..new_key(&[Scope::ApiKeysWrite, Scope::RecordingsWrite])
        };
        let (_, token) = key(&world, &owner, maker.clone()).await;
        let access = api_keys::authenticate(services, &token, HERE).await.unwrap();
        let within = NewApiKey { allowed_networks: networks("192.0.2.7"), ..new_key(&[Scope::RecordingsRead]) };
        let too_wide = [
            NewApiKey { expires_at: Some(end), scopes: [Scope::AuditRead].into_iter().collect(), ..within.clone() },
            NewApiKey { expires_at: Some(end + HOUR), ..within.clone() },
            NewApiKey { expires_at: None, ..within.clone() },
            NewApiKey { expires_at: Some(end), allowed_networks: AllowedNetworks::default(), ..within.clone() },
        ];
        for (index, new) in too_wide.into_iter().enumerate() {
            assert_eq!(api_keys::create(services, &access, new).await.unwrap_err().code(), "grant_too_wide", "{index}");
        }
        let made = api_keys::create(services, &access, NewApiKey { expires_at: Some(end), ..within }).await.unwrap();
        assert_eq!(api_keys::get(services, &access, made.key.id).await.unwrap().id, made.key.id);
        // A successor takes over, and the one before is revoked by it.
        let (_, successor) = key(&world, &access, maker).await;
        assert_eq!([code(&world, &token).await, code(&world, &successor).await], [None, None]);
        let access_of_successor = api_keys::authenticate(services, &successor, HERE).await.unwrap();
        api_keys::revoke(services, &access_of_successor, access.api_key().unwrap()).await.unwrap();
        assert_eq!([code(&world, &token).await, code(&world, &successor).await], [Some("api_key_invalid"), None]);
    }
}
