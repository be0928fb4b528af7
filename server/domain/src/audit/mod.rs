//! Who did what and when: append only, each entry carries the hash of the one before it in the same org.

use crate::{
    access::Access,
    clock::to_date,
    error::{Error, Result},
    services::Services,
    store::{AuditRow, NewAuditEntry, OrgTx, unsigned},
};
use chrono::{DateTime, Utc};
use protocol::ids::{AuditId, NodeId, UserId};
use sha2::{Digest, Sha256};
use std::fmt;

const PAGE: i64 = 100;

/// One entry.
#[derive(Debug, Clone)]
pub struct Entry {
    pub id: AuditId,
    /// Counts from 1 within the org.
    pub sequence: u64,
    pub at: DateTime<Utc>,
    /// A user, a node, `link` (whoever has a download link) or `system`.
    pub actor: String,
    /// For example `application.recording_on`.
    pub action: String,
    /// What it was done to.
    pub object: String,
    pub detail: String,
}

/// Who did something.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Actor {
    User(UserId),
    Node(NodeId),
    /// Whoever has a download link.
    Link,
    System,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => id.fmt(f),
            Self::Node(id) => id.fmt(f),
            Self::Link => f.write_str("link"),
            Self::System => f.write_str("system"),
        }
    }
}

/// Adds an entry in the transaction of what it tells.
pub(crate) async fn record(
    services: &Services,
    org: &mut OrgTx<'_>,
    actor: Actor,
    action: &str,
    object: &impl fmt::Display,
    detail: &str,
) -> Result<()> {
    let (sequence, previous) = org.next_audit_sequence().await?;
    let (id, at) = (services.new_id(AuditId::from_parts)?, services.now());
    let (actor, object) = (actor.to_string(), object.to_string());
    let fields = Fields { sequence, id, at, actor: &actor, action, object: &object, detail };
    let hash = fields.hash(&previous);
    let entry = NewAuditEntry { sequence, id, at, actor: &actor, action, object: &object, detail, hash: &hash };
    Ok(org.insert_audit_entry(&entry).await?)
}

/// Latest entries of the org, newest first, at most 100.
pub async fn list(services: &Services, access: &Access) -> Result<Vec<Entry>> {
    let mut tx = services.read().await?;
    let rows = tx.org(access.org()).audit_entries(u64::MAX, PAGE).await?;
    Ok(rows.into_iter().map(entry).collect())
}

/// Whether the whole chain of the org is intact.
pub async fn verify(services: &Services, access: &Access) -> Result<bool> {
    let mut tx = services.read().await?;
    let mut org = tx.org(access.org());
    let (last, mut expected) = org.audit_end().await?;
    let mut before = last + 1;
    // Walked backwards: each entry must have the hash that its successor was made with.
    loop {
        let rows = org.audit_entries(before, PAGE).await?;
        if rows.is_empty() {
            return Ok(before == 1 && expected.is_empty());
        }
        for (row, previous) in rows.iter().zip(rows.iter().skip(1).map(Some).chain([None])) {
            let previous_hash = match previous {
                Some(previous) => previous.hash.clone(),
                None => {
                    org.audit_entries(unsigned(row.sequence), 1).await?.pop().map(|row| row.hash).unwrap_or_default()
                }
            };
            let intact = unsigned(row.sequence) + 1 == before
                && row.hash == expected
                && fields(row).hash(&previous_hash) == row.hash;
            if !intact {
                return Ok(false);
            }
            before = unsigned(row.sequence);
            expected = previous_hash;
        }
    }
}

/// What the hash covers.
struct Fields<'a> {
    sequence: u64,
    id: AuditId,
    at: u64,
    actor: &'a str,
    action: &'a str,
    object: &'a str,
    detail: &'a str,
}

impl Fields<'_> {
    /// Every field is preceded by its length, so that no two entries read the same.
    fn hash(&self, previous: &str) -> String {
        let mut hash = Sha256::new();
        let (sequence, id, at) = (self.sequence.to_string(), self.id.to_string(), self.at.to_string());
        for field in [previous, &sequence, &id, &at, self.actor, self.action, self.object, self.detail] {
            hash.update(u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(field.as_bytes());
        }
        hex::encode(hash.finalize())
    }
}

fn fields(row: &AuditRow) -> Fields<'_> {
    Fields {
        sequence: unsigned(row.sequence),
        id: row.id(),
        at: unsigned(row.at),
        actor: &row.actor,
        action: &row.action,
        object: &row.object,
        detail: &row.detail,
    }
}

fn entry(row: AuditRow) -> Entry {
    Entry {
        id: row.id(),
        sequence: unsigned(row.sequence),
        at: to_date(unsigned(row.at)),
        actor: row.actor,
        action: row.action,
        object: row.object,
        detail: row.detail,
    }
}

/// An action of a signed-in member.
pub(crate) async fn record_for(
    services: &Services,
    org: &mut OrgTx<'_>,
    access: &Access,
    action: &str,
    object: &impl fmt::Display,
) -> Result<(), Error> {
    record(services, org, Actor::User(access.user()), action, object, "").await
}
