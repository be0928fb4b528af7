//! Tries everything a recording needs of a bucket, step by step.

use super::{Bucket, BucketError, Scope, StorageKind, bucket_error::Refusal, health, not_found};
use crate::{
    access::{Access, Permission},
    audit,
    error::{Error, Result},
    secrets::new_token,
    services::Services,
    store::StorageRow,
};
use protocol::ids::{OrgId, StorageId};
use serde::{Deserialize, Serialize};

const PROBE: &[u8] = b"Mixdown was here to see whether it may write.";
const PREFIX: &str = "mixdown-validation";

/// One step of a validation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub name: StepName,
    pub outcome: Outcome,
    /// What is wrong, in one sentence.
    pub finding: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
    /// Something to paste.
    pub snippet: Option<String>,
}

/// What a step tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepName {
    Bucket,
    Put,
    Head,
    Get,
    Multipart,
    Abort,
    Delete,
}

impl StepName {
    /// In the order they are tried.
    pub const ALL: [Self; 7] =
        [Self::Bucket, Self::Put, Self::Head, Self::Get, Self::Multipart, Self::Abort, Self::Delete];

    /// What the console shows.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Bucket => "Find the bucket",
            Self::Put => "Write an object",
            Self::Head => "Look at the object",
            Self::Get => "Read the object",
            Self::Multipart => "Upload in parts",
            Self::Abort => "Abort an upload",
            Self::Delete => "Delete the objects",
        }
    }
}

/// How a step ended, or that it has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Waiting,
    Running,
    Passed,
    /// Recordings are delivered all the same.
    Warning,
    Failed,
    /// An earlier step failed.
    Skipped,
}

/// Tries everything a recording needs, and keeps the result.
pub async fn validate(services: &Services, access: &Access, id: StorageId) -> Result<Vec<Step>> {
    access.require(Permission::Configure)?;
    let row = services.read().await?.org(access.org()).storage_of(id).await?.ok_or_else(not_found)?;
    let steps = try_storage(services, &row).await?;
    let mut tx = services.begin().await?;
    let mut org = tx.org(access.org());
    audit::record_for(services, &mut org, access, "storage.validated", &id).await?;
    tx.commit().await?;
    Ok(steps)
}

/// Tries a storage by ourselves; true when it works or is gone.
pub(crate) async fn recheck(services: &Services, org: OrgId, id: StorageId) -> Result<bool> {
    let row = services.read().await?.org(org).storage_of(id).await?;
    let Some(row) = row.filter(|row| row.removed_at.is_none()) else { return Ok(true) };
    let steps = try_storage(services, &row).await?;
    Ok(steps.iter().all(|step| step.outcome != Outcome::Failed))
}

async fn try_storage(services: &Services, row: &StorageRow) -> Result<Vec<Step>> {
    let steps = match &Bucket::open(services, row, Scope::Prefix).await {
        Ok(bucket) => try_bucket(services, bucket, row.kind() == StorageKind::Embedded).await?,
        Err(error) => vec![Step {
            name: StepName::Bucket,
            outcome: Outcome::Failed,
            finding: Some(error.sentence()),
            remedy: None,
            snippet: None,
        }],
    };
    let mut tx = services.begin().await?;
    let mut org = tx.org(row.org());
    match steps.iter().find(|step| step.outcome == Outcome::Failed) {
        None => health::proven(services, &mut org, row).await?,
        Some(step) => {
            org.set_storage_checked(row.id(), services.now()).await?;
            health::broken(services, &mut org, row, step.finding.as_deref().unwrap_or_default()).await?;
        }
    }
    tx.commit().await?;
    Ok(steps)
}

/// Runs the validation of a bucket that need not belong to an org yet.
pub(crate) async fn try_bucket(services: &Services, bucket: &Bucket<'_>, create: bool) -> Result<Vec<Step>> {
    let unique = new_token(services.random()).map_err(Error::internal)?;
    Ok(run(bucket, &unique, create).await)
}

/// What a step found.
#[derive(Debug)]
enum Finding {
    Bucket(BucketError),
    /// The bucket gave something else back than was put in.
    Different,
}

impl From<BucketError> for Finding {
    fn from(error: BucketError) -> Self {
        Self::Bucket(error)
    }
}

/// Runs all steps; after a failure the later ones are skipped. `unique` keeps concurrent validations apart.
async fn run(bucket: &Bucket<'_>, unique: &str, create: bool) -> Vec<Step> {
    let (object, upload) = (format!("{PREFIX}/{unique}-object"), format!("{PREFIX}/{unique}-upload"));
    let mut failed = false;
    let mut steps = Vec::with_capacity(StepName::ALL.len());
    for name in StepName::ALL {
        if failed {
            steps.push(Step { name, outcome: Outcome::Skipped, finding: None, remedy: None, snippet: None });
            continue;
        }
        let step = match attempt(bucket, name, &object, &upload, create).await {
            Ok(()) => Step { name, outcome: Outcome::Passed, finding: None, remedy: None, snippet: None },
            Err(finding) => {
                tracing::info!(step = ?name, ?finding, "storage validation failed");
                failed = true;
                Step {
                    name,
                    outcome: Outcome::Failed,
                    finding: Some(finding_text(&finding)),
                    remedy: Some(remedy(name, &finding)),
                    snippet: None,
                }
            }
        };
        steps.push(step);
    }
    if failed {
        for key in [&object, &upload] {
            // Nothing may have been written, or deleting may be what is not allowed.
            let _ = bucket.delete(key).await;
        }
    }
    steps
}

async fn attempt(bucket: &Bucket<'_>, name: StepName, object: &str, upload: &str, create: bool) -> Result<(), Finding> {
    match name {
        StepName::Bucket => match bucket.head_bucket().await {
            Err(error) if create && error.is_not_found() => bucket.create_bucket().await?,
            found => found?,
        },
        StepName::Put => bucket.put(object, PROBE.to_vec()).await?,
        StepName::Head => expect(usize::try_from(bucket.head(object).await?.bytes) == Ok(PROBE.len()))?,
        StepName::Get => expect(bucket.get(object).await? == PROBE)?,
        StepName::Multipart => {
            let id = bucket.create_upload(upload, &[]).await?;
            let etag = bucket.put_part(upload, &id, 1, PROBE.to_vec()).await?;
            bucket.complete_upload(upload, &id, &[&etag]).await?;
            expect(bucket.get(upload).await? == PROBE)?;
        }
        StepName::Abort => {
            let id = bucket.create_upload(upload, &[]).await?;
            bucket.abort_upload(upload, &id).await?;
        }
        StepName::Delete => {
            bucket.delete(object).await?;
            bucket.delete(upload).await?;
        }
    }
    Ok(())
}

fn expect(same: bool) -> Result<(), Finding> {
    if same { Ok(()) } else { Err(Finding::Different) }
}

fn remedy(name: StepName, finding: &Finding) -> String {
    let error = match finding {
        Finding::Different => {
            return "The bucket gave back something else than was written; check what stands in front of it."
                .to_owned();
        }
        Finding::Bucket(error) => error,
    };
    match error {
        BucketError::Refused(Refusal { status: 301 | 307 | 400, .. }) => "Check the region.".to_owned(),
        BucketError::Refused(Refusal { status: 404, .. }) => "Check the bucket's name.".to_owned(),
        BucketError::Refused(Refusal { status: 401 | 403, .. }) => format!("Allow {}.", permission(name)),
        _ => "Check the endpoint.".to_owned(),
    }
}

fn finding_text(finding: &Finding) -> String {
    match finding {
        Finding::Different => "The bucket gave back something else than was written.".to_owned(),
        Finding::Bucket(error) => error.sentence(),
    }
}

fn permission(name: StepName) -> &'static str {
    match name {
        StepName::Bucket => "s3:ListBucket",
        StepName::Put | StepName::Multipart => "s3:PutObject",
        StepName::Head | StepName::Get => "s3:GetObject",
        StepName::Abort => "s3:AbortMultipartUpload",
        StepName::Delete => "s3:DeleteObject",
    }
}
