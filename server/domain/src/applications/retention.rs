//! How long recordings are kept, and how long links to them work.

use super::{Application, load, not_found};
use crate::{
    access::{Access, Permission},
    audit::{self, Actor},
    error::{Error, Result},
    recordings::links::checked_validity,
    services::Services,
    store::ApplicationRow,
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
    access.require(Permission::Configure)?;
    let days = days.map(checked_retention).transpose()?;
    let detail = days.map_or_else(|| "kept".to_owned(), |days| format!("{days} days"));
    let mut tx = services.begin().await?;
    let mut org = tx.org(access.org());
    if !org.set_retention(id, days).await? {
        return Err(not_found());
    }
    audit::record(services, &mut org, Actor::User(access.user()), "application.retention_set", &id, &detail).await?;
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
    access.require(Permission::Configure)?;
    let seconds = checked_validity(validity)?;
    let mut tx = services.begin().await?;
    let mut org = tx.org(access.org());
    if !org.set_link_validity(id, seconds).await? {
        return Err(not_found());
    }
    let (actor, detail) = (Actor::User(access.user()), format!("{seconds} seconds"));
    audit::record(services, &mut org, actor, "application.link_validity_set", &id, &detail).await?;
    let application = load(&mut org, id).await?;
    tx.commit().await?;
    Ok(application)
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
