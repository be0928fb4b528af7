//! Sums over what an org used.

use super::{OrgTx, Text, fetch_all, on};
use protocol::ids::{ApplicationId, RecordingId};

/// What one application used.
#[derive(sqlx::FromRow)]
pub(crate) struct UsageRow {
    application_id: Text<ApplicationId>,
    pub recordings: i64,
    pub failed: i64,
    pub recorded_ms: i64,
    pub bytes: i64,
    pub peer_ms: i64,
}

impl UsageRow {
    pub(crate) fn application(&self) -> ApplicationId {
        self.application_id.0
    }
}

impl OrgTx<'_> {
    /// Of recordings from one identifier to before another, and of peers that left in a month, by application.
    pub(crate) async fn usage(
        &mut self,
        from: RecordingId,
        to: RecordingId,
        month: &str,
    ) -> sqlx::Result<Vec<UsageRow>> {
        let mut rows = fetch_all!(
            org self,
            UsageRow,
            "SELECT application_id, CAST(SUM(recordings) AS BIGINT) AS recordings, CAST(SUM(failed) AS BIGINT) AS failed,
                 CAST(SUM(recorded_ms) AS BIGINT) AS recorded_ms, CAST(SUM(bytes) AS BIGINT) AS bytes,
                 CAST(SUM(peer_ms) AS BIGINT) AS peer_ms
             FROM (
                 SELECT application_id, CASE WHEN state = 'ready' THEN 1 ELSE 0 END AS recordings,
                     CASE WHEN state = 'failed' THEN 1 ELSE 0 END AS failed, COALESCE(duration_ms, 0) AS recorded_ms,
                     COALESCE(bytes, 0) AS bytes, 0 AS peer_ms
                 FROM recordings WHERE org_id = $1 AND id >= $2 AND id < $3
                 UNION ALL
                 SELECT application_id, 0, 0, 0, 0, peer_ms FROM peer_time WHERE org_id = $1 AND month = $4
             ) AS used
             GROUP BY application_id ORDER BY application_id",
            Text(from),
            Text(to),
            month,
        )?;
        rows.retain(|row| self.reaches(row.application()));
        Ok(rows)
    }
}
