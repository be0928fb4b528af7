//! Recordings that wait for a bucket, and their way into another one.

use super::{OrgTx, Text, execute, on, signed};
use protocol::ids::{RecordingId, StorageId};

impl OrgTx<'_> {
    /// Notes since when the bucket does not take a recording.
    pub(crate) async fn hold_delivery(&mut self, id: RecordingId, now: u64) -> sqlx::Result<()> {
        execute!(
            org self,
            "UPDATE recordings SET held_since = COALESCE(held_since, $3) WHERE org_id = $1 AND id = $2",
            Text(id),
            signed(now),
        )
        .map(drop)
    }

    /// Notes where a recording goes. Whether that bucket takes it to the end is not known before it has, so a recording
    /// that is held stays so. False when it has ended.
    pub(crate) async fn redirect_recording(
        &mut self,
        id: RecordingId,
        storage: StorageId,
        bucket: &str,
        object_key: &str,
    ) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "UPDATE recordings SET storage_id = $3, bucket = $4, object_key = $5
             WHERE org_id = $1 AND id = $2 AND state NOT IN ('ready', 'failed')",
            Text(id),
            Text(storage),
            bucket,
            object_key,
        )?;
        Ok(rows == 1)
    }

    /// The one step back: the bucket has lost the parts, or takes nothing any more, and the capture is still there.
    /// `lost` counts it as an upload that came to nothing. False when the recording is no longer waiting for its upload to be completed.
    pub(crate) async fn begin_upload_again(&mut self, id: RecordingId, lost: bool, now: u64) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "UPDATE recordings SET state = 'mixing', upload_id = NULL, upload_parts = NULL, changed_at = $3,
                 uploads = CASE WHEN $4 THEN uploads + 1 ELSE uploads END
             WHERE org_id = $1 AND id = $2 AND state = 'uploading'",
            Text(id),
            signed(now),
            lost,
        )?;
        Ok(rows == 1)
    }
}
