use crate::support::on_both;
use domain::{
    applications, audit, jobs,
    recordings::{self, DeletionCause, RetentionPreview},
};

const DAY_SECONDS: u64 = 24 * 3600;

on_both! {
    async fn recordings_go_after_the_days_their_application_keeps_them(world: World) {
        let access = world.owner().await;
        let (demo, node) = (world.demo(&access).await, world.node().await);
        let services = &world.services;
        let name = "Other".to_owned().try_into().unwrap();
        let other = applications::create(services, &access, name).await.unwrap();
        let other = applications::set_recording(services, &access, other.id, true).await.unwrap();
        let old = world.recorded(&node, &demo, "old").await;
        let foreign = world.recorded(&node, &other, "foreign").await;
        world.advance(10 * DAY_SECONDS);
        let young = world.recorded(&node, &demo, "young").await;
        assert_eq!(demo.retention_days, None, "kept until somebody says otherwise");
        let deletion = async |id| recordings::get(services, &access, id).await.unwrap().deletion;

        let changed = applications::set_retention(services, &access, demo.id, Some(30)).await.unwrap();
        assert_eq!(changed.retention_days, Some(30));
        world.advance(20 * DAY_SECONDS - 3600);
        world.run_jobs().await;
        assert!(deletion(old).await.is_none());
        world.advance(2 * 3600);
        world.run_jobs().await;
        let gone = deletion(old).await.unwrap();
        assert!(gone.cause == DeletionCause::Retention && gone.deleted_at.is_some(), "{gone:?}");
        assert!(deletion(young).await.is_none() && deletion(foreign).await.is_none());
        let entries = audit::list(services, &access).await.unwrap();
        let requested = entries.iter().find(|entry| entry.action == "recording.delete_requested").unwrap();
        assert_eq!((requested.actor.as_str(), requested.detail.as_str()), ("system", "kept for 30 days"));

        applications::set_retention(services, &access, demo.id, None).await.unwrap();
        world.advance(3650 * DAY_SECONDS);
        world.run_jobs().await;
        assert!(deletion(young).await.is_none());
    }
}

on_both! {
    async fn a_shorter_retention_says_before_what_it_would_delete(world: World) {
        let access = world.owner().await;
        let (demo, node) = (world.demo(&access).await, world.node().await);
        let services = &world.services;
        let held = world.recorded(&node, &demo, "held").await;
        recordings::set_legal_hold(services, &access, held, true, "case 7").await.unwrap();
        for room in ["one", "two"] {
            world.recorded(&node, &demo, room).await;
        }
        world.advance(5 * DAY_SECONDS);
        world.recorded(&node, &demo, "young").await;
        let preview = async |days| recordings::retention_preview(services, &access, demo.id, days).await;
        assert_eq!(preview(4).await.unwrap(), RetentionPreview { recordings: 2, bytes: 32, held: 1 });
        assert_eq!(preview(6).await.unwrap(), RetentionPreview { recordings: 0, bytes: 0, held: 0 });
        for days in [0, 3651, u32::MAX] {
            assert_eq!(preview(days).await.unwrap_err().code(), "retention_invalid");
            let refused = applications::set_retention(services, &access, demo.id, Some(days)).await;
            assert_eq!(refused.unwrap_err().code(), "retention_invalid");
        }
    }
}

on_both! {
    async fn more_than_one_batch_goes_in_the_end(world: World) {
        let access = world.owner().await;
        let (demo, node) = (world.demo(&access).await, world.node().await);
        let id = world.recorded(&node, &demo, "first").await;
        let columns = "application_id, storage_id, room, peer_id, node_id, state, max_duration_seconds, \
            idle_timeout_seconds, bucket, created_at, ready_at, changed_at, seen_at";
        let mut copies = String::new();
        for number in 0..250 {
            copies += &format!(
                "INSERT INTO recordings (org_id, id, request_id, object_key, {columns})
                 SELECT org_id, 'rec_{number:032x}', 'req_{number:032x}', 'copy-{number}', {columns}
                 FROM recordings WHERE id = '{id}';"
            );
        }
        world.execute(&copies).await.unwrap();
        applications::set_retention(&world.services, &access, demo.id, Some(1)).await.unwrap();
        world.advance(2 * DAY_SECONDS);
        for _ in 0..40 {
            jobs::run_due(&world.services).await.unwrap();
            world.advance(30);
        }
        let left = recordings::retention_preview(&world.services, &access, demo.id, 1).await.unwrap();
        assert_eq!(left, RetentionPreview { recordings: 0, bytes: 0, held: 0 });
    }
}
