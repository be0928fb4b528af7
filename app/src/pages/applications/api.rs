use super::ApplicationSummary;
use crate::error::ConsoleError;
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
pub async fn create_application(name: String) -> Result<(), ConsoleError> {
    use crate::{note::Form, paths, server};
    use protocol::names::DisplayName;
    let (services, access) = server::access().await?;
    let created = match DisplayName::try_from(name.trim().to_owned()) {
        Ok(valid) => domain::applications::create(&services, &access, valid).await.map_err(server::failure),
        Err(reason) => Err(server::refusal("invalid_name", format!("The name {reason}."))),
    };
    match created {
        Ok(application) => server::redirect(&paths::application(application.id)),
        Err(error) => server::answer(Form::CreateApplication, &name, Err(error))?,
    }
    Ok(())
}
