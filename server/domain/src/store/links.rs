//! Keys of the installation, and how often download links were used.

use super::{OrgTx, Text, Tx, execute, fetch_optional, on, signed, unsigned};
use protocol::ids::RecordingId;

#[derive(sqlx::FromRow)]
struct Sealed {
    sealed: String,
}

#[derive(sqlx::FromRow)]
struct Uses {
    uses: i64,
}

/// One use of a download link.
pub(crate) struct LinkUse<'a> {
    /// Hash of the link's token.
    pub link_hash: &'a str,
    pub recording: RecordingId,
    pub expires_at: u64,
    pub now: u64,
}

impl Tx {
    pub(crate) async fn installation_key(&mut self, name: &str) -> sqlx::Result<Option<String>> {
        let row = fetch_optional!(self, Sealed, "SELECT sealed FROM installation_keys WHERE name = $1", name)?;
        Ok(row.map(|row| row.sealed))
    }

    /// The first one stays.
    pub(crate) async fn insert_installation_key(&mut self, name: &str, sealed: &str, now: u64) -> sqlx::Result<()> {
        execute!(
            self,
            "INSERT INTO installation_keys (name, sealed, created_at) VALUES ($1, $2, $3)
             ON CONFLICT (name) DO NOTHING",
            name,
            sealed,
            signed(now),
        )
        .map(drop)
    }

    /// Forgets the counts of links that ended before `before`.
    pub(crate) async fn delete_expired_link_uses(&mut self, before: u64) -> sqlx::Result<u64> {
        execute!(self, "DELETE FROM link_uses WHERE expires_at < $1", signed(before))
    }
}

impl OrgTx<'_> {
    /// Counts a use; how many there were, if the audit log has had none of this link for `audit_every` milliseconds.
    pub(crate) async fn count_link_use(&mut self, link: &LinkUse<'_>, audit_every: u64) -> sqlx::Result<Option<u64>> {
        execute!(
            org self,
            "INSERT INTO link_uses (org_id, link_hash, recording_id, expires_at, uses, last_used_at)
             VALUES ($1, $2, $3, $4, 1, $5)
             ON CONFLICT (org_id, link_hash) DO UPDATE SET uses = link_uses.uses + 1, last_used_at = excluded.last_used_at",
            link.link_hash,
            Text(link.recording),
            signed(link.expires_at),
            signed(link.now),
        )?;
        let row = fetch_optional!(
            org self,
            Uses,
            "UPDATE link_uses SET audited_at = $3
             WHERE org_id = $1 AND link_hash = $2 AND (audited_at IS NULL OR audited_at <= $4) RETURNING uses",
            link.link_hash,
            signed(link.now),
            signed(link.now.saturating_sub(audit_every)),
        )?;
        Ok(row.map(|row| unsigned(row.uses)))
    }
}
