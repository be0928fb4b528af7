use crate::support::on_both;
use domain::{
    applications::{self, KeyChange},
    audit,
    error::Kind,
    mail,
    notifications::{
        deliveries::{self, DeliveryFilter},
        endpoints::{self, EndpointUpdate, NewEndpoint},
    },
    recordings,
    revision::Expected,
    storage::{self, Standing, StorageInput, StorageKind},
};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

on_both! {
    async fn another_tenants_objects_do_not_exist(world: World) {
        let owner = world.owner().await;
        let stranger = world.stranger().await;
        let services = &world.services;
        let demo = world.demo(&owner).await;
        let node = world.node().await;
        let recording = world.start(&node, &world.start_request(&demo, "lobby")).await.unwrap().id;
        let storage = storage::overview(services, &owner).await.unwrap().storages.remove(0);

        let endpoint = world.webhook(&owner, demo.id, &[]).await.endpoint.id;
        let delivery = deliveries::send_test(services, &owner, endpoint).await.unwrap().id;
        let url = world.outside.hook_url();
        let (id, key) = (demo.id, demo.keys[0].id);
        let refused = [
            applications::get(services, &stranger, id).await.map(drop),
            applications::set_relay(services, &stranger, id, false).await.map(drop),
            applications::set_recording(services, &stranger, id, false).await.map(drop),
            applications::set_allowed_origins(services, &stranger, id, Vec::new()).await.map(drop),
            endpoints::list(services, &stranger, id).await.map(drop),
            endpoints::create(services, &stranger, id, NewEndpoint::at(url.clone())).await.map(drop),
            endpoints::get(services, &stranger, endpoint).await.map(drop),
            endpoints::update(services, &stranger, endpoint, EndpointUpdate::default()).await.map(drop),
            endpoints::rotate_secret(services, &stranger, endpoint, HOUR).await.map(drop),
            endpoints::remove(services, &stranger, endpoint, Expected::Any).await,
            deliveries::send_test(services, &stranger, endpoint).await.map(drop),
            deliveries::replay_failed(services, &stranger, endpoint, world.clock.now(), None).await.map(drop),
            deliveries::get(services, &stranger, delivery).await.map(drop),
            deliveries::replay(services, &stranger, delivery).await.map(drop),
            applications::create_key(services, &stranger, id).await.map(drop),
            applications::revoke_key(services, &stranger, id, key).await.map(drop),
            applications::change_key(services, &stranger, id, key, KeyChange::default()).await.map(drop),
            deliveries::list(services, &stranger, id, DeliveryFilter::default(), None).await.map(drop),
            recordings::list(services, &stranger, id, None).await.map(drop),
            recordings::get(services, &stranger, recording).await.map(drop),
            recordings::stop(services, &stranger, recording).await.map(drop),
            recordings::playback_url(services, &stranger, recording).await.map(drop),
            recordings::download_url(services, &stranger, recording).await.map(drop),
            recordings::share(services, &stranger, recording, HOUR).await.map(drop),
            recordings::delete(services, &stranger, recording, "").await.map(drop),
            recordings::set_legal_hold(services, &stranger, recording, true, "mine").await.map(drop),
            recordings::retention_preview(services, &stranger, id, 1).await.map(drop),
            applications::set_retention(services, &stranger, id, Some(1)).await.map(drop),
            applications::set_link_validity(services, &stranger, id, HOUR).await.map(drop),
            storage::get(services, &stranger, storage.id).await.map(drop),
            storage::validate(services, &stranger, storage.id).await.map(drop),
            storage::validations(services, &stranger, storage.id).await.map(drop),
            storage::update(services, &stranger, storage.id, &StorageInput::default()).await.map(drop),
            storage::use_as(services, &stranger, storage.id, &Expected::Any, Standing::Second).await,
            storage::use_for(services, &stranger, id, Some(storage.id)).await,
            storage::use_for(services, &stranger, id, None).await,
            storage::remove(services, &stranger, storage.id).await,
        ];
        for (index, result) in refused.into_iter().enumerate() {
            assert_eq!(result.unwrap_err().kind(), Kind::NotFound, "{index}");
        }
        assert!(applications::list(services, &stranger).await.unwrap().is_empty());
        assert!(mail::list(services, &stranger).await.unwrap().is_empty());
        assert!(audit::list(services, &stranger).await.unwrap().is_empty());
        assert!(storage::overview(services, &stranger).await.unwrap().storages.is_empty());
        let after = world.demo(&owner).await;
        assert_eq!((after.policy(), after.keys.len()), (demo.policy(), 1));
    }
}

on_both! {
    async fn a_viewer_looks_and_changes_nothing(world: World) {
        let owner = world.owner().await;
        let demo = world.demo(&owner).await;
        let node = world.node().await;
        let recording = world.recorded(&node, &demo, "lobby").await;
        world.execute("UPDATE members SET role = 'viewer'").await.unwrap();
        let services = &world.services;
        let viewer = domain::accounts::access(services, owner.user().unwrap()).await.unwrap();
        applications::get(services, &viewer, demo.id).await.unwrap();
        let refused = [
            applications::create(services, &viewer, "New".to_owned().try_into().unwrap()).await.map(drop),
            applications::set_relay(services, &viewer, demo.id, false).await.map(drop),
            applications::create_key(services, &viewer, demo.id).await.map(drop),
            applications::change_key(services, &viewer, demo.id, demo.keys[0].id, KeyChange::default()).await.map(drop),
            applications::set_retention(services, &viewer, demo.id, Some(1)).await.map(drop),
            applications::set_link_validity(services, &viewer, demo.id, HOUR).await.map(drop),
            recordings::share(services, &viewer, recording, HOUR).await.map(drop),
            recordings::delete(services, &viewer, recording, "").await.map(drop),
            recordings::set_legal_hold(services, &viewer, recording, true, "mine").await.map(drop),
            endpoints::create(services, &viewer, demo.id, NewEndpoint::at(world.outside.hook_url())).await.map(drop),
            storage::create_embedded(services, &viewer).await.map(drop),
            storage::create(services, &viewer, StorageKind::S3Compatible, &StorageInput::default()).await.map(drop),
            storage::use_for(services, &viewer, demo.id, None).await,
        ];
        for result in refused {
            assert_eq!(result.unwrap_err().kind(), Kind::Forbidden);
        }
    }
}
