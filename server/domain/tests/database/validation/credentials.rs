//! Keys and roles that do not open the bucket, or open it to others as well.

use super::{
    ACTIONS, Cloud, Key, add, again, allowing, facing, facing_as, failure, names, offered, warnings, with_key,
    with_role,
};
use crate::support::on_both;
use domain::storage::{self, Outcome, StepName, StorageInput, StorageKind};
use secrecy::SecretString;
use serde_json::{Value, json};

/// Who may assume a role, on which condition.
fn trust(principal: &str, condition: &Value) -> Value {
    let mut statement = json!({ "Effect": "Allow", "Principal": { "AWS": principal }, "Action": "sts:AssumeRole" });
    if !condition.is_null() {
        statement["Condition"] = condition.clone();
    }
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

on_both! {
    async fn what_is_wrong_with_a_key_or_a_bucket_is_said_exactly(world: World) {
        let mut world = world;
        let cloud = Cloud::new();
        let access = facing(&mut world, &cloud).await;
        let user = cloud.user("recorder", &cloud.policy(&ACTIONS));
        let right = with_key(&cloud, &user);
        let unknown = StorageInput { access_key_id: "AKIAUNKNOWNUNKNOWN00".into(), ..right.clone() };
        let wrong_secret = StorageInput { secret_access_key: SecretString::from("wrong"), ..right.clone() };
        let elsewhere = StorageInput { region: "us-east-1".into(), ..right.clone() };
        let absent = StorageInput { bucket: "no-bucket-of-this-name".into(), ..right.clone() };
        let foreign = StorageInput { account: "123456789012".into(), ..right.clone() };
        for (input, step, expected) in [
            (&unknown, StepName::Credentials, "The store does not know the access key AKIAUNKNOWNUNKNOWN00.".to_owned()),
            (&wrong_secret, StepName::Credentials, format!("The secret is not the one of the access key {}.", user.access_key_id)),
            (&elsewhere, StepName::Bucket, format!("The bucket {} is in eu-central-1, not in us-east-1.", cloud.bucket)),
            (&absent, StepName::Bucket, "There is no bucket no-bucket-of-this-name.".to_owned()),
            (&foreign, StepName::Bucket, format!("The bucket {} does not belong to the account 123456789012.", cloud.bucket)),
        ] {
            let (_, validation) = add(&world, &access, StorageKind::AwsKeys, input).await;
            let (failed, finding, _) = failure(&validation);
            assert_eq!((failed, finding), (step, expected));
        }
        let ours = StorageInput { account: cloud.account.clone(), ..right };
        let (storage, validation) = add(&world, &access, StorageKind::AwsKeys, &ours).await;
        assert_eq!(names(&warnings(&validation)), [StepName::Cors]);
        cloud.redirect_to("ap-south-1");
        let (failed, finding, _) = failure(&again(&world, &access, &storage).await);
        assert_eq!(failed, StepName::Bucket);
        assert!(finding.contains("is in ap-south-1"), "{finding}");
    }
}

on_both! {
    async fn the_policies_that_are_offered_let_us_in_and_nobody_else(world: World) {
        let mut world = world;
        let cloud = Cloud::new();
        let own = cloud.mixdown();
        let access = facing_as(&mut world, &cloud, &own).await;
        let role = cloud.role("recordings", &trust(&own.arn, &json!({ "StringEquals": { "sts:ExternalId": "other" } })), &cloud.policy(&["s3:GetObjectAcl"]));
        let (storage, refused) = add(&world, &access, StorageKind::AwsRole, &with_role(&cloud, &role)).await;
        let (step, finding, _) = failure(&refused);
        assert_eq!(step, StepName::Role);
        let external_id = storage::overview(&world.services, &access).await.unwrap().external_id;
        assert!(finding.contains(&own.arn) && finding.contains(&role) && finding.contains(&external_id), "{finding}");

        cloud.set_role_trust("recordings", &offered(&refused, StepName::Role));
        let forbidden = again(&world, &access, &storage).await;
        let (step, finding, _) = failure(&forbidden);
        assert_eq!(step, StepName::Put);
        assert!(finding.contains(&role) && finding.contains("s3:PutObject"), "{finding}");

        cloud.set_role_policy("recordings", &offered(&forbidden, StepName::Put));
        assert_eq!(names(&warnings(&again(&world, &access, &storage).await)), [StepName::Cors]);
    }
}

on_both! {
    async fn a_role_that_asks_for_no_external_id_is_warned_of(world: World) {
        let mut world = world;
        let cloud = Cloud::new();
        let own = cloud.mixdown();
        let access = facing_as(&mut world, &cloud, &own).await;
        let role = cloud.role("recordings", &trust(&own.arn, &Value::Null), &cloud.policy(&ACTIONS));
        let (storage, open) = add(&world, &access, StorageKind::AwsRole, &with_role(&cloud, &role)).await;
        let any = trust(&own.arn, &json!({ "StringLike": { "sts:ExternalId": "*" } }));
        cloud.set_role_trust("recordings", &any);
        let half_open = again(&world, &access, &storage).await;
        for (validation, how) in [(&open, "without an external id"), (&half_open, "with a wrong external id")] {
            let warned = warnings(validation);
            assert_eq!(names(&warned), [StepName::RoleGuard, StepName::Cors]);
            assert!(warned[0].finding.as_deref().unwrap().contains(how), "{warned:?}");
        }
        cloud.set_role_trust("recordings", &offered(&half_open, StepName::RoleGuard));
        assert_eq!(names(&warnings(&again(&world, &access, &storage).await)), [StepName::Cors]);
    }
}

on_both! {
    async fn roles_that_do_not_exist_and_identities_that_ended_are_told_apart(world: World) {
        let mut world = world;
        let cloud = Cloud::new();
        let absent = with_role(&cloud, &format!("arn:aws:iam::{}:role/absent", cloud.account));
        let own: Key = cloud.session();
        let access = facing_as(&mut world, &cloud, &own).await;
        let (storage, validation) = add(&world, &access, StorageKind::AwsRole, &absent).await;
        assert_eq!(failure(&validation).0, StepName::Role);
        cloud.expire_sessions();
        let (step, _, remedy) = failure(&again(&world, &access, &storage).await);
        assert_eq!(step, StepName::Credentials);
        assert!(remedy.contains("AWS_SESSION_TOKEN"), "{remedy}");
    }
}

on_both! {
    async fn without_an_identity_of_our_own_there_are_no_roles(world: World) {
        let mut world = world;
        let cloud = Cloud::new();
        let access = facing(&mut world, &cloud).await;
        let role = format!("arn:aws:iam::{}:role/recordings", cloud.account);
        let (_, validation) = add(&world, &access, StorageKind::AwsRole, &with_role(&cloud, &role)).await;
        let (step, _, remedy) = failure(&validation);
        assert_eq!(step, StepName::Credentials);
        assert!(remedy.contains("AWS_ACCESS_KEY_ID"), "{remedy}");
    }
}

on_both! {
    async fn other_stores_are_asked_for_their_keys_by_the_bucket_itself(world: World) {
        let mut world = world;
        let cloud = Cloud::new();
        let access = allowing(&mut world, &cloud.address()).await;
        let user = cloud.user("recorder", &cloud.policy(&ACTIONS));
        let right = StorageInput { endpoint: cloud.endpoint(), path_style: true, ..with_key(&cloud, &user) };
        let unknown = StorageInput { access_key_id: "unknown".into(), ..right.clone() };
        let wrong_secret = StorageInput { secret_access_key: SecretString::from("wrong"), ..right.clone() };
        for (input, expected) in [(&unknown, "does not know the access key"), (&wrong_secret, "The secret is not the one")] {
            let (_, validation) = add(&world, &access, StorageKind::S3Compatible, input).await;
            let (step, finding, _) = failure(&validation);
            assert_eq!(step, StepName::Credentials);
            assert!(finding.contains(expected), "{finding}");
        }
        let (_, validation) = add(&world, &access, StorageKind::S3Compatible, &right).await;
        assert_eq!(names(&warnings(&validation)), [StepName::Cors]);
        assert!(validation.steps.iter().all(|step| step.name != StepName::Role && step.outcome != Outcome::Skipped));
    }
}
