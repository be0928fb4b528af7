//! Who did what and when: append only, each entry carries the hash of the one before it in the same org.

use crate::{
    access::{Access, Permission},
    clock::to_date,
    error::{Error, Result},
    services::Services,
    store::{AuditRow, NewAuditEntry, OrgTx, unsigned},
};
use chrono::{DateTime, Utc};
use protocol::ids::{ApiKeyId, AuditId, NodeId, UserId};
use sha2::{Digest, Sha256};
use std::fmt;

const PAGE: i64 = 100;
/// Entries read at a time to verify all of them.
const BATCH: i64 = 1000;

/// One entry.
#[derive(Debug, Clone)]
pub struct Entry {
    pub id: AuditId,
    /// Counts from 1 within the org.
    pub sequence: u64,
    pub at: DateTime<Utc>,
    /// A user, an API key, a node, `link` (whoever has a download link) or `system`.
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
    ApiKey(ApiKeyId),
    Node(NodeId),
    /// Whoever has a download link.
    Link,
    System,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => id.fmt(f),
            Self::ApiKey(id) => id.fmt(f),
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
    list_before(services, access, None).await
}

/// Entries before the one with this sequence, newest first, at most 100.
pub async fn list_before(services: &Services, access: &Access, sequence: Option<u64>) -> Result<Vec<Entry>> {
    access.require(Permission::ViewAuditLog)?;
    let mut tx = services.read().await?;
    let rows = tx.reach(access).audit_entries(sequence.unwrap_or(u64::MAX), PAGE).await?;
    Ok(rows.into_iter().map(entry).collect())
}

/// Whether the entries that [`list`] shows are the end of an intact chain.
pub async fn verify_latest(services: &Services, access: &Access) -> Result<bool> {
    access.require(Permission::ViewAuditLog)?;
    let mut tx = services.read().await?;
    let mut org = tx.reach(access);
    let mut chain = Backwards::from_end(org.audit_end().await?);
    let rows = org.audit_entries(chain.before, PAGE + 1).await?;
    Ok(chain.admits(&rows, PAGE)
        && (chain.is_at_beginning() || i64::try_from(rows.len()).is_ok_and(|rows| rows > PAGE)))
}

/// Whether the whole chain of the org is intact; takes as long as it is.
pub async fn verify(services: &Services, access: &Access) -> Result<bool> {
    access.require(Permission::ViewAuditLog)?;
    let mut tx = services.read().await?;
    let mut org = tx.reach(access);
    let mut chain = Backwards::from_end(org.audit_end().await?);
    loop {
        let rows = org.audit_entries(chain.before, BATCH + 1).await?;
        if rows.is_empty() {
            return Ok(chain.is_at_beginning());
        }
        if !chain.admits(&rows, BATCH) {
            return Ok(false);
        }
    }
}

/// A walk along the chain from its end: each entry must have the hash that its successor was made with.
struct Backwards {
    /// The entry that was admitted last.
    before: u64,
    /// What the entry before it must have.
    hash: String,
}

impl Backwards {
    fn from_end((last, hash): (u64, String)) -> Self {
        Self { before: last + 1, hash }
    }

    /// Takes the first `count` of these rows, newest first; the row after each of them tells what it was made with.
    fn admits(&mut self, rows: &[AuditRow], count: i64) -> bool {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        for (index, row) in rows.iter().enumerate().take(count) {
            let previous = rows.get(index + 1).map(|row| row.hash.as_str()).unwrap_or_default();
            let next = unsigned(row.sequence) + 1 == self.before;
            if !next || row.hash != self.hash || fields(row).hash(previous) != row.hash {
                return false;
            }
            self.before = unsigned(row.sequence);
            self.hash = previous.to_owned();
        }
        true
    }

    fn is_at_beginning(&self) -> bool {
        self.before == 1 && self.hash.is_empty()
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

/// An action of a caller.
pub(crate) async fn record_for(
    services: &Services,
    org: &mut OrgTx<'_>,
    access: &Access,
    action: &str,
    object: &impl fmt::Display,
) -> Result<(), Error> {
    record(services, org, access.actor(), action, object, "").await
}
