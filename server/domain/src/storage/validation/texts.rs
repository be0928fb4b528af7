//! What the owner of a bucket is told: what is wrong, exactly what to do, and what to paste.

use super::{
    diagnosis::{Diagnosis, Part},
    subject::Subject,
};
use crate::storage::StorageKind;
use outbound::TlsProblem;

/// A cause in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub finding: String,
    pub remedy: String,
    pub snippet: Option<String>,
}

fn told(finding: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding { finding: finding.into(), remedy: remedy.into(), snippet: None }
}

impl Finding {
    fn paste(self, snippet: impl Into<Option<String>>) -> Self {
        Self { snippet: snippet.into(), ..self }
    }
}

/// A diagnosis in words.
pub(super) fn finding(diagnosis: &Diagnosis, subject: &Subject<'_>) -> Finding {
    use Diagnosis as D;
    match diagnosis {
        D::AddressNotAllowed | D::NameUnknown | D::NoConnection | D::TimedOut if subject.is_aws() => {
            amazon(diagnosis, subject)
        }
        D::AddressNotAllowed | D::NameUnknown | D::NoConnection | D::TimedOut | D::NotAStore | D::Tls(_) => {
            endpoint(diagnosis, subject)
        }
        D::StsSilent => told(
            format!("The service that AWS has for credentials (STS) in {} does not answer.", subject.target.region),
            "Check that AWS has this region. If it has, the operator lets this server connect to AWS.",
        ),
        D::Unusable => told(
            "The endpoint or the CA certificate cannot be used.",
            "Enter an endpoint like https://s3.example.com, and the certificate as PEM.",
        ),
        D::SecretLost => told("The stored secret cannot be opened any more.", "Enter the secret access key again."),
        D::EmbeddedOff => told(
            "The embedded store is switched off on this installation.",
            "The operator switches it on again, or use another storage.",
        ),
        D::Clock { ahead_seconds } => clock(*ahead_seconds),
        D::UnknownKey | D::WrongSecret | D::SessionEnded => credentials(diagnosis, subject),
        D::NoIdentity | D::RoleRefused | D::RoleOpen { .. } => role(diagnosis, subject),
        D::Region(right) => region(right.as_deref(), subject),
        D::NoBucket => no_bucket(subject),
        D::OtherAccount => told(
            format!("The bucket {} does not belong to the account {}.", subject.target.bucket, account(subject)),
            "Correct the account of this storage, or the name of the bucket.",
        ),
        D::OtherAccountOr(action) => told(
            format!(
                "The bucket {} belongs to another account than {}, or {action} is missing.",
                subject.target.bucket,
                account(subject)
            ),
            "Check the account of this storage; if it is right, attach this policy.",
        )
        .paste(subject.permissions()),
        D::Missing(action) => missing(action, subject),
        D::KmsKey | D::NotTaken(_) | D::NotEncrypted => not_taken(diagnosis, subject),
        D::Different => told(
            "The store gave back something else than was written.",
            "Look at what stands between this server and the store, such as a proxy or a cache.",
        ),
        D::Public => public(subject),
        D::NoCors => told(
            format!("The bucket does not let pages of {} read recordings.", subject.origin),
            "Recordings still play. To let scripts read them too, give the bucket these CORS rules.",
        )
        .paste(subject.cors_rules()),
        D::Undeleted(keys) => undeleted(keys, subject),
        D::Versioned => told(
            "The bucket keeps versions: what is deleted stays there as an old one.",
            "To have deleted recordings gone, add this to the lifecycle rules of the bucket, or suspend its versioning.",
        )
        .paste(subject.lifecycle_rule()),
        D::StoreFailed { status, code } => told(
            format!("{} answered with an error of its own ({}).", subject.host(), named(code, *status)),
            "Try again in a few minutes. If it stays, ask whoever runs the store.",
        ),
        D::Refused { status, code } => told(
            format!("{} refused the request ({}).", subject.host(), named(code, *status)),
            "Look the code up in the store's documentation, correct what it names, then validate again.",
        ),
    }
}

/// Amazon's names are put together from bucket and region.
fn amazon(diagnosis: &Diagnosis, subject: &Subject<'_>) -> Finding {
    let host = subject.host();
    match diagnosis {
        Diagnosis::AddressNotAllowed | Diagnosis::NameUnknown => told(
            format!("There is no {host}."),
            format!(
                "Check that AWS has a region {}. If it is misspelt, add the storage again with the right one.",
                subject.target.region
            ),
        ),
        _ => told(
            format!("{host} does not answer."),
            "Try again in a few minutes. If it stays, the operator lets this server connect to AWS.",
        ),
    }
}

fn endpoint(diagnosis: &Diagnosis, subject: &Subject<'_>) -> Finding {
    let host = subject.host();
    match diagnosis {
        // One text for both: what names there are in the operator's network is nobody's business.
        Diagnosis::AddressNotAllowed | Diagnosis::NameUnknown => told(
            format!("{host} does not lead to an address that this installation may reach."),
            format!(
                "Correct the endpoint; it needs https and a public address. For a store in your own network the operator adds {host} to MIXDOWN_ALLOW_PRIVATE."
            ),
        ),
        Diagnosis::TimedOut => told(
            format!("{host} did not answer in time."),
            "Check the endpoint, and that its firewall lets this server in.",
        ),
        Diagnosis::NotAStore => told(
            format!("What answers at {host} is no S3 store."),
            "Check the endpoint: it is the address of the S3 API, not of the store's console.",
        ),
        Diagnosis::Tls(problem) => tls(*problem, host),
        _ => told(
            format!("{host} accepts no connection."),
            "Check host and port of the endpoint, that the store is running, and that its firewall lets this server in.",
        ),
    }
}

fn tls(problem: TlsProblem, host: &str) -> Finding {
    match problem {
        TlsProblem::UnknownIssuer => told(
            format!("The certificate of {host} is not trusted: nobody known has signed it."),
            "Paste the certificate of the authority that signed it (PEM) into “CA certificate”.",
        ),
        TlsProblem::WrongName => told(
            format!("The certificate of {host} is for another name."),
            "Use the name that the certificate is for as the endpoint, or have a certificate made for this one.",
        ),
        TlsProblem::OutOfDate => told(
            format!("The certificate of {host} has expired or is not valid yet."),
            "Renew the certificate. If it is in date, correct the clock of the server that runs Mixdown.",
        ),
        TlsProblem::Certificate => {
            told(format!("The certificate of {host} is not usable."), "Have a new certificate made for the store.")
        }
        TlsProblem::Handshake => told(
            format!("No secure connection with {host} is possible."),
            "Check the port of the endpoint, and that the store speaks TLS 1.2 or newer there.",
        ),
    }
}

fn clock(ahead_seconds: i64) -> Finding {
    let minutes = ahead_seconds.unsigned_abs().div_ceil(60);
    let unit = if minutes == 1 { "minute" } else { "minutes" };
    let side = if ahead_seconds < 0 { "behind" } else { "ahead of" };
    let finding = if minutes == 0 {
        "The clock of the server that runs Mixdown and the store's clock differ too much.".to_owned()
    } else {
        format!("The clock of the server that runs Mixdown is {minutes} {unit} {side} the store's.")
    };
    told(finding, "The operator sets the clock right, best by NTP: `timedatectl set-ntp true`.")
}

fn credentials(diagnosis: &Diagnosis, subject: &Subject<'_>) -> Finding {
    let key = subject.options.access_key_id.as_deref().unwrap_or_default();
    match (diagnosis, subject.kind) {
        (Diagnosis::SessionEnded, StorageKind::AwsRole) => told(
            "The temporary credentials have ended.",
            "The operator renews the AWS credentials of this installation (AWS_SESSION_TOKEN), then validate again.",
        ),
        (_, StorageKind::AwsRole) => told(
            "AWS does not know the credentials of this installation.",
            "The operator sets AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to those of an active user.",
        ),
        (Diagnosis::UnknownKey, _) => told(
            format!("The store does not know the access key {key}."),
            "Paste the id of a key that exists and is active, and its secret.",
        ),
        (Diagnosis::SessionEnded, _) => told(
            format!("The access key {key} is one of a session, which has ended."),
            "Paste the key of a user: it does not end.",
        ),
        _ => told(
            format!("The secret is not the one of the access key {key}."),
            "Paste the secret again. If it is lost, create a new key and paste both its parts.",
        ),
    }
}

fn role(diagnosis: &Diagnosis, subject: &Subject<'_>) -> Finding {
    let role = subject.options.role_arn.as_deref().unwrap_or_default();
    match diagnosis {
        Diagnosis::RoleOpen { without } => {
            let how = if *without { "without an external id" } else { "with a wrong external id" };
            told(
                format!("The role {role} lets Mixdown in {how}, so others could have us write into your bucket."),
                "Replace the trust policy of the role by this one.",
            )
            .paste(subject.trust_policy())
        }
        Diagnosis::RoleRefused => told(
            format!(
                "{} may not assume {role}: there is no such role, it does not trust us, or it asks for another external id than {}.",
                subject.principal.as_deref().unwrap_or("Mixdown"),
                subject.external_id
            ),
            "Check the ARN, and give the role this trust policy.",
        )
        .paste(subject.trust_policy()),
        _ => told(
            "This installation has no AWS identity that could assume a role.",
            "Use an access key instead, or have the operator set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
        ),
    }
}

fn region(right: Option<&str>, subject: &Subject<'_>) -> Finding {
    let (bucket, ours) = (&*subject.target.bucket, &*subject.target.region);
    match right.filter(|right| *right != ours) {
        Some(right) => told(
            format!("The bucket {bucket} is in {right}, not in {ours}."),
            format!("Add the storage again with the region {right} and remove this one."),
        ),
        None => told(
            format!("The region {ours} is not the one of the bucket {bucket}."),
            "Look the region up, add the storage again with it and remove this one.",
        )
        .paste(subject.is_aws().then(|| format!("aws s3api get-bucket-location --bucket {bucket}"))),
    }
}

fn no_bucket(subject: &Subject<'_>) -> Finding {
    let (bucket, region) = (&*subject.target.bucket, &*subject.target.region);
    let place = match region {
        "us-east-1" => String::new(),
        region => format!(" --create-bucket-configuration LocationConstraint={region}"),
    };
    let command = format!("aws s3api create-bucket --bucket {bucket} --region {region}{place}");
    told(
        format!("There is no bucket {bucket}."),
        "Create it. If its name is misspelt, add the storage again with the right one.",
    )
    .paste(subject.is_aws().then_some(command))
}

fn missing(action: &str, subject: &Subject<'_>) -> Finding {
    if subject.kind == StorageKind::Embedded {
        return told(
            format!("The embedded store refuses its own key ({action})."),
            "The operator restarts Mixdown and looks into its log.",
        );
    }
    let finding = format!(
        "{} may not do what {action} allows, on {}/{}*.",
        subject.holder(),
        subject.target.bucket,
        subject.prefix()
    );
    let remedy = if subject.is_aws() {
        format!("Allow {action}: attach this policy. A bucket or key policy that denies it has to go.")
    } else {
        format!("Check the access key and its secret, then allow it {action} in the store's settings.")
    };
    told(finding, remedy).paste(subject.permissions())
}

fn not_taken(diagnosis: &Diagnosis, subject: &Subject<'_>) -> Finding {
    let host = subject.host();
    match diagnosis {
        Diagnosis::KmsKey => told(
            format!(
                "The key {} does not exist in {}, or is disabled.",
                subject.kms_key().unwrap_or("of the bucket"),
                subject.target.region
            ),
            "Enter the ARN of a key that is enabled, in the region of the bucket.",
        ),
        Diagnosis::NotEncrypted => told(
            format!("{host} took the object, but did not encrypt it as asked."),
            "Choose “As the bucket does” as encryption, or turn encryption on in the store.",
        ),
        Diagnosis::NotTaken(Part::StorageClass) => told(
            format!(
                "{host} does not know the storage class {}.",
                subject.options.storage_class.as_deref().unwrap_or_default()
            ),
            "Choose a storage class that the store has, or none.",
        ),
        Diagnosis::NotTaken(Part::Tags) => {
            told(format!("{host} does not take the tags."), "Clear the tags of this storage.")
        }
        Diagnosis::NotTaken(Part::Metadata) => {
            told(format!("{host} does not take the metadata."), "Clear the metadata of this storage.")
        }
        _ => told(
            format!("{host} refuses to encrypt as asked."),
            "Choose “As the bucket does” as encryption, or turn encryption on in the store.",
        ),
    }
}

fn public(subject: &Subject<'_>) -> Finding {
    let command = format!(
        "aws s3api put-public-access-block --bucket {} --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true",
        subject.target.bucket
    );
    let remedy = if subject.is_aws() {
        "Block public access to the bucket."
    } else {
        "Take the right to read from everybody in the store's settings."
    };
    told("Anybody who has its address can read what lies in the bucket.", remedy)
        .paste(subject.is_aws().then_some(command))
}

fn undeleted(keys: &[String], subject: &Subject<'_>) -> Finding {
    told(
        format!("{} may not delete (s3:DeleteObject), so {} stays in the bucket.", subject.holder(), keys.join(" and ")),
        "Recordings can be delivered, but neither deleted here nor after their retention. To change that, attach this policy.",
    )
    .paste(subject.permissions())
}

fn account<'a>(subject: &'a Subject<'_>) -> &'a str {
    subject.options.account.as_deref().unwrap_or("this one")
}

fn named(code: &str, status: u16) -> String {
    if code.is_empty() { status.to_string() } else { format!("{code}, {status}") }
}
