//! Each permission removed in turn, and what is offered to paste.

use super::{ACTIONS, Cloud, add, again, facing, failure, names, offered, warnings, with_key};
use crate::support::on_both;
use domain::storage::{Encryption, Outcome, StepName, StorageInput, StorageKind};
use serde_json::{Value, json};

const KMS: [&str; 2] = ["kms:GenerateDataKey", "kms:Decrypt"];

/// A storage that uses everything there is to use.
fn elaborate(plain: StorageInput, kms_key: &str) -> StorageInput {
    StorageInput {
        encryption: Encryption::Kms { key_id: kms_key.to_owned() },
        storage_class: "STANDARD_IA".into(),
        metadata: "department=support".into(),
        tags: "cost-centre=4711\nkept=yes".into(),
        ..plain
    }
}

/// Everything is allowed but `missing`.
fn all_but(cloud: &Cloud, kms_key: &str, missing: &str) -> Value {
    let left = |actions: &[&'static str]| -> Vec<&str> {
        actions.iter().copied().filter(|action| *action != missing).collect()
    };
    let mut policy = cloud.policy(&left(&ACTIONS));
    let keys = json!({ "Effect": "Allow", "Action": left(&KMS), "Resource": kms_key });
    policy["Statement"].as_array_mut().unwrap().push(keys);
    policy
}

on_both! {
    async fn each_missing_permission_is_named(world: World) {
        let mut world = world;
        let cloud = Cloud::new();
        let access = facing(&mut world, &cloud).await;
        let kms_key = cloud.kms_key();
        let user = cloud.user("recorder", &all_but(&cloud, &kms_key, "nothing"));
        let input = elaborate(with_key(&cloud, &user), &kms_key);
        let (storage, whole) = add(&world, &access, StorageKind::AwsKeys, &input).await;
        assert_eq!(names(&warnings(&whole)), [StepName::Cors]);
        for (action, step) in [
            ("s3:PutObject", StepName::Put),
            ("s3:PutObjectTagging", StepName::Put),
            ("kms:GenerateDataKey", StepName::Put),
            ("s3:GetObject", StepName::Head),
            ("kms:Decrypt", StepName::Get),
            ("s3:AbortMultipartUpload", StepName::Abort),
        ] {
            cloud.set_user_policy("recorder", &all_but(&cloud, &kms_key, action));
            let validation = again(&world, &access, &storage).await;
            let (failed, finding, remedy) = failure(&validation);
            assert_eq!(failed, step, "{action}: {finding}");
            assert!(finding.contains(action) && finding.contains(&user.access_key_id), "{finding}");
            assert!(remedy.contains(action), "{remedy}");
            assert!(cloud.objects().is_empty(), "{action}");
            // What cannot be given up is the only thing left.
            assert_eq!(cloud.uploads().len(), usize::from(action == "s3:AbortMultipartUpload"));

            cloud.set_user_policy("recorder", &offered(&validation, step));
            assert_eq!(names(&warnings(&again(&world, &access, &storage).await)), [StepName::Cors]);
        }
    }
}

on_both! {
    async fn a_store_that_does_not_say_what_is_missing_is_found_out(world: World) {
        let mut world = world;
        let cloud = Cloud::new();
        let access = facing(&mut world, &cloud).await;
        let kms_key = cloud.kms_key();
        let user = cloud.user("recorder", &all_but(&cloud, &kms_key, "nothing"));
        let input = elaborate(with_key(&cloud, &user), &kms_key);
        let (storage, _) = add(&world, &access, StorageKind::AwsKeys, &input).await;
        cloud.say_less();
        for action in ["s3:PutObject", "s3:PutObjectTagging", "kms:GenerateDataKey", "s3:GetObject", "kms:Decrypt"] {
            cloud.set_user_policy("recorder", &all_but(&cloud, &kms_key, action));
            let (_, finding, _) = failure(&again(&world, &access, &storage).await);
            assert!(finding.contains(&format!(" {action} ")), "{action}: {finding}");
        }
    }
}

on_both! {
    async fn without_deletion_recordings_are_delivered_and_what_stays_is_named(world: World) {
        let mut world = world;
        let cloud = Cloud::new();
        let access = facing(&mut world, &cloud).await;
        let user = cloud.user("recorder", &cloud.policy(&ACTIONS[..4]));
        let (storage, validation) = add(&world, &access, StorageKind::AwsKeys, &with_key(&cloud, &user)).await;
        let warned = warnings(&validation);
        assert_eq!(names(&warned), [StepName::Cors, StepName::Delete]);
        let finding = warned[1].finding.as_deref().unwrap();
        assert!(finding.contains("s3:DeleteObject"));
        let left = cloud.objects();
        assert_eq!(left.len(), 2);
        assert!(left.keys().all(|key| key.starts_with("calls/") && finding.contains(key.as_str())), "{finding}");
        again(&world, &access, &storage).await;
        assert!(cloud.objects().keys().eq(left.keys()), "every validation leaves something");

        cloud.set_user_policy("recorder", &offered(&validation, StepName::Delete));
        assert_eq!(names(&warnings(&again(&world, &access, &storage).await)), [StepName::Cors]);
    }
}

on_both! {
    async fn a_bucket_that_keeps_versions_takes_recordings_and_is_named(world: World) {
        let mut world = world;
        let cloud = Cloud::new();
        let access = facing(&mut world, &cloud).await;
        cloud.lock();
        let user = cloud.user("recorder", &cloud.policy(&ACTIONS));
        let (_, validation) = add(&world, &access, StorageKind::AwsKeys, &with_key(&cloud, &user)).await;
        let warned = warnings(&validation);
        assert_eq!(names(&warned), [StepName::Cors, StepName::Delete]);
        assert!(warned[1].finding.as_deref().unwrap().contains("keeps versions"));
        assert_eq!(offered(&validation, StepName::Delete)["Filter"]["Prefix"], "calls/");
    }
}

on_both! {
    async fn rules_for_playback_and_a_public_bucket_are_told_apart_from_failures(world: World) {
        let mut world = world;
        let cloud = Cloud::new();
        let access = facing(&mut world, &cloud).await;
        let user = cloud.user("recorder", &cloud.policy(&ACTIONS));
        cloud.publish();
        let (storage, validation) = add(&world, &access, StorageKind::AwsKeys, &with_key(&cloud, &user)).await;
        let warned = warnings(&validation);
        assert_eq!(names(&warned), [StepName::Public, StepName::Cors]);
        assert!(warned[0].snippet.as_deref().unwrap().contains(&format!("--bucket {}", cloud.bucket)));
        assert!(warned[1].finding.as_deref().unwrap().contains("http://localhost:3000"));

        cloud.set_cors(&offered(&validation, StepName::Cors));
        assert_eq!(names(&warnings(&again(&world, &access, &storage).await)), [StepName::Public]);
    }
}

on_both! {
    async fn a_store_that_ignores_encryption_does_not_pass(world: World) {
        let access = world.owner().await;
        let input = StorageInput {
            endpoint: format!("http://localhost:{}", world.outside.port()),
            path_style: true,
            bucket: "recordings".into(),
            access_key_id: "key".into(),
            secret_access_key: "secret".into(),
            encryption: Encryption::S3,
            ..StorageInput::default()
        };
        let (_, validation) = add(&world, &access, StorageKind::S3Compatible, &input).await;
        let (step, finding, _) = failure(&validation);
        assert_eq!(step, StepName::Head);
        assert!(finding.ends_with("did not encrypt it as asked."), "{finding}");
    }
}

on_both! {
    async fn what_the_store_does_not_take_is_found_by_leaving_it_out(world: World) {
        let mut world = world;
        let cloud = Cloud::new();
        let access = facing(&mut world, &cloud).await;
        let user = cloud.user("recorder", &cloud.policy(&ACTIONS));
        let plain = with_key(&cloud, &user);
        let absent = format!("arn:aws:kms:eu-central-1:{}:key/absent", cloud.account);
        let encryption = Encryption::Kms { key_id: absent.clone() };
        let unknown_key = StorageInput { encryption, ..plain.clone() };
        let unknown_class = StorageInput { storage_class: "BASEMENT".into(), ..plain.clone() };
        for (input, expected) in [(unknown_key, absent.as_str()), (unknown_class, "BASEMENT")] {
            let (_, validation) = add(&world, &access, StorageKind::AwsKeys, &input).await;
            let (step, finding, _) = failure(&validation);
            assert_eq!(step, StepName::Put, "{finding}");
            assert!(finding.contains(expected), "{finding}");
        }
        cloud.lack(&["x-amz-tagging"]);
        let tagged = StorageInput { tags: "kept=yes".into(), ..plain.clone() };
        let (_, validation) = add(&world, &access, StorageKind::AwsKeys, &tagged).await;
        let (step, _, remedy) = failure(&validation);
        assert_eq!((step, remedy.as_str()), (StepName::Put, "Clear the tags of this storage."));
        let encrypted = StorageInput { encryption: Encryption::S3, ..plain };
        let (_, validation) = add(&world, &access, StorageKind::AwsKeys, &encrypted).await;
        assert!(validation.steps.iter().any(|step| step.name == StepName::Head && step.outcome == Outcome::Passed));
    }
}
