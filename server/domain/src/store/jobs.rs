//! Background work. A claim moves `due_at` to the end of its lease, so a job whose worker died is simply due again;
//! `claims` counts up each time and is what a late worker fails against.

use super::{JsonText, Text, Tx, execute, fetch_all, fetch_optional, on, signed, unsigned};
use crate::jobs::{Lane, Work};
use protocol::ids::{JobId, OrgId};

/// A claimed job.
#[derive(sqlx::FromRow, Debug)]
pub(crate) struct JobRow {
    id: Text<JobId>,
    payload: JsonText<Work>,
    pub attempts: i64,
    pub claims: i64,
}

impl JobRow {
    pub(crate) fn id(&self) -> JobId {
        self.id.0
    }

    pub(crate) fn work(&self) -> &Work {
        &self.payload.0
    }
}

/// A job to be written.
pub(crate) struct NewJob<'a> {
    pub id: JobId,
    pub work: &'a Work,
    pub due_at: u64,
    pub now: u64,
}

#[derive(sqlx::FromRow)]
struct Due {
    due_at: i64,
}

/// A list as text in which each identifier is found; both databases understand it.
fn names(orgs: &[OrgId]) -> String {
    orgs.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

impl Tx {
    /// Writes a job, unless one with the same unique key waits already. A dead one with that key lives again.
    pub(crate) async fn push_job(&mut self, job: &NewJob<'_>) -> sqlx::Result<()> {
        execute!(
            self,
            "INSERT INTO jobs (id, org_id, kind, payload, lane, unique_key, state, due_at, attempts, claims, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, 'waiting', $7, 0, 0, $8)
             ON CONFLICT (unique_key) DO UPDATE SET state = 'waiting', attempts = 0, due_at = excluded.due_at
             WHERE jobs.state = 'dead'",
            Text(job.id),
            job.work.org().map(Text),
            job.work.kind(),
            JsonText(job.work),
            Text(job.work.lane()),
            job.work.unique_key(),
            signed(job.due_at),
            signed(job.now),
        )?;
        self.will_wake_jobs();
        Ok(())
    }

    pub(crate) async fn claim_jobs(
        &mut self,
        lane: Lane,
        limit: u32,
        except: &[OrgId],
        now: u64,
        lease_until: u64,
    ) -> sqlx::Result<Vec<JobRow>> {
        /// The same claim; PostgreSQL's claimers step around each other's rows, SQLite has one writer anyway.
        macro_rules! claim {
            ($lock:literal) => {
                concat!(
                    "WITH due AS MATERIALIZED (
                         SELECT id FROM jobs WHERE lane = $1 AND state = 'waiting' AND due_at <= $2
                             AND (org_id IS NULL OR $5 NOT LIKE '%' || org_id || '%')
                         ORDER BY due_at LIMIT $3 ",
                    $lock,
                    ")
                     UPDATE jobs SET claims = claims + 1, attempts = attempts + 1, due_at = $4
                     WHERE id IN (SELECT id FROM due)
                     RETURNING id, payload, attempts, claims"
                )
            };
        }
        let statement = if self.is_postgres() { claim!("FOR UPDATE SKIP LOCKED") } else { claim!("") };
        fetch_all!(
            self,
            JobRow,
            statement,
            Text(lane),
            signed(now),
            i64::from(limit),
            signed(lease_until),
            names(except)
        )
    }

    /// Removes a finished job; false when its lease was lost.
    pub(crate) async fn finish_job(&mut self, job: &JobRow) -> sqlx::Result<bool> {
        let rows = execute!(self, "DELETE FROM jobs WHERE id = $1 AND claims = $2", job.id, job.claims)?;
        Ok(rows == 1)
    }

    /// Puts a periodic job back; the count of attempts begins again.
    pub(crate) async fn repeat_job(&mut self, job: &JobRow, due_at: u64) -> sqlx::Result<bool> {
        let rows = execute!(
            self,
            "UPDATE jobs SET attempts = 0, due_at = $3, last_error = NULL WHERE id = $1 AND claims = $2",
            job.id,
            job.claims,
            signed(due_at),
        )?;
        self.will_wake_jobs();
        Ok(rows == 1)
    }

    pub(crate) async fn retry_job(&mut self, job: &JobRow, due_at: u64, error: &str) -> sqlx::Result<bool> {
        let rows = execute!(
            self,
            "UPDATE jobs SET due_at = $3, last_error = $4 WHERE id = $1 AND claims = $2",
            job.id,
            job.claims,
            signed(due_at),
            error,
        )?;
        self.will_wake_jobs();
        Ok(rows == 1)
    }

    pub(crate) async fn bury_job(&mut self, job: &JobRow, error: &str) -> sqlx::Result<bool> {
        let rows = execute!(
            self,
            "UPDATE jobs SET state = 'dead', last_error = $3 WHERE id = $1 AND claims = $2",
            job.id,
            job.claims,
            error,
        )?;
        Ok(rows == 1)
    }

    pub(crate) async fn next_due_job(&mut self, lane: Lane, except: &[OrgId]) -> sqlx::Result<Option<u64>> {
        let row = fetch_optional!(
            self,
            Due,
            "SELECT due_at FROM jobs WHERE lane = $1 AND state = 'waiting'
                 AND (org_id IS NULL OR $2 NOT LIKE '%' || org_id || '%')
             ORDER BY due_at LIMIT 1",
            Text(lane),
            names(except),
        )?;
        Ok(row.map(|row| unsigned(row.due_at)))
    }
}
