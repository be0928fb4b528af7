//! What an org says about a bucket, checked. Pure.

use super::key_template::{DEFAULT_TEMPLATE, KeyTemplate, Prefix};
use crate::{
    error::{Error, Result},
    revision::Expected,
};
use outbound::CaCertificate;
use protocol::wire_enum;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;

const NAME_CHARS: usize = 64;
const CERTIFICATE_BYTES: usize = 32 * 1024;
const ACCESS_KEY_CHARS: usize = 128;
const ARN_CHARS: usize = 2048;
/// S3 takes 2 kB of metadata in all and ten tags per object (Amazon S3 User Guide, "Working with object metadata",
/// "Categorizing your objects using tags").
const METADATA_BYTES: usize = 2048;
const TAGS: usize = 10;
const TAG_KEY_CHARS: usize = 128;
const TAG_VALUE_CHARS: usize = 256;

wire_enum! {
    /// How a bucket is reached.
    StorageKind {
        /// The store that runs inside Mixdown.
        Embedded = "embedded",
        /// Amazon S3 with an access key of the customer's.
        AwsKeys = "aws_keys",
        /// Amazon S3 with a role of the customer's that Mixdown assumes.
        AwsRole = "aws_role",
        /// Anything else that speaks S3.
        S3Compatible = "s3_compatible",
    }
}

/// Encryption that the bucket is asked for. Buckets encrypt by themselves as well, if they are set up to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Encryption {
    /// Whatever the bucket does.
    #[default]
    BucketDefault,
    /// SSE-S3.
    S3,
    /// SSE-KMS with this key: an identifier, an alias or an ARN.
    Kms { key_id: String },
}

/// What a form or the API says about a storage, unchecked.
#[derive(Debug, Clone, Default)]
pub struct StorageInput {
    /// In a change: which versions it is meant for.
    pub expected: Expected,
    pub name: String,
    pub region: String,
    pub bucket: String,
    /// For [`StorageKind::S3Compatible`].
    pub endpoint: String,
    /// The bucket's name in the path instead of the host name.
    pub path_style: bool,
    /// PEM; empty for the usual authorities.
    pub ca_certificate: String,
    /// For [`StorageKind::AwsKeys`] and [`StorageKind::S3Compatible`].
    pub access_key_id: String,
    /// Belongs to the access key; in a change, empty keeps the stored one.
    pub secret_access_key: SecretString,
    /// For [`StorageKind::AwsRole`].
    pub role_arn: String,
    /// Twelve digits: requests fail when the bucket belongs to another account. May be empty.
    pub account: String,
    /// Put before every key; may be empty.
    pub prefix: String,
    /// Empty for the usual one.
    pub key_template: String,
    pub encryption: Encryption,
    pub storage_class: String,
    /// One `name=value` per line.
    pub metadata: String,
    /// One `name=value` per line.
    pub tags: String,
}

/// Where recordings lie. It never changes: a storage keeps giving access to what was put there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Target {
    pub region: String,
    pub bucket: String,
    pub endpoint: Option<Url>,
}

/// How recordings get there, without the secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Options {
    pub path_style: bool,
    pub ca_certificate: Option<String>,
    pub access_key_id: Option<String>,
    pub role_arn: Option<String>,
    pub account: Option<String>,
    pub prefix: Prefix,
    pub key_template: KeyTemplate,
    pub encryption: Encryption,
    pub storage_class: Option<String>,
    pub metadata: Vec<(String, String)>,
    pub tags: Vec<(String, String)>,
}

/// A name for people.
pub(super) fn name(input: &StorageInput) -> Result<String> {
    let name = input.name.trim();
    let name = if name.is_empty() { input.bucket.trim() } else { name };
    if name.is_empty() || name.chars().count() > NAME_CHARS || name.chars().any(char::is_control) {
        return Err(Error::invalid("storage_name_invalid", format!("A name has 1 to {NAME_CHARS} characters.")));
    }
    Ok(name.to_owned())
}

/// The part of the input that says where.
pub(super) fn target(kind: StorageKind, input: &StorageInput) -> Result<Target> {
    let region = input.region.trim();
    let endpoint = match kind {
        StorageKind::S3Compatible => Some(endpoint(&input.endpoint)?),
        StorageKind::AwsKeys | StorageKind::AwsRole | StorageKind::Embedded => None,
    };
    let region = if region.is_empty() && endpoint.is_some() { "us-east-1" } else { region };
    let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || (endpoint.is_some() && c == '_');
    if region.is_empty() || region.len() > 64 || !region.chars().all(known) {
        return Err(Error::invalid("region_invalid", "A region looks like eu-central-1."));
    }
    Ok(Target { region: region.to_owned(), bucket: bucket(input.bucket.trim())?, endpoint })
}

/// The rules for names of buckets (Amazon S3 User Guide, "General purpose bucket naming rules").
fn bucket(name: &str) -> Result<String> {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    let fits = (3..=63).contains(&name.len())
        && edge(name.chars().next())
        && edge(name.chars().last())
        && name.chars().all(inner)
        && !name.contains("..")
        && name.parse::<std::net::Ipv4Addr>().is_err();
    if fits {
        Ok(name.to_owned())
    } else {
        Err(Error::invalid(
            "bucket_name_invalid",
            "A bucket's name has 3 to 63 lower-case letters, digits, dots and dashes, and begins and ends with a letter or digit.",
        ))
    }
}

fn endpoint(text: &str) -> Result<Url> {
    let url: Option<Url> = text.trim().parse().ok();
    url.filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some())
        .filter(|url| url.query().is_none() && url.fragment().is_none() && url.path() == "/")
        .filter(|url| url.username().is_empty() && url.password().is_none())
        .ok_or_else(|| {
            Error::invalid("endpoint_invalid", "An endpoint looks like https://s3.example.com, without a path.")
        })
}

/// The part of the input that says how.
pub(super) fn options(kind: StorageKind, input: &StorageInput) -> Result<Options> {
    let keys = matches!(kind, StorageKind::AwsKeys | StorageKind::S3Compatible);
    Ok(Options {
        path_style: input.path_style && kind == StorageKind::S3Compatible,
        ca_certificate: match kind {
            StorageKind::S3Compatible => ca_certificate(&input.ca_certificate)?,
            StorageKind::AwsKeys | StorageKind::AwsRole | StorageKind::Embedded => None,
        },
        access_key_id: if keys { Some(access_key_id(input.access_key_id.trim())?) } else { None },
        role_arn: if kind == StorageKind::AwsRole { Some(role_arn(input.role_arn.trim())?) } else { None },
        account: account(input.account.trim())?,
        prefix: input.prefix.trim().parse()?,
        key_template: non_empty(&input.key_template).unwrap_or(DEFAULT_TEMPLATE).parse()?,
        encryption: encryption(&input.encryption)?,
        storage_class: storage_class(&input.storage_class)?,
        metadata: metadata(&input.metadata)?,
        tags: tags(&input.tags)?,
    })
}

fn non_empty(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

fn ca_certificate(text: &str) -> Result<Option<String>> {
    let Some(pem) = non_empty(text) else { return Ok(None) };
    if pem.len() > CERTIFICATE_BYTES || CaCertificate::from_pem(pem).is_err() {
        return Err(Error::invalid(
            "ca_certificate_invalid",
            "The certificate must be PEM text that begins with -----BEGIN CERTIFICATE-----.",
        ));
    }
    Ok(Some(pem.to_owned()))
}

fn access_key_id(text: &str) -> Result<String> {
    if text.is_empty() || text.len() > ACCESS_KEY_CHARS || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::invalid("access_key_invalid", "The access key ID is missing or has characters no key has."));
    }
    Ok(text.to_owned())
}

fn role_arn(text: &str) -> Result<String> {
    let fields: Vec<&str> = text.splitn(6, ':').collect();
    let fits = text.len() <= ARN_CHARS
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && matches!(fields[..], ["arn", partition, "iam", "", account, role]
            if partition.starts_with("aws") && is_account(account) && role.len() > 5 && role.starts_with("role/"));
    if fits {
        Ok(text.to_owned())
    } else {
        Err(Error::invalid("role_arn_invalid", "A role looks like arn:aws:iam::123456789012:role/mixdown."))
    }
}

fn account(text: &str) -> Result<Option<String>> {
    match text {
        "" => Ok(None),
        account if is_account(account) => Ok(Some(account.to_owned())),
        _ => Err(Error::invalid("account_invalid", "An AWS account has twelve digits.")),
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn encryption(encryption: &Encryption) -> Result<Encryption> {
    let Encryption::Kms { key_id } = encryption else { return Ok(encryption.clone()) };
    let key_id = key_id.trim();
    if key_id.is_empty() || key_id.len() > ARN_CHARS || !key_id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::invalid("kms_key_invalid", "Encryption with KMS needs the key's ARN, alias or identifier."));
    }
    Ok(Encryption::Kms { key_id: key_id.to_owned() })
}

fn storage_class(text: &str) -> Result<Option<String>> {
    let Some(class) = non_empty(text) else { return Ok(None) };
    if class.len() > 32 || !class.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    {
        return Err(Error::invalid("storage_class_invalid", "A storage class looks like STANDARD_IA."));
    }
    // What is not there at once cannot be verified, played or linked.
    if matches!(class, "GLACIER" | "DEEP_ARCHIVE") {
        return Err(Error::invalid(
            "storage_class_invalid",
            "Objects of this class cannot be read at once; let a lifecycle rule of the bucket move them there later.",
        ));
    }
    Ok(Some(class.to_owned()))
}

fn metadata(text: &str) -> Result<Vec<(String, String)>> {
    let invalid = || {
        Error::invalid(
            "metadata_invalid",
            "Metadata is one name=value per line; names have letters, digits and dashes, values printable ASCII, at most 2 kB together.",
        )
    };
    let pairs = pairs(text).ok_or_else(invalid)?;
    let fits = pairs.iter().all(|(name, value)| {
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !name.to_ascii_lowercase().starts_with("mixdown-")
            && value.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
    });
    let bytes: usize = pairs.iter().map(|(name, value)| name.len() + value.len()).sum();
    if !fits || bytes > METADATA_BYTES - 256 {
        return Err(invalid());
    }
    Ok(pairs.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect())
}

fn tags(text: &str) -> Result<Vec<(String, String)>> {
    let invalid = || {
        Error::invalid(
            "tags_invalid",
            "Tags are one name=value per line, at most ten; letters, digits, spaces and + - = . _ : / @ are allowed.",
        )
    };
    let pairs = pairs(text).ok_or_else(invalid)?;
    let known = |c: char| c.is_alphanumeric() || " +-=._:/@".contains(c);
    let fits = pairs.len() <= TAGS
        && pairs.iter().all(|(name, value)| {
            name.chars().count() <= TAG_KEY_CHARS
                && value.chars().count() <= TAG_VALUE_CHARS
                && !name.starts_with("aws:")
                && name.chars().chain(value.chars()).all(known)
        });
    if fits { Ok(pairs) } else { Err(invalid()) }
}

/// Lines of `name=value` with different names; `None` when a line is something else.
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once('=')?;
        let (name, value) = (name.trim(), value.trim());
        if name.is_empty() || pairs.len() > 100 || pairs.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
            return None;
        }
        pairs.push((name.to_owned(), value.to_owned()));
    }
    Some(pairs)
}

#[cfg(test)]
mod tests;
