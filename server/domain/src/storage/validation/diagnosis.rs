//! What a refusal means. Pure: from the status, the code and the step to one cause, without asking anybody.

use super::StepName;
use crate::storage::{BucketError, bucket_error::Refusal, credentials::CredentialsError, sts::StsError};
use outbound::{OutboundError, TlsProblem};

/// Our clock may be ahead of the store's by this much; S3 allows 15 minutes.
const AHEAD_SECONDS: i64 = 14 * 60;
/// Signed addresses are valid for a minute, so a clock that is behind is noticed sooner.
const BEHIND_SECONDS: i64 = 50;

/// What of a request the store does not take, found by leaving it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Tags,
    Encryption,
    StorageClass,
    Metadata,
}

/// Why a step did not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Diagnosis {
    AddressNotAllowed,
    NameUnknown,
    NoConnection,
    /// The service that gives credentials does not answer.
    StsSilent,
    Tls(TlsProblem),
    TimedOut,
    /// Whatever answers is no S3 store.
    NotAStore,
    /// The endpoint or the certificate that was given cannot be used.
    Unusable,
    /// The stored secret does not open.
    SecretLost,
    EmbeddedOff,
    Clock {
        ahead_seconds: i64,
    },
    UnknownKey,
    WrongSecret,
    SessionEnded,
    /// This installation has no AWS identity that could assume a role.
    NoIdentity,
    RoleRefused,
    /// The role lets us in although the external id is missing, or wrong.
    RoleOpen {
        without: bool,
    },
    Region(Option<String>),
    NoBucket,
    OtherAccount,
    /// The bucket belongs to another account, or this is not allowed: the store does not say which.
    OtherAccountOr(String),
    Missing(String),
    KmsKey,
    NotTaken(Part),
    NotEncrypted,
    Different,
    Public,
    NoCors,
    /// The bucket keeps versions of what is deleted.
    Versioned,
    /// These keys are left in the bucket.
    Undeleted(Vec<String>),
    StoreFailed {
        status: u16,
        code: String,
    },
    Refused {
        status: u16,
        code: String,
    },
}

/// What an error at a step means. `ahead` is how many seconds our clock is ahead of the answer's; `left_out` is what
/// made the request pass when it was left out.
pub(super) fn diagnose(step: StepName, error: &BucketError, ahead: Option<i64>, left_out: Option<Part>) -> Diagnosis {
    match error {
        BucketError::Outbound(error) => unreachable(error),
        BucketError::Refused(refusal) => refused(step, refusal, ahead, left_out),
        BucketError::Credentials(CredentialsError::Sts(error)) => sts(step, error),
        BucketError::Credentials(CredentialsError::EmbeddedOff) => Diagnosis::EmbeddedOff,
        BucketError::Credentials(
            CredentialsError::Sealed(_) | CredentialsError::Missing | CredentialsError::Removed,
        ) => Diagnosis::SecretLost,
        BucketError::Malformed => Diagnosis::NotAStore,
        BucketError::Address => Diagnosis::Unusable,
        BucketError::NodeUnanswered => Diagnosis::NoConnection,
    }
}

/// What STS did not do.
pub(super) fn sts(step: StepName, error: &StsError) -> Diagnosis {
    match error {
        StsError::Outbound(_) => Diagnosis::StsSilent,
        StsError::Refused { status, code } => {
            let refusal = Refusal { status: *status, code: code.clone(), ..Refusal::default() };
            refused(step, &refusal, None, None)
        }
        StsError::NoIdentity => Diagnosis::NoIdentity,
        StsError::Malformed | StsError::Unsigned(_) => Diagnosis::NotAStore,
    }
}

fn unreachable(error: &OutboundError) -> Diagnosis {
    match error {
        OutboundError::NotAllowed => Diagnosis::AddressNotAllowed,
        OutboundError::Dns(_) => Diagnosis::NameUnknown,
        OutboundError::Tls { problem, .. } => Diagnosis::Tls(*problem),
        OutboundError::Connect(_) => Diagnosis::NoConnection,
        OutboundError::TimedOut(_) => Diagnosis::TimedOut,
        OutboundError::Broken(_) => Diagnosis::NotAStore,
    }
}

/// Whether requests signed by a clock this far ahead are refused.
pub(super) fn clock_is_wrong(ahead_seconds: i64) -> bool {
    !(-BEHIND_SECONDS..=AHEAD_SECONDS).contains(&ahead_seconds)
}

fn refused(step: StepName, refusal: &Refusal, ahead: Option<i64>, left_out: Option<Part>) -> Diagnosis {
    if let Some(ahead_seconds) = skew(refusal, ahead) {
        return Diagnosis::Clock { ahead_seconds };
    }
    match (refusal.status, refusal.code.as_str()) {
        (_, "InvalidAccessKeyId" | "InvalidClientTokenId" | "NotSignedUp") => Diagnosis::UnknownKey,
        (_, "SignatureDoesNotMatch") => Diagnosis::WrongSecret,
        (_, "ExpiredToken" | "InvalidToken" | "TokenRefreshRequired") => Diagnosis::SessionEnded,
        (301 | 307, _) | (_, "AuthorizationHeaderMalformed" | "AuthorizationQueryParametersError") => {
            Diagnosis::Region(refusal.region.clone())
        }
        (_, "NoSuchBucket") => Diagnosis::NoBucket,
        (404, _) if step == StepName::Bucket => Diagnosis::NoBucket,
        (404, _) => Diagnosis::Different,
        (_, "InvalidStorageClass") => Diagnosis::NotTaken(Part::StorageClass),
        (_, "InvalidTag") => Diagnosis::NotTaken(Part::Tags),
        (_, "InvalidEncryptionAlgorithmError") => Diagnosis::NotTaken(Part::Encryption),
        (_, code) if code.starts_with("KMS.") => Diagnosis::KmsKey,
        (403, _) if step == StepName::Role => Diagnosis::RoleRefused,
        (401 | 403, _) => missing(step, refusal, left_out),
        (status, code) => match left_out {
            Some(part) => Diagnosis::NotTaken(part),
            None if status >= 500 && status != 501 => Diagnosis::StoreFailed { status, code: code.to_owned() },
            None => Diagnosis::Refused { status, code: code.to_owned() },
        },
    }
}

/// The difference between the clocks when it explains a refusal.
fn skew(refusal: &Refusal, ahead: Option<i64>) -> Option<i64> {
    let ahead = ahead.filter(|_| matches!(refusal.status, 400 | 401 | 403));
    match refusal.code.as_str() {
        "RequestTimeTooSkewed" | "RequestExpired" => Some(ahead.unwrap_or_default()),
        _ => ahead.filter(|seconds| clock_is_wrong(*seconds)),
    }
}

fn missing(step: StepName, refusal: &Refusal, left_out: Option<Part>) -> Diagnosis {
    if let Some(action) = &refusal.action {
        return Diagnosis::Missing(action.clone());
    }
    let action = match (step, left_out) {
        (_, Some(Part::Tags)) => "s3:PutObjectTagging",
        (_, Some(Part::Encryption)) => "kms:GenerateDataKey",
        (StepName::Head | StepName::Get, _) => "s3:GetObject",
        (StepName::Abort, _) => "s3:AbortMultipartUpload",
        (StepName::Delete, _) => "s3:DeleteObject",
        _ => "s3:PutObject",
    };
    Diagnosis::Missing(action.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, code: &str) -> Refusal {
        Refusal { status, code: code.to_owned(), ..Refusal::default() }
    }

    fn named(action: &str) -> Diagnosis {
        Diagnosis::Missing(action.to_owned())
    }

    #[test]
    fn status_and_code_and_step_together_tell_the_cause() {
        let region = Refusal { region: Some("eu-west-1".into()), ..refusal(400, "AuthorizationQueryParametersError") };
        let kms = Refusal { action: Some("kms:Decrypt".into()), ..refusal(403, "AccessDenied") };
        let failed = Diagnosis::StoreFailed { status: 503, code: "SlowDown".into() };
        for (step, refusal, left_out, expected) in [
            (StepName::Credentials, refusal(403, "InvalidClientTokenId"), None, Diagnosis::UnknownKey),
            (StepName::Credentials, refusal(403, "InvalidAccessKeyId"), None, Diagnosis::UnknownKey),
            (StepName::Credentials, refusal(403, "SignatureDoesNotMatch"), None, Diagnosis::WrongSecret),
            (StepName::Put, refusal(400, "ExpiredToken"), None, Diagnosis::SessionEnded),
            // STS may answer without a code.
            (StepName::Role, refusal(403, ""), None, Diagnosis::RoleRefused),
            (StepName::Bucket, region, None, Diagnosis::Region(Some("eu-west-1".into()))),
            (StepName::Bucket, refusal(301, ""), None, Diagnosis::Region(None)),
            (StepName::Bucket, refusal(404, ""), None, Diagnosis::NoBucket),
            (StepName::Put, refusal(404, "NoSuchBucket"), None, Diagnosis::NoBucket),
            (StepName::Put, refusal(403, "AccessDenied"), None, named("s3:PutObject")),
            (StepName::Put, refusal(403, "AccessDenied"), Some(Part::Tags), named("s3:PutObjectTagging")),
            (StepName::Put, refusal(403, "AccessDenied"), Some(Part::Encryption), named("kms:GenerateDataKey")),
            (StepName::Get, kms, None, named("kms:Decrypt")),
            // A HEAD answer has no body.
            (StepName::Head, refusal(403, ""), None, named("s3:GetObject")),
            (StepName::Abort, refusal(403, "AccessDenied"), None, named("s3:AbortMultipartUpload")),
            (StepName::Delete, refusal(403, "AccessDenied"), None, named("s3:DeleteObject")),
            (StepName::Put, refusal(400, "KMS.NotFoundException"), None, Diagnosis::KmsKey),
            (StepName::Put, refusal(400, "InvalidStorageClass"), None, Diagnosis::NotTaken(Part::StorageClass)),
            (StepName::Put, refusal(501, "NotImplemented"), Some(Part::Tags), Diagnosis::NotTaken(Part::Tags)),
            (StepName::Put, refusal(503, "SlowDown"), None, failed),
        ] {
            assert_eq!(refused(step, &refusal, None, left_out), expected, "{step:?} {refusal:?}");
        }
    }

    #[test]
    fn a_clock_that_is_wrong_explains_a_refusal_whatever_its_code() {
        let at = |ahead, code| refused(StepName::Put, &refusal(403, code), Some(ahead), None);
        let clock = |ahead_seconds| Diagnosis::Clock { ahead_seconds };
        assert_eq!(at(-120, "AccessDenied"), clock(-120));
        assert_eq!(at(3600, "RequestTimeTooSkewed"), clock(3600));
        assert_eq!(at(3600, "SignatureDoesNotMatch"), clock(3600));
        assert_eq!(at(2, "SignatureDoesNotMatch"), Diagnosis::WrongSecret);
    }
}
