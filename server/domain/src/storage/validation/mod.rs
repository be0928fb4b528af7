//! Validations: everything a recording needs of a storage is tried in visible steps, when somebody asks for it, daily,
//! and while a storage does not work.

mod attempt;
mod diagnosis;
mod run;
mod steps;
mod subject;
mod texts;

pub use steps::{Outcome, Step, StepName, Validation, ValidationCause, ValidationState};

use super::{Bucket, StorageKind, bucket, health, not_found, sts};
use crate::{
    access::{Access, Permission},
    audit,
    clock::{millis, to_date},
    error::{Error, Result},
    jobs::{self, Work},
    secrets::new_token,
    services::Services,
    storage::settings::{Options, Target},
    store::{CheckedStorage, OrgTx, StorageRow, ValidationRow, unsigned},
};
use attempt::Attempt;
use protocol::ids::{OrgId, StorageId, ValidationId};
use run::{Progress, failed, steps_of};
use std::time::Duration;
use subject::Subject;

/// Validations of a storage that are kept.
const KEPT: i64 = 20;
const DAY: Duration = Duration::from_secs(24 * 3600);
/// A storage that does not work is tried again after half the time it has not worked, within these.
const SOONEST: Duration = Duration::from_secs(30);
const LATEST: Duration = Duration::from_secs(15 * 60);
/// A validation whose job was given up.
const LOST: Duration = Duration::from_secs(3600);

/// Begins a validation; the running one, when there is one.
pub async fn validate(services: &Services, access: &Access, id: StorageId) -> Result<Validation> {
    access.require(Permission::ConfigureStorage)?;
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    org.lock_storage(id).await?;
    let row = org.storage_of(id).await?.filter(|row| row.removed_at.is_none()).ok_or_else(not_found)?;
    if start(services, &mut org, &row, ValidationCause::Requested).await? {
        audit::record_for(services, &mut org, access, "storage.validated", &id).await?;
    }
    let running = org.running_validation(id).await?.ok_or_else(not_found)?;
    tx.commit().await?;
    Ok(view(running))
}

/// One validation, with how far it is.
pub async fn validation(services: &Services, access: &Access, id: ValidationId) -> Result<Validation> {
    access.require(Permission::ViewStorage)?;
    let row = services.read().await?.reach(access).validation(id).await?;
    row.map(view).ok_or_else(|| Error::not_found("validation_not_found", "There is no such validation."))
}

/// The latest validations of a storage, the latest first.
pub async fn validations(services: &Services, access: &Access, storage: StorageId) -> Result<Vec<Validation>> {
    access.require(Permission::ViewStorage)?;
    let mut tx = services.read().await?;
    let mut org = tx.reach(access);
    org.storage_of(storage).await?.filter(|row| row.removed_at.is_none()).ok_or_else(not_found)?;
    let rows = org.validations_of(storage, KEPT).await?;
    Ok(rows.into_iter().map(view).collect())
}

/// Begins a validation in the transaction of what caused it; false when one is running.
pub(crate) async fn start(
    services: &Services,
    org: &mut OrgTx<'_>,
    storage: &StorageRow,
    cause: ValidationCause,
) -> Result<bool> {
    let validation = services.new_id(ValidationId::from_parts)?;
    let (id, steps) = (storage.id(), steps_of(storage.kind()));
    if !org.insert_validation(validation, id, cause, &steps, services.now()).await? {
        return Ok(false);
    }
    let work = Work::ValidateStorage { org: org.id(), storage: id, validation };
    jobs::push(services, org.system(), &work).await?;
    Ok(true)
}

/// Runs a validation that was begun, and tells whether the storage works.
pub(crate) async fn perform(services: &Services, org: OrgId, id: StorageId, validation: ValidationId) -> Result<()> {
    let mut tx = services.read().await?;
    let row = tx.org(org).storage_of(id).await?.ok_or_else(not_found)?;
    drop(tx);
    services.sessions().forget(id);
    let principal = match row.kind() {
        StorageKind::AwsRole => sts::own_principal(services).await,
        _ => None,
    };
    let endpoint = bucket::endpoint(services, &row);
    let subject = subject(services, row.kind(), (row.target(), row.options()), endpoint);
    let subject = Subject { principal, external_id: &row.external_id, ..subject };
    let mut attempt = Attempt::new(services, subject, Some(&row), &id.to_string());
    let steps = run::run(&mut attempt, Some(&Progress { services, org, validation })).await?;
    let mut tx = services.begin().await?;
    let mut org = tx.org(org);
    org.lock_storage(id).await?;
    let state = if failed(&steps) { ValidationState::Failed } else { ValidationState::Passed };
    let current = org.storage_of(id).await?.filter(|now| now.removed_at.is_none());
    // Somebody else may have run it in the meantime.
    if org.finish_validation(validation, state, &steps, services.now()).await?
        && let Some(storage) = current
    {
        match steps.iter().find(|step| step.outcome == Outcome::Failed) {
            // It says nothing about a storage that was changed while it ran.
            _ if storage.revision != row.revision => {
                start(services, &mut org, &storage, ValidationCause::Requested).await?;
            }
            None => health::proven(services, &mut org, &storage).await?,
            Some(step) => {
                org.set_storage_checked(id, services.now()).await?;
                health::broken(services, &mut org, &storage, step.finding.as_deref().unwrap_or_default()).await?;
            }
        }
    }
    org.prune_validations(id, KEPT).await?;
    Ok(tx.commit().await?)
}

/// Begins the validations that are due: daily ones, and those of storages that may work again.
pub(crate) async fn start_due(services: &Services) -> Result<()> {
    let now = services.now();
    let mut tx = services.begin().await?;
    tx.give_up_validations(now.saturating_sub(millis(LOST)), now).await?;
    let checked = tx.checked_storages(now.saturating_sub(millis(DAY))).await?;
    for storage in checked.iter().filter(|storage| is_due(storage, now)) {
        let cause = if storage.degraded_at.is_some() { ValidationCause::Recovery } else { ValidationCause::Daily };
        let mut org = tx.org(storage.org());
        if let Some(row) = org.storage_of(storage.id()).await? {
            start(services, &mut org, &row, cause).await?;
        }
    }
    Ok(tx.commit().await?)
}

/// Whether a storage is to be tried again.
fn is_due(storage: &CheckedStorage, now: u64) -> bool {
    let since = |at: i64| now.saturating_sub(unsigned(at));
    let wait = match storage.degraded_at {
        None => millis(DAY),
        Some(degraded_at) => (since(degraded_at) / 2).clamp(millis(SOONEST), millis(LATEST)),
    };
    since(storage.checked_at) >= wait
}

/// Tries the embedded store's bucket, which need not belong to an org yet, and makes it when it is missing.
pub(crate) async fn try_embedded(services: &Services, target: &Target) -> Result<Vec<Step>> {
    let options = Options::default();
    let bucket = Bucket::embedded(services, target)?;
    let unique = new_token(services.random()).map_err(Error::internal)?;
    let subject = subject(services, StorageKind::Embedded, (target, &options), String::new());
    let mut attempt = Attempt::new(services, subject, None, &unique).with_bucket(bucket);
    run::run(&mut attempt, None).await
}

fn subject<'a>(
    services: &Services,
    kind: StorageKind,
    (target, options): (&'a Target, &'a Options),
    endpoint: String,
) -> Subject<'a> {
    let origin = services.settings().public_url.origin().ascii_serialization();
    Subject { kind, target, options, endpoint, principal: None, external_id: "", origin }
}

fn view(row: ValidationRow) -> Validation {
    Validation {
        id: row.id(),
        storage: row.storage(),
        cause: row.cause(),
        state: row.state(),
        started_at: to_date(unsigned(row.started_at)),
        finished_at: row.finished_at.map(unsigned).map(to_date),
        steps: row.into_steps(),
    }
}
