//! How long recordings are kept, and how long links to them work.

use super::{Application, load, not_found};
use crate::{
    access::{Access, Permission},
    audit,
    error::{Error, Result},
    recordings::links::checked_validity,
    services::Services,
    store::{ApplicationRow, OrgTx},
};
use protocol::ids::ApplicationId;
use std::{ops::RangeInclusive, time::Duration};

const DAYS: RangeInclusive<u32> = 1..=3650;

/// Deletes recordings so many days after they were ready, the old ones too; `None` keeps them. What would go at once
/// tells [`crate::recordings::retention_preview`].
pub async fn set_retention(
    services: &Services,
    access: &Access,
    id: ApplicationId,
    days: Option<u32>,
) -> Result<Application> {
    access.require(Permission::ConfigureApplications)?;
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    keep_for(services, &mut org, access, id, days).await?;
    let application = load(&mut org, id).await?;
    tx.commit().await?;
    Ok(application)
}

/// How long the links work that are sent out from now on, an hour to 365 days.
pub async fn set_link_validity(
    services: &Services,
    access: &Access,
    id: ApplicationId,
    validity: Duration,
) -> Result<Application> {
    access.require(Permission::ConfigureApplications)?;
    let seconds = checked_validity(validity)?;
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    link_for(services, &mut org, access, id, seconds).await?;
    let application = load(&mut org, id).await?;
    tx.commit().await?;
    Ok(application)
}

pub(super) async fn keep_for(
    services: &Services,
    org: &mut OrgTx<'_>,
    access: &Access,
    id: ApplicationId,
    days: Option<u32>,
) -> Result<()> {
    let days = days.map(checked_retention).transpose()?;
    if !org.set_retention(id, days).await? {
        return Err(not_found());
    }
    let detail = days.map_or_else(|| "kept".to_owned(), |days| format!("{days} days"));
    audit::record(services, org, access.actor(), "application.retention_set", &id, &detail).await
}

/// The seconds are checked already.
pub(super) async fn link_for(
    services: &Services,
    org: &mut OrgTx<'_>,
    access: &Access,
    id: ApplicationId,
    seconds: u64,
) -> Result<()> {
    if !org.set_link_validity(id, seconds).await? {
        return Err(not_found());
    }
    let detail = format!("{seconds} seconds");
    audit::record(services, org, access.actor(), "application.link_validity_set", &id, &detail).await
}

/// The days, when recordings may be kept for so long.
pub(crate) fn checked_retention(days: u32) -> Result<u32> {
    if DAYS.contains(&days) {
        Ok(days)
    } else {
        Err(Error::invalid("retention_invalid", "Recordings are kept for 1 to 3650 days, or without an end."))
    }
}

/// For how many days recordings are kept.
pub(crate) fn retention_of(row: &ApplicationRow) -> Option<u32> {
    row.retention_days.and_then(|days| u32::try_from(days).ok())
}
