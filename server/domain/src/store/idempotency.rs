//! Requests that may be repeated.

use super::{OrgTx, Tx, execute, fetch_optional, on, signed, unsigned};
use crate::idempotency::Claim;

/// A request as stored.
#[derive(sqlx::FromRow)]
pub(crate) struct ClaimRow {
    pub fingerprint: String,
    claimed_until: i64,
    pub took_effect: bool,
    /// Sealed.
    pub answer: Option<String>,
}

impl ClaimRow {
    /// Whether somebody may still be at work.
    pub(crate) fn is_claimed(&self, now: u64) -> bool {
        now < unsigned(self.claimed_until)
    }
}

/// A request to be claimed.
pub(crate) struct NewClaim<'a> {
    pub id: &'a str,
    pub fingerprint: &'a str,
    pub attempt: &'a str,
    pub now: u64,
    pub claimed_until: u64,
    pub expires_at: u64,
}

impl OrgTx<'_> {
    /// True for the one who may do the work: nobody asked before, or it was cut off before it took effect, or it was
    /// so long ago that it is forgotten.
    pub(crate) async fn claim_request(&mut self, new: &NewClaim<'_>) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "INSERT INTO idempotent_requests AS r
                 (org_id, id, fingerprint, attempt, claimed_until, took_effect, expires_at)
             VALUES ($1, $2, $3, $4, $5, FALSE, $6)
             ON CONFLICT (org_id, id) DO UPDATE SET fingerprint = excluded.fingerprint, attempt = excluded.attempt,
                 claimed_until = excluded.claimed_until, took_effect = FALSE, answer = NULL,
                 expires_at = excluded.expires_at
             WHERE r.expires_at <= $7 OR (r.fingerprint = excluded.fingerprint AND r.answer IS NULL
                 AND NOT r.took_effect AND r.claimed_until <= $7)",
            new.id,
            new.fingerprint,
            new.attempt,
            signed(new.claimed_until),
            signed(new.expires_at),
            signed(new.now),
        )?;
        Ok(rows == 1)
    }

    pub(crate) async fn claimed_request(&mut self, id: &str) -> sqlx::Result<Option<ClaimRow>> {
        fetch_optional!(
            org self,
            ClaimRow,
            "SELECT fingerprint, claimed_until, took_effect, answer FROM idempotent_requests
             WHERE org_id = $1 AND id = $2",
            id,
        )
    }

    /// Notes, in the transaction that it is about, that the work takes effect. False when somebody else has the claim.
    pub(super) async fn note_effect(&mut self, claim: &Claim) -> sqlx::Result<bool> {
        let rows = execute!(
            org self,
            "UPDATE idempotent_requests SET took_effect = TRUE WHERE org_id = $1 AND id = $2 AND attempt = $3",
            &claim.id,
            &claim.attempt,
        )?;
        Ok(rows == 1)
    }

    pub(crate) async fn answer_request(&mut self, claim: &Claim, answer: &str) -> sqlx::Result<()> {
        execute!(
            org self,
            "UPDATE idempotent_requests SET answer = $4 WHERE org_id = $1 AND id = $2 AND attempt = $3",
            &claim.id,
            &claim.attempt,
            answer,
        )
        .map(drop)
    }

    /// Lets the request be tried again, unless it took effect.
    pub(crate) async fn release_request(&mut self, claim: &Claim) -> sqlx::Result<()> {
        execute!(
            org self,
            "DELETE FROM idempotent_requests WHERE org_id = $1 AND id = $2 AND attempt = $3 AND NOT took_effect",
            &claim.id,
            &claim.attempt,
        )
        .map(drop)
    }
}

impl Tx {
    pub(crate) async fn delete_expired_requests(&mut self, now: u64) -> sqlx::Result<u64> {
        execute!(self, "DELETE FROM idempotent_requests WHERE expires_at <= $1", signed(now))
    }
}
