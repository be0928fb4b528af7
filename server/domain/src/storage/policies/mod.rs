//! What a tenant pastes at AWS or at another store so that Mixdown may write into a bucket: policies, CORS rules,
//! commands and Terraform, filled in with the tenant's own names. Pure text; nothing here asks anybody.

mod commands;
mod terraform;

use super::{Partition, partition};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;

const POLICY_LANGUAGE: &str = "2012-10-17";
/// Of roles and users that the texts make; a storage that exists has its own.
pub const NAME: &str = "mixdown-recordings";

/// What the texts are filled in with.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    pub bucket: &'a str,
    pub region: &'a str,
    /// Every key that Mixdown writes begins with it.
    pub prefix: &'a str,
    /// Identifier, ARN or alias of the key that objects are encrypted with.
    pub kms_key: Option<&'a str>,
    /// The bucket's account, when it is known.
    pub account: Option<&'a str>,
    /// Objects get tags.
    pub tagged: bool,
    /// Origin of the console, whose pages play recordings.
    pub origin: &'a str,
    pub holder: Holder<'a>,
}

/// Whom the store is to let in.
#[derive(Debug, Clone, Copy)]
pub enum Holder<'a> {
    /// A role of the tenant that we assume.
    Role {
        name: &'a str,
        /// Our own ARN; nothing when this installation has no AWS identity.
        principal: Option<&'a str>,
        external_id: &'a str,
    },
    /// An IAM user of the tenant whose key we hold.
    User,
    /// A key of a store that is not AWS.
    Key { endpoint: &'a str },
}

/// Which text it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextName {
    TrustPolicy,
    Permissions,
    Cors,
    Commands,
    Terraform,
}

/// Something to paste.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub name: TextName,
    pub body: String,
}

/// Everything to paste for a storage, in the order it is needed.
#[must_use]
pub fn texts(target: &Target<'_>) -> Vec<Text> {
    let trust = match target.holder {
        Holder::Role { principal: Some(principal), external_id, .. } => Some(trust_policy(principal, external_id)),
        _ => None,
    };
    let on_aws = !matches!(target.holder, Holder::Key { .. });
    [
        (TextName::TrustPolicy, trust),
        (TextName::Permissions, Some(permissions(target))),
        (TextName::Cors, Some(cors_rules(target.origin))),
        (TextName::Commands, Some(commands::lines(target))),
        (TextName::Terraform, on_aws.then(|| terraform::configuration(target))),
    ]
    .into_iter()
    .filter_map(|(name, body)| Some(Text { name, body: body? }))
    .collect()
}

/// What the role or user may do: the least that recordings, validation, retention and playback need.
#[must_use]
pub fn permissions(target: &Target<'_>) -> String {
    pretty(&permissions_document(target))
}

/// Who may assume the role: we, and only for this tenant.
#[must_use]
pub fn trust_policy(principal: &str, external_id: &str) -> String {
    pretty(&trust_document(principal, external_id))
}

/// The list of rules as the AWS console takes it. Without them browsers still play a recording, but scripts cannot
/// read it.
#[must_use]
pub fn cors_rules(origin: &str) -> String {
    pretty(&[cors_rule(origin)])
}

/// A rule for the lifecycle of a bucket that keeps versions, as the AWS console and command line take it: what was
/// deleted under the prefix is gone a day later.
#[must_use]
pub fn lifecycle_rule(prefix: &str) -> String {
    pretty(&json!({
        "ID": "mixdown-deleted-recordings",
        "Status": "Enabled",
        "Filter": { "Prefix": prefix },
        "NoncurrentVersionExpiration": { "NoncurrentDays": 1 },
    }))
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    version: &'static str,
    statement: Vec<Statement>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    sid: &'static str,
    effect: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<Principal>,
    action: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    condition: Condition,
}

/// Operator, then key, then value.
type Condition = BTreeMap<&'static str, BTreeMap<&'static str, String>>;

#[derive(Serialize)]
struct Principal {
    #[serde(rename = "AWS")]
    aws: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CorsRule<'a> {
    allowed_origins: [&'a str; 1],
    allowed_methods: [&'static str; 2],
    allowed_headers: [&'static str; 1],
    expose_headers: [&'static str; 4],
    max_age_seconds: u32,
}

fn permissions_document(target: &Target<'_>) -> Policy {
    let mut action = vec!["s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload", "s3:DeleteObject"];
    if target.tagged {
        action.push("s3:PutObjectTagging");
    }
    let partition = partition(target.region).name;
    let objects = Statement {
        sid: "MixdownRecordings",
        effect: "Allow",
        principal: None,
        action,
        resource: Some(format!("arn:{partition}:s3:::{}/{}*", target.bucket, literally(target.prefix))),
        condition: Condition::new(),
    };
    let encryption = target.kms_key.map(|key| encryption_statement(target, key));
    Policy { version: POLICY_LANGUAGE, statement: std::iter::once(objects).chain(encryption).collect() }
}

/// S3 makes a data key for each object and reads it again for each part of an upload.
fn encryption_statement(target: &Target<'_>, key: &str) -> Statement {
    let Partition { name: partition, domain } = partition(target.region);
    let region = target.region;
    let mut condition =
        Condition::from([("StringEquals", [("kms:ViaService", format!("s3.{region}.{domain}"))].into())]);
    let alias = key.rsplit_once(":alias/").map(|(_, name)| name).or_else(|| key.strip_prefix("alias/"));
    let resource = if let Some(alias) = alias {
        // A policy names keys, never aliases, so the alias becomes a condition.
        condition.insert("ForAnyValue:StringEquals", [("kms:ResourceAliases", format!("alias/{alias}"))].into());
        format!("arn:{partition}:kms:{region}:{}:key/*", target.account.unwrap_or("*"))
    } else if key.starts_with("arn:") {
        key.to_owned()
    } else {
        format!("arn:{partition}:kms:{region}:{}:key/{key}", target.account.unwrap_or("*"))
    };
    Statement {
        sid: "MixdownEncryption",
        effect: "Allow",
        principal: None,
        action: vec!["kms:GenerateDataKey", "kms:Decrypt"],
        resource: Some(resource),
        condition,
    }
}

fn trust_document(principal: &str, external_id: &str) -> Policy {
    let statement = Statement {
        sid: "MixdownMayAssume",
        effect: "Allow",
        principal: Some(Principal { aws: principal.to_owned() }),
        action: vec!["sts:AssumeRole"],
        resource: None,
        condition: [("StringEquals", [("sts:ExternalId", external_id.to_owned())].into())].into(),
    };
    Policy { version: POLICY_LANGUAGE, statement: vec![statement] }
}

fn cors_rule(origin: &str) -> CorsRule<'_> {
    CorsRule {
        allowed_origins: [origin],
        allowed_methods: ["GET", "HEAD"],
        allowed_headers: ["Range"],
        expose_headers: ["Accept-Ranges", "Content-Length", "Content-Range", "ETag"],
        max_age_seconds: 3600,
    }
}

/// Text that a policy takes as it is, with nothing in it that stands for something else.
fn literally(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '*' | '?' | '$' => out.extend(["${", c.encode_utf8(&mut [0; 4]), "}"]),
            c => out.push(c),
        }
    }
    out
}

fn pretty(document: &impl Serialize) -> String {
    serde_json::to_string_pretty(document).unwrap_or_default()
}

fn compact(document: &impl Serialize) -> String {
    serde_json::to_string(document).unwrap_or_default()
}

#[cfg(test)]
mod tests;
