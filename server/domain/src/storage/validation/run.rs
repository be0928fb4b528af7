//! Runs the steps of a validation one after the other and keeps each as soon as it is over.

use super::{
    Outcome, Step, StepName,
    attempt::Attempt,
    diagnosis::Diagnosis,
    texts::{self, Finding},
};
use crate::{error::Result, services::Services, storage::StorageKind};
use protocol::ids::{OrgId, ValidationId};
use std::time::Duration;

/// For all steps together; shorter than the lease of the job that runs them.
const TIME_LIMIT: Duration = Duration::from_secs(130);
const TIME_TO_CLEAN_UP: Duration = Duration::from_secs(20);

/// Where the steps of a validation are kept while it runs.
pub(super) struct Progress<'a> {
    pub services: &'a Services,
    pub org: OrgId,
    pub validation: ValidationId,
}

impl Progress<'_> {
    async fn keep(&self, steps: &[Step]) -> Result<()> {
        let mut tx = self.services.begin().await?;
        tx.org(self.org).set_validation_steps(self.validation, steps).await?;
        Ok(tx.commit().await?)
    }
}

/// The steps that fit a kind of storage, in the order they are tried.
pub(super) fn steps_of(kind: StorageKind) -> Vec<Step> {
    use StepName as S;
    let before: &[S] = match kind {
        StorageKind::Embedded => &[],
        StorageKind::AwsKeys | StorageKind::S3Compatible => &[S::Endpoint, S::Credentials],
        StorageKind::AwsRole => &[S::Endpoint, S::Credentials, S::Role, S::RoleGuard],
    };
    let needed = [S::Bucket, S::Put, S::Head, S::Get, S::Multipart, S::Abort];
    // Our own store is read through our own pages only.
    let outside: &[S] = if kind == StorageKind::Embedded { &[] } else { &[S::Public, S::Cors] };
    let names = before.iter().chain(&needed).chain(outside).copied().chain([S::Delete]);
    names.map(|name| Step::new(name, Outcome::Waiting)).collect()
}

/// Runs all steps; after a failure the later ones are skipped and what was written is removed.
pub(super) async fn run(attempt: &mut Attempt<'_>, progress: Option<&Progress<'_>>) -> Result<Vec<Step>> {
    let mut steps = steps_of(attempt.subject().kind);
    let finished = tokio::time::timeout(TIME_LIMIT, every_step(attempt, &mut steps, progress)).await;
    match finished {
        Ok(finished) => finished?,
        Err(_) => {
            let timed_out = texts::finding(&Diagnosis::TimedOut, attempt.subject());
            if let Some(running) = steps.iter_mut().find(|step| step.outcome == Outcome::Running) {
                end(running, Outcome::Failed, Some(timed_out));
            }
        }
    }
    if failed(&steps) {
        for step in steps.iter_mut().filter(|step| step.outcome == Outcome::Waiting) {
            step.outcome = Outcome::Skipped;
        }
        // What cannot be removed in time stays; it is small.
        let _ = tokio::time::timeout(TIME_TO_CLEAN_UP, attempt.clean_up()).await;
    }
    Ok(steps)
}

/// Whether a step failed.
pub(super) fn failed(steps: &[Step]) -> bool {
    steps.iter().any(|step| step.outcome == Outcome::Failed)
}

async fn every_step(attempt: &mut Attempt<'_>, steps: &mut [Step], progress: Option<&Progress<'_>>) -> Result<()> {
    for index in 0..steps.len() {
        steps[index].outcome = Outcome::Running;
        if let Some(progress) = progress {
            progress.keep(steps).await?;
        }
        let name = steps[index].name;
        let ended = attempt.step(name).await;
        let told = |diagnosis| texts::finding(diagnosis, attempt.subject());
        match &ended {
            Ok(None) => end(&mut steps[index], Outcome::Passed, None),
            Ok(Some(warning)) => end(&mut steps[index], Outcome::Warning, Some(told(warning))),
            Err(cause) => {
                tracing::info!(step = ?name, ?cause, "storage validation failed");
                end(&mut steps[index], Outcome::Failed, Some(told(cause)));
                return Ok(());
            }
        }
    }
    Ok(())
}

fn end(step: &mut Step, outcome: Outcome, finding: Option<Finding>) {
    step.outcome = outcome;
    if let Some(Finding { finding, remedy, snippet }) = finding {
        (step.finding, step.remedy, step.snippet) = (Some(finding), Some(remedy), snippet);
    }
}
