//! API keys: what the page shows, and what its form asks for.

use crate::{
    error::ConsoleError,
    pages::api_keys::{ApiKeyView, ApiKeysView},
    server::{self, unix_ms},
};
use domain::{
    Services,
    api_keys::{AllowedNetworks, ApiKey, NewApiKey, Scope, Scopes},
    applications::Application,
};
use protocol::names::DisplayName;
use std::time::Duration;

const DAY_SECONDS: u64 = 24 * 3600;

impl ApiKeysView {
    pub fn of(keys: Vec<ApiKey>, applications: Vec<Application>, now_ms: u64) -> Self {
        let applications: Vec<_> = applications.into_iter().map(|found| (found.id, found.name.to_string())).collect();
        let name_of = |key: &ApiKey| {
            let id = key.application?;
            applications.iter().find(|(known, _)| *known == id).map(|(_, name)| name.clone())
        };
        let keys = keys.into_iter().map(|key| ApiKeyView {
            id: key.id,
            application: name_of(&key),
            scopes: key.scopes.iter().map(|scope| scope.to_string()).collect(),
            expires_ms: key.expires_at.map(|at| unix_ms(at.timestamp_millis())),
            last_used_ms: key.last_used_at.map(|at| unix_ms(at.timestamp_millis())),
            live: key.revoked_at.is_none() && key.expires_at.is_none_or(|at| unix_ms(at.timestamp_millis()) > now_ms),
            name: key.name.to_string(),
            ending: key.ending,
        });
        let keys = keys.collect();
        Self { keys, applications, scopes: Scope::ALL.map(|scope| scope.to_string()).to_vec() }
    }
}

/// What the form asks for.
pub fn new_api_key(
    services: &Services,
    name: &str,
    scopes: &[String],
    application: &str,
    days: u32,
    networks: &str,
) -> Result<NewApiKey, ConsoleError> {
    let name = DisplayName::try_from(name.trim().to_owned())
        .map_err(|reason| server::refusal("invalid_name", format!("The name {reason}.")))?;
    let scopes = scopes.iter().map(|scope| scope.parse::<Scope>()).collect::<Result<Scopes, _>>();
    let lines = networks.lines().map(str::trim).filter(|line| !line.is_empty());
    Ok(NewApiKey {
        name,
        scopes: scopes.map_err(|_| server::refusal("unknown_scope", "There is no such scope."))?,
        application: Some(application).filter(|id| !id.is_empty()).map(server::parse_id).transpose()?,
        allowed_networks: AllowedNetworks::parse(lines).map_err(server::failure)?,
        expires_at: (days > 0).then(|| services.clock().now() + Duration::from_secs(u64::from(days) * DAY_SECONDS)),
    })
}
