//! The audit log. The org's row holds the end of the chain; updating it first makes writers of one org queue.

use super::{OrgTx, Text, execute, fetch_all, fetch_one, on, signed, unsigned};
use protocol::ids::AuditId;

/// An entry as stored.
#[derive(sqlx::FromRow)]
pub(crate) struct AuditRow {
    pub sequence: i64,
    id: Text<AuditId>,
    pub at: i64,
    pub actor: String,
    pub action: String,
    pub object: String,
    pub detail: String,
    pub hash: String,
}

impl AuditRow {
    pub(crate) fn id(&self) -> AuditId {
        self.id.0
    }
}

/// An entry to be added.
pub(crate) struct NewAuditEntry<'a> {
    pub sequence: u64,
    pub id: AuditId,
    pub at: u64,
    pub actor: &'a str,
    pub action: &'a str,
    pub object: &'a str,
    pub detail: &'a str,
    pub hash: &'a str,
}

#[derive(sqlx::FromRow)]
struct End {
    audit_sequence: i64,
    audit_hash: String,
}

impl OrgTx<'_> {
    /// Takes the next number and the hash of the entry before it.
    pub(crate) async fn next_audit_sequence(&mut self) -> sqlx::Result<(u64, String)> {
        let end = fetch_one!(
            org self,
            End,
            "UPDATE orgs SET audit_sequence = audit_sequence + 1 WHERE id = $1 RETURNING audit_sequence, audit_hash",
        )?;
        Ok((unsigned(end.audit_sequence), end.audit_hash))
    }

    pub(crate) async fn insert_audit_entry(&mut self, entry: &NewAuditEntry<'_>) -> sqlx::Result<()> {
        execute!(
            org self,
            "INSERT INTO audit_log (org_id, sequence, id, at, actor, action, object, detail, hash)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            signed(entry.sequence),
            Text(entry.id),
            signed(entry.at),
            entry.actor,
            entry.action,
            entry.object,
            entry.detail,
            entry.hash,
        )?;
        execute!(org self, "UPDATE orgs SET audit_hash = $2 WHERE id = $1", entry.hash).map(drop)
    }

    pub(crate) async fn audit_end(&mut self) -> sqlx::Result<(u64, String)> {
        let end = fetch_one!(org self, End, "SELECT audit_sequence, audit_hash FROM orgs WHERE id = $1")?;
        Ok((unsigned(end.audit_sequence), end.audit_hash))
    }

    /// Newest first, beginning before `before`.
    pub(crate) async fn audit_entries(&mut self, before: u64, limit: i64) -> sqlx::Result<Vec<AuditRow>> {
        fetch_all!(
            org self,
            AuditRow,
            "SELECT sequence, id, at, actor, action, object, detail, hash FROM audit_log
             WHERE org_id = $1 AND sequence < $2 ORDER BY sequence DESC LIMIT $3",
            signed(before),
            limit,
        )
    }
}
