//! The storage that is validated, and what can be said about it.

use crate::storage::{
    Encryption, StorageKind,
    policies::{self, Holder, NAME},
    settings::{Options, Target},
};

/// A storage as its owner knows it.
#[derive(Debug, Clone)]
pub(super) struct Subject<'a> {
    pub kind: StorageKind,
    pub target: &'a Target,
    pub options: &'a Options,
    /// Origin that requests go to.
    pub endpoint: String,
    /// Our own ARN.
    pub principal: Option<String>,
    pub external_id: &'a str,
    /// Origin of the console.
    pub origin: String,
}

impl Subject<'_> {
    pub(super) fn is_aws(&self) -> bool {
        matches!(self.kind, StorageKind::AwsKeys | StorageKind::AwsRole)
    }

    /// Host and port that requests go to.
    pub(super) fn host(&self) -> &str {
        self.endpoint.split_once("://").map_or(&*self.endpoint, |(_, host)| host)
    }

    pub(super) fn prefix(&self) -> &str {
        self.options.prefix.as_str()
    }

    pub(super) fn kms_key(&self) -> Option<&str> {
        match &self.options.encryption {
            Encryption::Kms { key_id } => Some(key_id),
            Encryption::BucketDefault | Encryption::S3 => None,
        }
    }

    /// Whose permissions they are.
    pub(super) fn holder(&self) -> String {
        match (&self.options.role_arn, &self.options.access_key_id) {
            (Some(role), _) => format!("The role {role}"),
            (None, Some(key)) => format!("The access key {key}"),
            (None, None) => "The embedded store's key".to_owned(),
        }
    }

    /// The policy that allows all that is needed.
    pub(super) fn permissions(&self) -> String {
        policies::permissions(&self.named())
    }

    pub(super) fn cors_rules(&self) -> String {
        policies::cors_rules(&self.origin)
    }

    /// The rule that removes old versions of recordings.
    pub(super) fn lifecycle_rule(&self) -> String {
        policies::lifecycle_rule(self.prefix())
    }

    /// What a role has to say about us; nothing when this installation has no AWS identity.
    pub(super) fn trust_policy(&self) -> Option<String> {
        self.principal.as_deref().map(|principal| policies::trust_policy(principal, self.external_id))
    }

    fn named(&self) -> policies::Target<'_> {
        let role = self.options.role_arn.as_deref().and_then(|arn| arn.rsplit('/').next()).unwrap_or(NAME);
        let holder = match self.kind {
            StorageKind::AwsRole => {
                Holder::Role { name: role, principal: self.principal.as_deref(), external_id: self.external_id }
            }
            StorageKind::AwsKeys => Holder::User,
            StorageKind::Embedded | StorageKind::S3Compatible => Holder::Key { endpoint: &self.endpoint },
        };
        policies::Target {
            bucket: &self.target.bucket,
            region: &self.target.region,
            prefix: self.prefix(),
            kms_key: self.kms_key(),
            account: self.options.account.as_deref(),
            tagged: !self.options.tags.is_empty(),
            origin: &self.origin,
            holder,
        }
    }
}
