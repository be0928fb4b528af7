//! Where messages go, and who may say so.

use crate::support::on_both;
use domain::{
    audit,
    notifications::{
        deliveries::{self, DeliveryFilter},
        endpoints::{self, Endpoint, EndpointUpdate, NewEndpoint},
    },
    revision::Expected,
};
use protocol::webhook::{EndpointState, EventType};

/// For a change of what was seen.
fn only(seen: &Endpoint) -> Expected {
    Expected::OneOf(vec![seen.version()])
}

on_both! {
    async fn endpoints_are_at_permitted_addresses_only(world: World) {
        let access = world.owner().await;
        let (services, demo) = (&world.services, world.demo(&access).await);
        let id = world.webhook(&access, demo.id, &[]).await.endpoint.id;
        for url in ["http://example.com/", "https://127.0.0.1/", "https://10.0.0.1/", "https://example.com:22/"] {
            let url: url::Url = url.parse().unwrap();
            let error = endpoints::create(services, &access, demo.id, NewEndpoint::at(url.clone())).await.unwrap_err();
            assert_eq!(error.code(), "webhook_url_not_allowed", "{url}");
            let update = EndpointUpdate { url: Some(url), ..EndpointUpdate::default() };
            let error = endpoints::update(services, &access, id, update).await.unwrap_err();
            assert_eq!(error.code(), "webhook_url_not_allowed");
        }
    }
}

on_both! {
    async fn an_application_has_several_and_not_too_many(world: World) {
        let access = world.owner().await;
        let (services, demo) = (&world.services, world.demo(&access).await);
        for _ in 0..10 {
            world.webhook(&access, demo.id, &[]).await;
        }
        let more = endpoints::create(services, &access, demo.id, NewEndpoint::at(world.outside.hook_url())).await;
        assert_eq!(more.unwrap_err().code(), "too_many_endpoints");
        let listed = endpoints::list(services, &access, demo.id).await.unwrap();
        assert_eq!(listed.len(), 10);
        endpoints::remove(services, &access, listed[3].id, Expected::Any).await.unwrap();
        assert_eq!(endpoints::get(services, &access, listed[3].id).await.unwrap_err().code(), "endpoint_not_found");
        world.webhook(&access, demo.id, &[]).await;
    }
}

on_both! {
    async fn changes_are_whole_audited_and_know_of_each_other(world: World) {
        let access = world.owner().await;
        let (services, demo) = (&world.services, world.demo(&access).await);
        let made = world.webhook(&access, demo.id, &[EventType::Test]).await.endpoint;
        let update = EndpointUpdate {
            url: Some("https://hooks.example.com/secret-path?token=1".parse().unwrap()),
            events: Some(vec![EventType::StorageDegraded, EventType::RoomEnded, EventType::RoomEnded]),
            enabled: Some(false),
            expected: only(&made),
        };
        let changed = endpoints::update(services, &access, made.id, update.clone()).await.unwrap();
        assert_eq!(changed.events, [EventType::RoomEnded, EventType::StorageDegraded]);
        assert_eq!((changed.state, changed.version()), (EndpointState::Disabled, "2".to_owned()));
        assert_eq!(endpoints::get(services, &access, made.id).await.unwrap().url, changed.url);
        let late = endpoints::update(services, &access, made.id, update).await.unwrap_err();
        assert_eq!(late.code(), "changed_meanwhile");
        let late = endpoints::remove(services, &access, made.id, only(&made)).await.unwrap_err();
        assert_eq!(late.code(), "changed_meanwhile");

        endpoints::remove(services, &access, made.id, only(&changed)).await.unwrap();
        let entries = audit::list(services, &access).await.unwrap();
        let about = entries.iter().rev().filter(|entry| entry.object == made.id.to_string());
        let told: Vec<_> = about.map(|entry| (entry.action.as_str(), entry.detail.as_str())).collect();
        assert_eq!(told[1..], [
            ("webhook_endpoint.changed", "https://hooks.example.com"),
            ("webhook_endpoint.disabled", ""),
            ("webhook_endpoint.removed", ""),
        ]);
    }
}

on_both! {
    async fn what_is_disabled_or_removed_gets_nothing(world: World) {
        let access = world.owner().await;
        let (services, demo) = (&world.services, world.demo(&access).await);
        let (off, gone) = (world.webhook(&access, demo.id, &[]).await, world.webhook(&access, demo.id, &[]).await);
        let waits = deliveries::send_test(services, &access, off.endpoint.id).await.unwrap();
        let lost = deliveries::send_test(services, &access, gone.endpoint.id).await.unwrap();
        let enabled = |on| EndpointUpdate { enabled: Some(on), ..EndpointUpdate::default() };
        endpoints::update(services, &access, off.endpoint.id, enabled(false)).await.unwrap();
        endpoints::remove(services, &access, gone.endpoint.id, Expected::Any).await.unwrap();
        world.run_jobs().await;
        assert_eq!(world.outside.state(|outside| outside.hooks.len()), 0);
        assert_eq!(deliveries::get(services, &access, lost.id).await.unwrap_err().code(), "delivery_not_found");
        let page = deliveries::list(services, &access, demo.id, DeliveryFilter::default(), None).await.unwrap();
        assert_eq!(page.items.iter().map(|delivery| delivery.id).collect::<Vec<_>>(), [waits.id]);

        endpoints::update(services, &access, off.endpoint.id, enabled(true)).await.unwrap();
        world.run_jobs().await;
        assert_eq!(world.outside.state(|outside| outside.hooks.len()), 1);
    }
}
