use super::view::StreamrecView;
use crate::error::ConsoleError;
use leptos::prelude::*;

/// Sessions of StreamRec clients and supervisors, newest first. Identifiers are text from the address.
#[server(prefix = "/api/console", endpoint = "streamrec")]
pub async fn load_streamrec(application: String, after: Option<String>) -> Result<StreamrecView, ConsoleError> {
    use crate::server;
    let (services, access) = server::access().await?;
    let after = after.map(|session| server::parse_id(&session)).transpose()?;
    crate::from_domain::streamrec(&services, &access, server::parse_id(&application)?, after).await
}
