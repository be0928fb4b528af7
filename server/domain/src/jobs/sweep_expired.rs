//! Periodic: deletes what has expired.

use super::runner::Outcome;
use crate::{error::Result, notifications, services::Services};
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(600);
const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// Rooms nobody joined for this long lose their place.
const PLACEMENT_DAYS: u64 = 7;
/// Nodes that were silent for this long are forgotten.
const NODE_DAYS: u64 = 7;
/// Invitations are shown as expired for this long, so that they can be sent again.
const INVITATION_DAYS: u64 = 30;

pub(super) async fn run(services: &Services) -> Result<Outcome> {
    let now = services.now();
    let mut tx = services.begin().await?;
    let sessions = tx.delete_expired_sessions(now).await?;
    let failures = tx.delete_old_sign_in_failures(now.saturating_sub(DAY_MS)).await?;
    let placements = tx.delete_unused_placements(now.saturating_sub(PLACEMENT_DAYS * DAY_MS)).await?;
    let nodes = tx.delete_silent_nodes(now.saturating_sub(NODE_DAYS * DAY_MS)).await?;
    let links = tx.delete_expired_link_uses(now.saturating_sub(DAY_MS)).await?;
    let mails = tx.erase_expired_mail_bodies(now).await?;
    let tokens = tx.delete_expired_user_tokens(now).await?;
    let invitations = tx.delete_expired_invitations(now.saturating_sub(INVITATION_DAYS * DAY_MS)).await?;
    let requests = tx.delete_expired_requests(now).await?;
    let revocations = tx.delete_expired_revocations(now).await?;
    tx.commit().await?;
    notifications::retention::sweep(services).await?;
    tracing::debug!(
        sessions,
        failures,
        placements,
        nodes,
        links,
        mails,
        tokens,
        invitations,
        requests,
        revocations,
        "expired rows deleted"
    );
    Ok(Outcome::Repeat(EVERY))
}
