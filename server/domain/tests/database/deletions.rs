use crate::support::{World, on_both};
use domain::{
    applications, audit,
    error::Kind,
    recordings::{self, DeletionCause, LinkRequest, Wanted},
};
use protocol::webhook::EventType;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn objects(world: &World) -> usize {
    world.outside.state(|outside| outside.objects.len())
}

on_both! {
    async fn a_deleted_recording_is_gone_from_the_bucket_and_stays_in_the_books(world: World) {
        let access = world.owner().await;
        let (demo, node) = (world.demo(&access).await, world.node().await);
        let services = &world.services;
        world.webhook(&access, demo.id, &[EventType::RecordingDeleted]).await;
        let (kept, id) = (world.recorded(&node, &demo, "kept").await, world.recorded(&node, &demo, "lobby").await);
        let link = recordings::share(services, &access, id, DAY).await.unwrap();
        let token = link.url.path().strip_prefix("/r/").unwrap();
        world.outside.state(|outside| outside.hooks.clear());
        assert_eq!(objects(&world).await, 2);

        recordings::delete(services, &access, id, "asked by the customer").await.unwrap();
        let follow = || recordings::open_link(services, LinkRequest { token, wanted: Wanted::Video, head: false });
        assert_eq!(follow().await.unwrap_err().kind(), Kind::Gone, "at once, whatever the bucket does");
        world.run_jobs().await;
        assert_eq!(objects(&world).await, 1);
        assert_eq!(follow().await.unwrap_err().code(), "recording_deleted");
        for gone in [
            recordings::playback_url(services, &access, id).await,
            recordings::download_url(services, &access, id).await,
            recordings::share(services, &access, id, DAY).await.map(|link| link.url),
        ] {
            assert_eq!(gone.unwrap_err().code(), "recording_deleted");
        }
        recordings::playback_url(services, &access, kept).await.unwrap();

        let deletion = recordings::delete(services, &access, id, "").await.unwrap().deletion.unwrap();
        assert_eq!((deletion.cause, deletion.deleted_at), (DeletionCause::Requested, Some(world.clock.now())));
        world.run_jobs().await;
        let hooks = world.outside.state(|outside| outside.hooks.clone());
        let [hook] = hooks.as_slice() else { panic!("{hooks:?}") };
        let body: serde_json::Value = serde_json::from_slice(&hook.body).unwrap();
        assert_eq!((&body["type"], &body["data"]["recording"]), (&"recording.deleted".into(), &id.to_string().into()));
        assert_eq!(body["data"]["deleteCause"], "requested");
        let entries = audit::list(services, &access).await.unwrap();
        let told = |action: &str| entries.iter().filter(|entry| entry.action == action).map(|entry| entry.detail.clone()).collect::<Vec<_>>();
        assert_eq!(told("recording.delete_requested"), ["asked by the customer"]);
        assert_eq!(told("recording.deleted"), ["requested"]);
    }
}

on_both! {
    async fn a_deletion_waits_for_a_bucket_that_refuses_and_says_so(world: World) {
        let access = world.owner().await;
        let (demo, node) = (world.demo(&access).await, world.node().await);
        let id = world.recorded(&node, &demo, "lobby").await;
        world.outside.state(|outside| outside.bucket_closed = true);
        recordings::delete(&world.services, &access, id, "").await.unwrap();
        // Longer than any schedule of retries.
        for _ in 0..20 {
            world.run_jobs().await;
            world.advance(6 * 3600);
        }
        let waiting = recordings::get(&world.services, &access, id).await.unwrap().deletion.unwrap();
        assert!(waiting.problem.as_deref().is_some_and(|problem| problem.contains("s3:DeleteObject")), "{waiting:?}");
        assert_eq!((waiting.deleted_at, objects(&world).await), (None, 1));
        world.outside.state(|outside| outside.bucket_closed = false);
        world.advance(7 * 3600);
        world.run_jobs().await;
        let deletion = recordings::get(&world.services, &access, id).await.unwrap().deletion.unwrap();
        assert!(deletion.deleted_at.is_some() && deletion.problem.is_none());
        assert_eq!(objects(&world).await, 0);
    }
}

on_both! {
    async fn an_object_that_is_gone_already_is_deleted(world: World) {
        let access = world.owner().await;
        let (demo, node) = (world.demo(&access).await, world.node().await);
        let id = world.recorded(&node, &demo, "lobby").await;
        world.outside.state(|outside| outside.bucket_gone = true);
        recordings::delete(&world.services, &access, id, "").await.unwrap();
        world.run_jobs().await;
        let deletion = recordings::get(&world.services, &access, id).await.unwrap().deletion.unwrap();
        assert!(deletion.deleted_at.is_some());
    }
}

on_both! {
    async fn only_what_has_ended_is_deleted_and_a_lost_job_comes_back(world: World) {
        let access = world.owner().await;
        let (demo, node) = (world.demo(&access).await, world.node().await);
        let services = &world.services;
        let running = world.start(&node, &world.start_request(&demo, "running")).await.unwrap().id;
        assert_eq!(recordings::delete(services, &access, running, "").await.unwrap_err().code(), "recording_not_ended");
        let id = world.recorded(&node, &demo, "lobby").await;
        recordings::delete(services, &access, id, "").await.unwrap();
        world.execute("DELETE FROM jobs WHERE kind = 'delete_object'").await.unwrap();
        world.run_jobs().await;
        assert_eq!(objects(&world).await, 1);
        world.advance(2 * 3600);
        world.run_jobs().await;
        assert_eq!(objects(&world).await, 0);
    }
}

on_both! {
    async fn nothing_deletes_what_a_legal_hold_keeps(world: World) {
        let access = world.owner().await;
        let (demo, node) = (world.demo(&access).await, world.node().await);
        let services = &world.services;
        let id = world.recorded(&node, &demo, "lobby").await;
        let hold = |on, reason| recordings::set_legal_hold(services, &access, id, on, reason);
        assert_eq!(hold(true, " ").await.unwrap_err().code(), "reason_required");
        assert_eq!(hold(true, "case 7").await.unwrap().legal_hold.as_deref(), Some("case 7"));
        assert_eq!(recordings::delete(services, &access, id, "").await.unwrap_err().code(), "legal_hold");
        applications::set_retention(services, &access, demo.id, Some(1)).await.unwrap();
        world.advance(10 * 24 * 3600);
        world.run_jobs().await;
        assert_eq!(objects(&world).await, 1);

        hold(false, "case closed").await.unwrap();
        world.advance(600);
        world.run_jobs().await;
        assert_eq!(objects(&world).await, 0);
        assert_eq!(hold(true, "too late").await.unwrap_err().code(), "recording_deleted");
        let entries = audit::list(services, &access).await.unwrap();
        let told = |action: &str| entries.iter().find(|entry| entry.action == action).map(|entry| entry.detail.as_str());
        assert_eq!((told("recording.hold_set"), told("recording.hold_lifted")), (Some("case 7"), Some("case closed")));
    }
}

on_both! {
    async fn a_hold_calls_off_a_deletion_that_waits_but_not_one_under_way(world: World) {
        let access = world.owner().await;
        let (demo, node) = (world.demo(&access).await, world.node().await);
        let services = &world.services;
        let id = world.recorded(&node, &demo, "lobby").await;
        world.outside.state(|outside| outside.bucket_closed = true);
        recordings::delete(services, &access, id, "").await.unwrap();
        world.run_jobs().await;
        // A worker that has asked the bucket and died.
        let until = world.clock.unix_ms() + 60_000;
        world.execute(&format!("UPDATE recordings SET delete_attempt_until = {until}")).await.unwrap();
        let hold = || recordings::set_legal_hold(services, &access, id, true, "case 7");
        assert_eq!(hold().await.unwrap_err().code(), "deletion_under_way");
        world.advance(60);
        let held = hold().await.unwrap();
        assert!(held.legal_hold.is_some() && held.deletion.is_none());
        world.outside.state(|outside| outside.bucket_closed = false);
        world.advance(24 * 3600);
        world.run_jobs().await;
        assert_eq!(objects(&world).await, 1);
        recordings::playback_url(services, &access, id).await.unwrap();
    }
}
