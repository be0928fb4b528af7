//! Several settings of an application at once.

use super::{
    Application,
    change::{begin_policy_change, finish_policy_change, normal_origins, refuse_while_missing},
    existing, retention, version_of,
};
use crate::{
    access::Access, audit, error::Result, recordings::links::checked_validity, revision::Expected, services::Services,
    storage, store::unsigned,
};
use protocol::ids::{ApplicationId, StorageId};
use std::time::Duration;

/// Settings to be changed; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct Update {
    pub expected: Expected,
    pub relay: Option<bool>,
    pub recording: Option<bool>,
    pub allowed_origins: Option<Vec<String>>,
    /// Inside: `None` keeps recordings.
    pub retention_days: Option<Option<u32>>,
    pub link_validity: Option<Duration>,
    /// Inside: `None` follows the org's primary storage.
    pub storage: Option<Option<StorageId>>,
}

/// Changes all of it or, with an error, nothing. The rules are those of the single changes.
pub async fn update(services: &Services, access: &Access, id: ApplicationId, update: Update) -> Result<Application> {
    let origins = update.allowed_origins.as_deref().map(normal_origins).transpose()?;
    let validity = update.link_validity.map(checked_validity).transpose()?;
    let (mut tx, before) = begin_policy_change(services, access, id).await?;
    // Beginning counted the revision up.
    update.expected.check(&version_of(unsigned(before.revision).saturating_sub(1)))?;
    let mut org = tx.reach(access);
    if let Some(storage) = update.storage {
        storage::assign(services, &mut org, access, id, storage).await?;
    }
    if let Some(origins) = origins {
        org.set_allowed_origins(id, &origins).await?;
        audit::record_for(services, &mut org, access, "application.origins_set", &id).await?;
    }
    if let Some(days) = update.retention_days {
        retention::keep_for(services, &mut org, access, id, days).await?;
    }
    if let Some(seconds) = validity {
        retention::link_for(services, &mut org, access, id, seconds).await?;
    }
    let relay = update.relay.unwrap_or(before.relay);
    let recording = update.recording.unwrap_or(before.recording && relay);
    org.set_switches(id, relay, recording && relay).await?;
    if update.recording == Some(true) {
        // Asked of what the application is by now.
        refuse_while_missing(&existing(&mut org, id).await?)?;
    }
    for (name, was, is) in [("relay", before.relay, relay), ("recording", before.recording, recording)] {
        if was != is {
            let action = format!("application.{name}_{}", if is { "on" } else { "off" });
            audit::record_for(services, &mut org, access, &action, &id).await?;
        }
    }
    finish_policy_change(services, access, tx, id, None).await
}
