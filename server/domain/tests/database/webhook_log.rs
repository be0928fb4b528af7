//! The log of deliveries: pages, filters, replays, and what is kept of it.

use crate::support::{World, on_both};
use chrono::{DateTime, Utc};
use domain::{
    Access,
    notifications::{
        deliveries::{self, Delivery, DeliveryFilter, Replayed},
        endpoints,
    },
    revision::Expected,
};
use protocol::{
    ids::{ApplicationId, EndpointId},
    webhook::{DeliveryState, EventType},
};

const DAY: u64 = 24 * 3600;

/// Sends so many, one second after the other.
async fn send(world: &World, access: &Access, endpoint: EndpointId, count: usize) -> Vec<Delivery> {
    let mut sent = Vec::new();
    for _ in 0..count {
        world.advance(1);
        sent.push(deliveries::send_test(&world.services, access, endpoint).await.unwrap());
    }
    sent
}

async fn list(world: &World, access: &Access, application: ApplicationId, filter: DeliveryFilter) -> Vec<Delivery> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = deliveries::list(&world.services, access, application, filter, after).await.unwrap();
        assert!(page.items.len() <= 50);
        all.extend(page.items);
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

fn ids(deliveries: &[Delivery]) -> Vec<String> {
    deliveries.iter().map(|delivery| delivery.id.to_string()).collect()
}

fn at(world: &World) -> DateTime<Utc> {
    world.clock.now()
}

on_both! {
    async fn the_log_is_read_page_by_page_and_by_what_one_looks_for(world: World) {
        let access = world.owner().await;
        let demo = world.demo(&access).await;
        let first = world.webhook(&access, demo.id, &[EventType::StorageDegraded]).await.endpoint.id;
        let second = world.webhook(&access, demo.id, &[EventType::StorageDegraded]).await.endpoint.id;
        let mut sent = Vec::new();
        for round in 0..35 {
            let to = if round % 2 == 0 { first } else { second };
            sent.extend(send(&world, &access, to, 2).await);
        }
        sent.reverse();
        let everything = DeliveryFilter::default();
        assert_eq!(ids(&list(&world, &access, demo.id, everything).await), ids(&sent));
        let only = |endpoint| DeliveryFilter { endpoint: Some(endpoint), ..everything };
        let of_second: Vec<_> = sent.iter().filter(|delivery| delivery.endpoint == second).cloned().collect();
        assert_eq!(ids(&list(&world, &access, demo.id, only(second)).await), ids(&of_second));

        let between = DeliveryFilter { from: Some(sent[20].created_at), until: Some(sent[10].created_at), ..everything };
        assert_eq!(ids(&list(&world, &access, demo.id, between).await), ids(&sent[11..=20]));

        world.outside.state(|outside| outside.hook_answers = vec![(500, String::new()); 7]);
        world.run_jobs().await;
        let state = |state| DeliveryFilter { state: Some(state), ..everything };
        assert_eq!(list(&world, &access, demo.id, state(DeliveryState::Waiting)).await.len(), 7);
        assert_eq!(list(&world, &access, demo.id, state(DeliveryState::Delivered)).await.len(), 63);
        assert!(list(&world, &access, demo.id, state(DeliveryState::Failed)).await.is_empty());
        let event = |event| DeliveryFilter { event: Some(event), state: Some(DeliveryState::Delivered), ..only(first) };
        assert!(list(&world, &access, demo.id, event(EventType::StorageDegraded)).await.is_empty());
        let tests = list(&world, &access, demo.id, event(EventType::Test)).await;
        assert!(!tests.is_empty() && tests.iter().all(|delivery| delivery.endpoint == first));
    }
}

on_both! {
    async fn what_was_delivered_or_given_up_can_be_sent_again(world: World) {
        let access = world.owner().await;
        let (services, demo) = (&world.services, world.demo(&access).await);
        let endpoint = world.webhook(&access, demo.id, &[]).await.endpoint.id;
        let delivery = send(&world, &access, endpoint, 1).await.remove(0);
        world.run_jobs().await;
        let replayed = deliveries::replay(services, &access, delivery.id).await.unwrap();
        assert_eq!((replayed.state, replayed.next_attempt_at), (DeliveryState::Waiting, Some(at(&world))));
        world.outside.state(|outside| outside.hook_answers = vec![(500, String::new())]);
        world.run_jobs().await;
        world.advance(6);
        world.run_jobs().await;
        let hooks = world.outside.state(|outside| outside.hooks.clone());
        assert_eq!(hooks.len(), 3, "a replay has the whole schedule before it");
        assert!(hooks.iter().all(|hook| hook.headers["webhook-id"] == delivery.message.to_string() && hook.body == hooks[0].body));
        let detail = deliveries::get(services, &access, delivery.id).await.unwrap();
        assert_eq!(detail.attempts.iter().map(|attempt| attempt.number).collect::<Vec<_>>(), [1, 2, 3]);
    }
}

on_both! {
    async fn what_failed_in_a_stretch_of_time_is_sent_again_together(world: World) {
        let access = world.owner().await;
        let (services, demo) = (&world.services, world.demo(&access).await);
        let endpoint = world.webhook(&access, demo.id, &[]).await.endpoint.id;
        let sent = send(&world, &access, endpoint, 6).await;
        world.execute("UPDATE deliveries SET state = 'failed', due_at = NULL").await.unwrap();
        let (from, until) = (sent[1].created_at, sent[4].created_at);
        let replayed = deliveries::replay_failed(services, &access, endpoint, from, Some(until)).await.unwrap();
        assert_eq!(replayed, Replayed { count: 3, more: false });
        let again = deliveries::replay_failed(services, &access, endpoint, from, Some(until)).await.unwrap();
        assert_eq!(again.count, 0);
        world.run_jobs().await;
        assert_eq!(world.outside.state(|outside| outside.hooks.len()), 3);
        let rest = deliveries::replay_failed(services, &access, endpoint, sent[0].created_at, None).await.unwrap();
        assert_eq!(rest.count, 3);
    }
}

on_both! {
    async fn what_was_said_is_forgotten_before_that_it_was_said(world: World) {
        let access = world.owner().await;
        let (services, demo) = (&world.services, world.demo(&access).await);
        let endpoint = world.webhook(&access, demo.id, &[]).await.endpoint.id;
        let old = send(&world, &access, endpoint, 1).await.remove(0);
        world.run_jobs().await;
        world.advance(14 * DAY - 60);
        world.run_jobs().await;
        assert!(deliveries::get(services, &access, old.id).await.unwrap().body.is_some());
        world.advance(DAY);
        world.run_jobs().await;
        let detail = deliveries::get(services, &access, old.id).await.unwrap();
        assert_eq!((detail.body, detail.attempts.len()), (None, 1));
        assert_eq!(deliveries::replay(services, &access, old.id).await.unwrap_err().code(), "message_expired");
        world.advance(46 * DAY);
        world.run_jobs().await;
        assert_eq!(deliveries::get(services, &access, old.id).await.unwrap_err().code(), "delivery_not_found");
        let cells = world.cells().await;
        assert!(!cells.iter().any(|(_, cell)| cell.contains(&old.message.to_string())), "nothing of it is left");
    }
}

on_both! {
    async fn a_removed_endpoint_leaves_nothing_behind(world: World) {
        let access = world.owner().await;
        let (services, demo) = (&world.services, world.demo(&access).await);
        let endpoint = world.webhook(&access, demo.id, &[]).await.endpoint.id;
        send(&world, &access, endpoint, 3).await;
        endpoints::rotate_secret(services, &access, endpoint, endpoints::DEFAULT_OVERLAP).await.unwrap();
        endpoints::remove(services, &access, endpoint, Expected::Any).await.unwrap();
        world.advance(DAY);
        world.run_jobs().await;
        let left: Vec<_> = world.cells().await.into_iter().filter(|(_, cell)| *cell == endpoint.to_string()).collect();
        assert!(left.iter().all(|(column, _)| column == "audit_log.object"), "{left:?}");
    }
}
