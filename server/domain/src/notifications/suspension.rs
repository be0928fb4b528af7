//! Endpoints that do not take messages any more: their owners are warned, then nothing is sent to them until somebody
//! enables them again.

use crate::{
    audit::{self, Actor},
    clock::to_date,
    error::Result,
    mail::{self, EndpointTrouble},
    services::Services,
    store::{EndpointRow, OrgTx, unsigned},
};
use protocol::webhook::{AttemptProblem, SuspensionCause};

const DAY_MS: u64 = 24 * 3600 * 1000;
/// Days without a success after which the owners are warned.
const WARNED_AFTER_MS: u64 = 2 * DAY_MS;
/// Days without a success after which nothing is sent any more.
const SUSPENDED_AFTER_MS: u64 = 5 * DAY_MS;

/// How an endpoint stands after an attempt.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Works,
    /// Since when.
    Fails(u64),
    /// For so long that its owners ought to know; when it will be suspended.
    FailsLong(u64),
    Suspended(SuspensionCause),
}

impl Standing {
    pub(super) fn after(endpoint: &EndpointRow, began: u64, problem: Option<AttemptProblem>, now: u64) -> Self {
        let since = endpoint.failing_since.map_or(began, unsigned);
        match problem {
            None => Self::Works,
            Some(AttemptProblem::Gone) => Self::Suspended(SuspensionCause::Gone),
            Some(_) => Self::failing(since, now),
        }
    }

    fn failing(since: u64, now: u64) -> Self {
        match now.saturating_sub(since) {
            SUSPENDED_AFTER_MS.. => Self::Suspended(SuspensionCause::Failing),
            WARNED_AFTER_MS.. => Self::FailsLong(since + SUSPENDED_AFTER_MS),
            _ => Self::Fails(since),
        }
    }
}

/// Stores how an endpoint stands and tells its owners what they have to know, once.
pub(super) async fn note(
    services: &Services,
    org: &mut OrgTx<'_>,
    endpoint: &EndpointRow,
    standing: &Standing,
) -> Result<()> {
    let id = endpoint.id();
    match standing {
        Standing::Works if endpoint.failing_since.is_some() => org.set_endpoint_works(id).await?,
        Standing::Works => {}
        Standing::Fails(since) if endpoint.failing_since.is_none() => org.set_endpoint_failing(id, *since).await?,
        Standing::Fails(_) => {}
        Standing::FailsLong(until) => {
            if endpoint.warned_at.is_none() && org.set_endpoint_warned(id, services.now()).await? {
                let until = to_date(*until).format("%-d %B %Y, %H:%M UTC");
                let reason = format!("No message has arrived there for two days. Messages are sent until {until}.");
                tell_owners(services, org, endpoint, &reason, false).await?;
            }
        }
        Standing::Suspended(cause) => suspend(services, org, endpoint, *cause).await?,
    }
    Ok(())
}

async fn suspend(
    services: &Services,
    org: &mut OrgTx<'_>,
    endpoint: &EndpointRow,
    cause: SuspensionCause,
) -> Result<()> {
    let id = endpoint.id();
    if !org.suspend_endpoint(id, cause).await? {
        return Ok(());
    }
    tracing::info!(endpoint = %id, %cause, "a webhook endpoint was suspended");
    audit::record(services, org, Actor::System, "webhook_endpoint.suspended", &id, cause.as_str()).await?;
    let reason = match cause {
        SuspensionCause::Gone => "It answered 410, which says that it is gone for good.",
        SuspensionCause::Failing => "No message has arrived there for five days.",
    };
    tell_owners(services, org, endpoint, reason, true).await?;
    Ok(org.drop_queue(id).await?)
}

/// Of an address that a request named, its owners hear on the page of its application: whoever names it again sends there
/// again, so that there may be one mail for each message.
async fn tell_owners(
    services: &Services,
    org: &mut OrgTx<'_>,
    endpoint: &EndpointRow,
    reason: &str,
    disabled: bool,
) -> Result<()> {
    if endpoint.requested {
        return Ok(());
    }
    let Some(application) = org.application(endpoint.application()).await? else { return Ok(()) };
    let trouble = EndpointTrouble {
        application: application.id(),
        application_name: application.name(),
        url: &endpoint.url,
        reason,
        disabled,
    };
    mail::queue_endpoint_failing(services, org, &trouble).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_are_warned_before_nothing_is_sent_any_more() {
        let hour = 3600 * 1000;
        let standings = [0, 47, 48, 119, 120, 1000].map(|hours| Standing::failing(7, 7 + hours * hour));
        let suspended = Standing::Suspended(SuspensionCause::Failing);
        assert!(standings[..2].iter().all(|standing| *standing == Standing::Fails(7)));
        assert!(standings[2..4].iter().all(|standing| *standing == Standing::FailsLong(7 + 120 * hour)));
        assert!(standings[4..].iter().all(|standing| *standing == suspended));
    }
}
