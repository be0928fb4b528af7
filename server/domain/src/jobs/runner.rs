//! Claiming, running and putting back.

use super::{
    Lane, Work, abort_upload, apply_retention, delete_object, finalize_upload, reconcile_recordings, request_reset,
    revalidate_storages, schedule, send_mail, sweep_expired, tell_refusal, validate_storage,
};
use crate::{
    clock::{millis, to_date},
    error::{Error, Result},
    services::Services,
    store::{JobRow, NewJob, Tx, unsigned},
};
use chrono::{DateTime, Utc};
use protocol::ids::{JobId, OrgId};
use std::{error::Error as StdError, time::Duration};

/// How long a worker owns what it claimed; longer than every time limit within one job together.
pub(super) const LEASE: Duration = Duration::from_secs(180);
/// Jobs that [`run_due`] claims at a time.
const BATCH: u32 = 16;

/// Work claimed by this process until its lease runs out.
#[derive(Debug)]
pub struct Claimed(JobRow);

impl Claimed {
    /// For the log.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.0.work().kind()
    }

    /// Whose work it is; `None` for the installation's own.
    #[must_use]
    pub fn org(&self) -> Option<OrgId> {
        self.0.work().org()
    }
}

/// How a job ended.
pub(super) enum Outcome {
    Done,
    /// Periodic work: again after this long.
    Repeat(Duration),
    /// Failed; again after this long.
    RetryAfter(Duration, Error),
    /// Failed for good.
    Dead(Error),
}

impl Outcome {
    /// By the schedule of internal work; for good when that has ended. `attempt` counts from 1.
    pub(super) fn retry(services: &Services, attempt: u64, error: Error) -> Self {
        let jitter = services.random().fraction().unwrap_or_default();
        match schedule::internal(attempt, jitter) {
            Some(delay) => Self::RetryAfter(delay, error),
            None => Self::Dead(error),
        }
    }
}

/// Writes a job into the transaction of the change that caused it.
pub(crate) async fn push(services: &Services, tx: &mut Tx, work: &Work) -> Result<()> {
    let now = services.now();
    let id = services.new_id(JobId::from_parts)?;
    Ok(tx.push_job(&NewJob { id, work, due_at: now, now }).await?)
}

/// Makes sure that periodic work exists.
pub(crate) async fn ensure_periodic(services: &Services) -> Result<()> {
    let mut tx = services.begin().await?;
    for work in &Work::PERIODIC {
        push(services, &mut tx, work).await?;
    }
    Ok(tx.commit().await?)
}

/// Claims due work of one lane, the longest due first, passing over these orgs.
pub async fn claim(services: &Services, lane: Lane, limit: u32, except: &[OrgId]) -> Result<Vec<Claimed>> {
    let now = services.now();
    let lease_until = now + millis(LEASE);
    let mut tx = services.begin().await?;
    let jobs = tx.claim_jobs(lane, limit, except, now, lease_until).await?;
    tx.commit().await?;
    Ok(jobs.into_iter().map(Claimed).collect())
}

/// Runs claimed work and stores how it went; failures are logged and retried by themselves.
pub async fn run(services: &Services, job: Claimed) {
    let Claimed(job) = job;
    let attempt = unsigned(job.attempts);
    let outcome = match perform(services, job.work(), attempt).await {
        Ok(outcome) => outcome,
        Err(error) => Outcome::retry(services, attempt, error),
    };
    if let Err(error) = store(services, &job, outcome).await {
        tracing::error!(job = %job.id(), kind = job.work().kind(), error = &error as &dyn StdError, "the end of a job was not stored");
    }
}

async fn perform(services: &Services, work: &Work, attempt: u64) -> Result<Outcome> {
    match work {
        Work::FinalizeUpload { org, recording } => finalize_upload::run(services, *org, *recording, attempt).await,
        Work::AbortUpload { org, recording, storage, key, upload, poster } => {
            let begun = abort_upload::Begun { recording: *recording, storage: *storage, key, upload, poster: *poster };
            abort_upload::run(services, *org, begun).await
        }
        Work::DeleteObject { org, recording } => delete_object::run(services, *org, *recording, attempt).await,
        Work::SendMail { org, mail } => send_mail::run(services, *org, *mail, attempt).await,
        Work::ValidateStorage { org, storage, validation } => {
            validate_storage::run(services, *org, *storage, *validation).await
        }
        Work::RevalidateStorages => revalidate_storages::run(services).await,
        Work::ReconcileRecordings => reconcile_recordings::run(services).await,
        Work::ApplyRetention => apply_retention::run(services).await,
        Work::TellRefusal { user, address } => tell_refusal::run(services, *user, *address).await,
        Work::RequestReset { email, address } => request_reset::run(services, email, *address).await,
        Work::SweepExpired => sweep_expired::run(services).await,
    }
}

async fn store(services: &Services, job: &JobRow, outcome: Outcome) -> Result<()> {
    let later = |delay: Duration| services.now() + millis(delay);
    let kind = job.work().kind();
    let mut tx = services.begin().await?;
    let stored = match outcome {
        Outcome::Done => tx.finish_job(job).await?,
        Outcome::Repeat(delay) => tx.repeat_job(job, later(delay)).await?,
        Outcome::RetryAfter(delay, error) => {
            tracing::warn!(job = %job.id(), kind, ?delay, error = &error as &dyn StdError, "a job failed and will be tried again");
            tx.retry_job(job, later(delay), error.code()).await?
        }
        Outcome::Dead(error) if job.work().org().is_none() => {
            tracing::error!(job = %job.id(), kind, error = &error as &dyn StdError, "periodic work keeps failing");
            tx.repeat_job(job, later(LEASE)).await?
        }
        Outcome::Dead(error) => {
            tracing::error!(job = %job.id(), kind, error = &error as &dyn StdError, "a job was given up");
            tx.bury_job(job, error.code()).await?
        }
    };
    tx.commit().await?;
    if !stored {
        tracing::warn!(job = %job.id(), kind, "a job outlived its lease; someone else runs it");
    }
    Ok(())
}

/// Claims and runs due work of all lanes one after the other, once; how many jobs ran.
pub async fn run_due(services: &Services) -> Result<usize> {
    let mut count = 0;
    for lane in Lane::ALL {
        for job in claim(services, lane, BATCH, &[]).await? {
            run(services, job).await;
            count += 1;
        }
    }
    Ok(count)
}

/// When the next job of a lane is due, passing over these orgs; in the past when one is due now.
pub async fn next_due(services: &Services, lane: Lane, except: &[OrgId]) -> Result<Option<DateTime<Utc>>> {
    Ok(services.read().await?.next_due_job(lane, except).await?.map(to_date))
}
