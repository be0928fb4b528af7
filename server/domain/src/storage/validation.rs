//! Tries everything a recording needs of a bucket, step by step.

use super::{
    Outcome, Step, StepName,
    bucket::{Bucket, BucketError},
};

const PROBE: &[u8] = b"Mixdown was here to see whether it may write.";
const PREFIX: &str = "mixdown-validation";

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
pub(super) async fn run(bucket: &Bucket<'_>, unique: &str) -> Vec<Step> {
    let (object, upload) = (format!("{PREFIX}/{unique}-object"), format!("{PREFIX}/{unique}-upload"));
    let mut failed = false;
    let mut steps = Vec::with_capacity(StepName::ALL.len());
    for name in StepName::ALL {
        if failed {
            steps.push(Step { name, outcome: Outcome::Skipped, remedy: None });
            continue;
        }
        let step = match attempt(bucket, name, &object, &upload).await {
            Ok(()) => Step { name, outcome: Outcome::Passed, remedy: None },
            Err(finding) => {
                tracing::info!(step = ?name, ?finding, "storage validation failed");
                failed = true;
                Step { name, outcome: Outcome::Failed, remedy: Some(remedy(name, &finding)) }
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

async fn attempt(bucket: &Bucket<'_>, name: StepName, object: &str, upload: &str) -> Result<(), Finding> {
    match name {
        StepName::Bucket => match bucket.head_bucket().await {
            Err(error) if error.is_not_found() => bucket.create_bucket().await?,
            found => found?,
        },
        StepName::Put => bucket.put(object, PROBE.to_vec()).await?,
        StepName::Head => expect(usize::try_from(bucket.head(object).await?.bytes) == Ok(PROBE.len()))?,
        StepName::Get => expect(bucket.get(object).await? == PROBE)?,
        StepName::Multipart => {
            let id = bucket.create_upload(upload).await?;
            let etag = bucket.put_part(upload, &id, PROBE.to_vec()).await?;
            bucket.complete_upload(upload, &id, &[&etag]).await?;
            expect(bucket.get(upload).await? == PROBE)?;
        }
        StepName::MultipartAbort => {
            let id = bucket.create_upload(upload).await?;
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
        BucketError::Outbound(error) => format!("{} Check the endpoint.", error.public_message()),
        BucketError::Malformed => "The answer is not that of an S3 bucket; check the endpoint.".to_owned(),
        BucketError::Refused { status: 301 | 307 | 400, code } => {
            format!("The bucket refused the request ({}); check its region.", named(code, 400))
        }
        BucketError::Refused { status: 404, .. } => "The bucket does not exist; check its name.".to_owned(),
        BucketError::Refused { status: status @ (401 | 403), code } => {
            format!("The bucket refused access ({}); allow {}.", named(code, *status), permission(name))
        }
        BucketError::Refused { status, code } => {
            format!("The bucket answered with an error ({}); try again later.", named(code, *status))
        }
    }
}

fn named(code: &str, status: u16) -> String {
    if code.is_empty() { status.to_string() } else { code.to_owned() }
}

fn permission(name: StepName) -> &'static str {
    match name {
        StepName::Bucket => "s3:ListBucket",
        StepName::Put | StepName::Multipart => "s3:PutObject",
        StepName::Head | StepName::Get => "s3:GetObject",
        StepName::MultipartAbort => "s3:AbortMultipartUpload",
        StepName::Delete => "s3:DeleteObject",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remedies_say_what_to_do() {
        let refused = |status, code: &str| Finding::Bucket(BucketError::Refused { status, code: code.to_owned() });
        for (name, finding, expected) in [
            (
                StepName::Put,
                refused(403, "AccessDenied"),
                "The bucket refused access (AccessDenied); allow s3:PutObject.",
            ),
            (StepName::Bucket, refused(403, ""), "The bucket refused access (403); allow s3:ListBucket."),
            (StepName::Bucket, refused(404, ""), "The bucket does not exist; check its name."),
            (
                StepName::Put,
                refused(400, "AuthorizationHeaderMalformed"),
                "The bucket refused the request (AuthorizationHeaderMalformed); check its region.",
            ),
            (StepName::Get, refused(503, "SlowDown"), "The bucket answered with an error (SlowDown); try again later."),
        ] {
            assert_eq!(remedy(name, &finding), expected);
        }
    }
}
