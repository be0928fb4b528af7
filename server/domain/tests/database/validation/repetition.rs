//! Storages are tried daily, and again and again while they do not work.

use super::{ACTIONS, Cloud, add, facing, latest, warnings, with_key};
use crate::support::on_both;
use domain::storage::{self, Health, StorageKind, ValidationCause, ValidationState};

const DAY: u64 = 24 * 3600;

on_both! {
    async fn a_permission_that_was_taken_away_is_found_within_a_day_and_its_return_within_minutes(world: World) {
        let mut world = world;
        let cloud = Cloud::new();
        let access = facing(&mut world, &cloud).await;
        let user = cloud.user("recorder", &cloud.policy(&ACTIONS));
        let (storage, first) = add(&world, &access, StorageKind::AwsKeys, &with_key(&cloud, &user)).await;
        warnings(&first);
        world.advance(DAY - 60);
        world.run_jobs().await;
        assert_eq!(latest(&world, &access, &storage).await.id, first.id);
        cloud.set_user_policy("recorder", &cloud.policy(&ACTIONS[2..]));
        world.advance(60);
        world.run_jobs().await;
        let daily = latest(&world, &access, &storage).await;
        assert_eq!((daily.cause, daily.state), (ValidationCause::Daily, ValidationState::Failed));
        let health = storage::get(&world.services, &access, storage.id).await.unwrap().health;
        let Health::Degraded { reason, .. } = health else { panic!("{health:?}") };
        assert!(reason.contains("s3:PutObject"), "{reason}");

        for _ in 0..4 {
            world.advance(900);
            world.run_jobs().await;
        }
        cloud.set_user_policy("recorder", &cloud.policy(&ACTIONS));
        world.advance(900);
        world.run_jobs().await;
        let recovery = latest(&world, &access, &storage).await;
        assert_eq!((recovery.cause, recovery.state), (ValidationCause::Recovery, ValidationState::Passed));
        let health = storage::get(&world.services, &access, storage.id).await.unwrap().health;
        assert_eq!(health, Health::Working);
        let all = storage::validations(&world.services, &access, storage.id).await.unwrap();
        assert_eq!(all.len(), 7);
    }
}
