//! Customers' buckets: what a validation finds in each of them, and recordings that are delivered there.

mod cloud;
mod credentials;
mod deliveries;
mod endpoints;
mod garage;
mod permissions;
mod repetition;
mod temasys;

use crate::support::World;
use cloud::{Cloud, Key, REGION};
use domain::{
    Access,
    settings::Aws,
    storage::{self, Keys, Outcome, Step, StepName, Storage, StorageInput, StorageKind, Validation, ValidationState},
};
use secrecy::SecretString;
use serde_json::Value;

/// Everything that a storage with encryption and tags needs.
const ACTIONS: [&str; 5] =
    ["s3:PutObject", "s3:PutObjectTagging", "s3:GetObject", "s3:AbortMultipartUpload", "s3:DeleteObject"];

/// Starts the installation again, with this cloud as its AWS.
async fn aim(world: &mut World, cloud: &Cloud, own: Option<Keys>) {
    let endpoint: url::Url = cloud.endpoint().parse().unwrap();
    let aws = Aws { keys: own, s3_endpoint: Some(endpoint.clone()), sts_endpoint: Some(endpoint) };
    world.refit(|settings| settings.aws = aws).await;
}

/// The owner of an installation whose AWS is this cloud.
async fn facing(world: &mut World, cloud: &Cloud) -> Access {
    aim(world, cloud, None).await;
    world.owner().await
}

/// The owner of an installation whose operator allows this private address.
async fn allowing(world: &mut World, address: &str) -> Access {
    let outside = world.outside.port();
    let list = format!("localhost:{outside},{address}").parse().unwrap();
    world.refit(|settings| settings.allow_private = list).await;
    world.owner().await
}

/// The owner of one that has an identity of its own there.
async fn facing_as(world: &mut World, cloud: &Cloud, own: &Key) -> Access {
    let token = own.token.clone().map(SecretString::from);
    let own = Keys { id: own.access_key_id.clone(), secret: SecretString::from(own.secret.clone()), token };
    aim(world, cloud, Some(own)).await;
    world.owner().await
}

/// A storage in the bucket of this cloud.
fn in_bucket(cloud: &Cloud) -> StorageInput {
    StorageInput {
        name: "Ours".into(),
        region: REGION.into(),
        bucket: cloud.bucket.clone(),
        prefix: "calls/".into(),
        ..StorageInput::default()
    }
}

fn with_key(cloud: &Cloud, key: &Key) -> StorageInput {
    StorageInput {
        access_key_id: key.access_key_id.clone(),
        secret_access_key: SecretString::from(key.secret.clone()),
        ..in_bucket(cloud)
    }
}

fn with_role(cloud: &Cloud, role_arn: &str) -> StorageInput {
    StorageInput { role_arn: role_arn.to_owned(), ..in_bucket(cloud) }
}

/// Who may assume a role, with this external id.
fn trust_with(principal: &str, external_id: &str) -> Value {
    serde_json::from_str(&storage::policies::trust_policy(principal, external_id)).unwrap()
}

/// Adds a storage and waits for its validation.
async fn add(world: &World, access: &Access, kind: StorageKind, input: &StorageInput) -> (Storage, Validation) {
    let added = storage::create(&world.services, access, kind, input).await.unwrap();
    world.run_jobs().await;
    (added.clone(), latest(world, access, &added).await)
}

/// Validates a storage again.
async fn again(world: &World, access: &Access, storage: &Storage) -> Validation {
    let begun = storage::validate(&world.services, access, storage.id).await.unwrap();
    assert_eq!(begun.state, ValidationState::Running);
    assert!(begun.steps.iter().all(|step| step.outcome == Outcome::Waiting));
    world.run_jobs().await;
    storage::validation(&world.services, access, begun.id).await.unwrap()
}

async fn latest(world: &World, access: &Access, storage: &Storage) -> Validation {
    storage::validations(&world.services, access, storage.id).await.unwrap().remove(0)
}

/// What a validation stopped at, in words.
fn failure(validation: &Validation) -> (StepName, String, String) {
    assert_eq!(validation.state, ValidationState::Failed, "{validation:#?}");
    let failed = validation.steps.iter().position(|step| step.outcome == Outcome::Failed).unwrap();
    let later = &validation.steps[failed + 1..];
    assert!(later.iter().all(|step| step.outcome == Outcome::Skipped), "{validation:#?}");
    let Step { name, finding, remedy, .. } = &validation.steps[failed];
    (*name, finding.clone().unwrap(), remedy.clone().unwrap())
}

/// What a validation that passed warned of.
fn warnings(validation: &Validation) -> Vec<&Step> {
    assert_eq!(validation.state, ValidationState::Passed, "{validation:#?}");
    validation.steps.iter().filter(|step| step.outcome == Outcome::Warning).collect()
}

fn names(steps: &[&Step]) -> Vec<StepName> {
    steps.iter().map(|step| step.name).collect()
}

/// What a step offers to paste, as JSON.
fn offered(validation: &Validation, name: StepName) -> Value {
    let step = validation.steps.iter().find(|step| step.name == name).unwrap();
    serde_json::from_str(step.snippet.as_deref().unwrap()).unwrap()
}
