use super::ApiKeysView;
use crate::error::ConsoleError;
use leptos::prelude::*;
use protocol::ids::ApiKeyId;

/// The keys of the org, and what a new one can be given.
#[server(prefix = "/api/console", endpoint = "api-keys")]
pub async fn load_api_keys() -> Result<ApiKeysView, ConsoleError> {
    use crate::server;
    let (services, access) = server::access().await?;
    let keys = domain::api_keys::list(&services, &access).await.map_err(server::failure)?;
    let applications = domain::applications::list(&services, &access).await.map_err(server::failure)?;
    Ok(ApiKeysView::of(keys, applications, services.clock().unix_ms()))
}

/// Makes a key; the page shows its secret once. `days` of 0 is for ever.
#[server(prefix = "/api/console", endpoint = "create-api-key")]
pub async fn create_api_key(
    name: String,
    #[server(default)] scopes: Vec<String>,
    application: String,
    days: u32,
    networks: String,
) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let (services, access) = server::access().await?;
    let new = crate::from_domain::new_api_key(&services, &name, &scopes, &application, days, &networks);
    let created = match new {
        Ok(new) => domain::api_keys::create(&services, &access, new).await.map_err(server::failure),
        Err(error) => Err(error),
    };
    let secret = created.map(|created| server::reveal(Some(created.token)));
    server::answer_with_secret(Form::CreateApiKey, &name, secret)
}

/// Ends a key for good.
#[server(prefix = "/api/console", endpoint = "revoke-api-key")]
pub async fn revoke_api_key(api_key: ApiKeyId) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let (services, access) = server::access().await?;
    let revoked = domain::api_keys::revoke(&services, &access, api_key).await;
    server::answer(Form::RevokeApiKey, "", revoked.map(drop).map_err(server::failure))
}
