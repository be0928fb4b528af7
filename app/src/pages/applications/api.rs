use super::ApplicationSummary;
use crate::error::{ConsoleError, Submission};
use leptos::prelude::*;

/// All applications of the org, by name.
#[server(prefix = "/api/console", endpoint = "applications")]
pub async fn list_applications() -> Result<Vec<ApplicationSummary>, ConsoleError> {
    let (services, access) = crate::server::access().await?;
    let applications = domain::applications::list(&services, &access).await.map_err(crate::server::failure)?;
    Ok(applications.into_iter().map(Into::into).collect())
}

/// Makes one and goes there.
#[server(prefix = "/api/console", endpoint = "create-application")]
pub async fn create_application(name: String) -> Submission<()> {
    use crate::server;
    use protocol::names::DisplayName;
    let (services, access) = server::access().await?;
    let name = match DisplayName::try_from(name.trim().to_owned()) {
        Ok(name) => name,
        Err(reason) => return server::refuse("invalid_name", format!("The name {reason}.")),
    };
    let created = domain::applications::create(&services, &access, name).await.map_err(server::failure);
    server::submission(created.map(|application| server::redirect(&crate::paths::application(application.id))))
}
