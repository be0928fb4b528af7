use super::view::{ApplicationView, Playback, RecordingList};
use crate::error::ConsoleError;
use leptos::{prelude::*, server_fn::codec::GetUrl};
use protocol::ids::{AppKeyId, ApplicationId, RecordingId};

/// One application. The identifier is text from the address.
#[server(prefix = "/api/console", endpoint = "application")]
pub async fn load_application(id: String) -> Result<ApplicationView, ConsoleError> {
    use crate::server;
    let (services, access) = server::access().await?;
    let application = domain::applications::get(&services, &access, server::parse_id(&id)?).await;
    application.map(Into::into).map_err(server::failure)
}

/// Switches Media Relay.
#[server(prefix = "/api/console", endpoint = "set-relay")]
pub async fn set_relay(application: ApplicationId, on: bool) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let (services, access) = server::access().await?;
    let changed = domain::applications::set_relay(&services, &access, application, on).await;
    server::answer(Form::Relay, "", changed.map(drop).map_err(server::failure))
}

/// Switches Recording.
#[server(prefix = "/api/console", endpoint = "set-recording")]
pub async fn set_recording(application: ApplicationId, on: bool) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let (services, access) = server::access().await?;
    let changed = domain::applications::set_recording(&services, &access, application, on).await;
    server::answer(Form::Recording, "", changed.map(drop).map_err(server::failure))
}

/// Makes another key.
#[server(prefix = "/api/console", endpoint = "create-key")]
pub async fn create_key(application: ApplicationId) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let (services, access) = server::access().await?;
    let key = domain::applications::create_key(&services, &access, application).await;
    server::answer(Form::CreateKey, "", key.map(drop).map_err(server::failure))
}

/// Ends a key for good.
#[server(prefix = "/api/console", endpoint = "revoke-key")]
pub async fn revoke_key(application: ApplicationId, key: AppKeyId) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let (services, access) = server::access().await?;
    let changed = domain::applications::revoke_key(&services, &access, application, key).await;
    server::answer(Form::RevokeKey, "", changed.map(drop).map_err(server::failure))
}

/// Which web pages may join; one origin on each line.
#[server(prefix = "/api/console", endpoint = "set-origins")]
pub async fn set_origins(application: ApplicationId, origins: String) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let (services, access) = server::access().await?;
    let list = origins.split_whitespace().map(ToOwned::to_owned).collect();
    let changed = domain::applications::set_allowed_origins(&services, &access, application, list).await;
    server::answer(Form::Origins, &origins, changed.map(drop).map_err(server::failure))
}

/// Where notifications go; empty for nowhere.
#[server(prefix = "/api/console", endpoint = "set-webhook")]
pub async fn set_webhook(application: ApplicationId, url: String) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let (services, access) = server::access().await?;
    let Ok(address) = Some(url.trim()).filter(|text| !text.is_empty()).map(str::parse).transpose() else {
        let error = server::refusal("invalid_url", "This is not a complete address. Begin with https://.");
        return server::answer(Form::Webhook, &url, Err(error));
    };
    let secret = domain::applications::set_webhook(&services, &access, application, address).await;
    server::answer_with_secret(Form::Webhook, &url, secret.map(server::reveal).map_err(server::failure))
}

/// Recordings of one application, newest first.
#[server(prefix = "/api/console", endpoint = "recordings")]
pub async fn list_recordings(application: String, after: Option<String>) -> Result<RecordingList, ConsoleError> {
    use crate::server;
    let (services, access) = server::access().await?;
    let after = after.map(|cursor| server::parse_id(&cursor)).transpose()?;
    let page = domain::recordings::list(&services, &access, server::parse_id(&application)?, after).await;
    Ok(RecordingList::of(page.map_err(server::failure)?, services.clock().unix_ms()))
}

/// Tells the node to stop.
#[server(prefix = "/api/console", endpoint = "stop-recording")]
pub async fn stop_recording(recording: RecordingId) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let (services, access) = server::access().await?;
    let stopped = domain::recordings::stop(&services, &access, recording).await;
    server::answer(Form::StopRecording, "", stopped.map(drop).map_err(server::failure))
}

/// Where a finished file plays from.
#[server(prefix = "/api/console", endpoint = "playback")]
pub async fn load_playback(recording: String) -> Result<Playback, ConsoleError> {
    use crate::server;
    let (services, access) = server::access().await?;
    let id = server::parse_id(&recording)?;
    let found = domain::recordings::get(&services, &access, id).await.map_err(server::failure)?;
    let url = domain::recordings::playback_url(&services, &access, id).await.map_err(server::failure)?;
    let started_ms = server::unix_ms(found.started_at.unwrap_or(found.created_at).timestamp_millis());
    Ok(Playback { room: found.room.to_string(), started_ms, url: url.into() })
}

/// Sends the browser to the finished file, under a telling name. A plain link, so that it needs no script.
#[server(prefix = "/api/console", endpoint = "download", input = GetUrl)]
pub async fn download(recording: RecordingId) -> Result<(), ConsoleError> {
    use crate::server;
    let (services, access) = server::access().await?;
    let url = domain::recordings::download_url(&services, &access, recording).await.map_err(server::failure)?;
    server::redirect(url.as_str());
    Ok(())
}
