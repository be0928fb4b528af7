use super::view::{
    ApplicationView, DestinationView, MailsView, ManagedView, Playback, RecordingList, RetentionPreview,
};
use crate::error::ConsoleError;
use leptos::{prelude::*, server_fn::codec::GetUrl};
use protocol::ids::{AppKeyId, ApplicationId, MailAddressId, RecordingId};

/// One application. The identifier is text from the address.
#[server(prefix = "/api/console", endpoint = "application")]
pub async fn load_application(id: String) -> Result<ApplicationView, ConsoleError> {
    use crate::server;
    let (services, access) = server::access().await?;
    let application = domain::applications::get(&services, &access, server::parse_id(&id)?).await;
    Ok(ApplicationView::of(application.map_err(server::failure)?, &access))
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
    let secret = key.map(|made| server::reveal(Some(made.secret))).map_err(server::failure);
    server::answer_with_secret(Form::CreateKey, "", secret)
}

/// What a key lets Skylink clients do; a box that is not ticked is not sent.
#[server(prefix = "/api/console", endpoint = "change-key")]
pub async fn change_key(
    application: ApplicationId,
    key: AppKeyId,
    #[server(default)] privileged: bool,
    #[server(default)] auto_introduce: bool,
    #[server(default)] link_messages: bool,
) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    use domain::applications::KeyChange;
    let (services, access) = server::access().await?;
    let change = KeyChange {
        privileged: Some(privileged),
        auto_introduce: Some(auto_introduce),
        link_messages: Some(link_messages),
    };
    let changed = domain::applications::change_key(&services, &access, application, key, change).await;
    server::answer(Form::ChangeKey, "", changed.map(drop).map_err(server::failure))
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

/// Whom mails about its recordings go to.
#[server(prefix = "/api/console", endpoint = "mail-addresses")]
pub async fn load_mails(application: ApplicationId) -> Result<MailsView, ConsoleError> {
    use crate::server;
    let (services, access) = server::access().await?;
    let addresses = domain::mail::addresses(&services, &access, application).await.map_err(server::failure)?;
    Ok(MailsView::of(addresses, &access))
}

/// Tells one more address.
#[server(prefix = "/api/console", endpoint = "add-mail-address")]
pub async fn add_mail_address(application: ApplicationId, email: String) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let (services, access) = server::access().await?;
    let added = domain::mail::add_address(&services, &access, application, &email).await;
    server::answer(Form::MailAddresses, &email, added.map(drop).map_err(server::failure))
}

/// Tells an address no more.
#[server(prefix = "/api/console", endpoint = "remove-mail-address")]
pub async fn remove_mail_address(application: ApplicationId, address: MailAddressId) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let (services, access) = server::access().await?;
    let removed = domain::mail::remove_address(&services, &access, application, address).await;
    server::answer(Form::MailAddresses, "", removed.map_err(server::failure))
}

/// Where recordings of one application go.
#[server(prefix = "/api/console", endpoint = "destination")]
pub async fn load_destination(application: ApplicationId) -> Result<DestinationView, ConsoleError> {
    use crate::server;
    let (services, access) = server::access().await?;
    let found = domain::applications::get(&services, &access, application).await.map_err(server::failure)?;
    let overview = domain::storage::overview(&services, &access).await.map_err(server::failure)?;
    Ok(DestinationView::of(&found, overview, &access))
}

/// Sends recordings to a storage of the application's own; with an empty identifier to the primary one.
#[server(prefix = "/api/console", endpoint = "use-storage-for")]
pub async fn use_storage_for(application: ApplicationId, storage: String) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let (services, access) = server::access().await?;
    let storage = Some(storage).filter(|id| !id.is_empty()).map(|id| server::parse_id(&id)).transpose()?;
    let changed = domain::storage::use_for(&services, &access, application, storage).await;
    server::answer(Form::Destination, "", changed.map_err(server::failure))
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
    let poster = found.poster.then(|| super::view::poster_address(id));
    let started_ms = server::unix_ms(found.started_at.unwrap_or(found.created_at).timestamp_millis());
    Ok(Playback { room: found.room.to_string(), started_ms, url: url.into(), poster })
}

/// Sends the browser to the picture of a recording. A plain address, so that it needs no script.
#[server(prefix = "/api/console", endpoint = "poster", input = GetUrl)]
pub async fn poster(recording: RecordingId) -> Result<(), ConsoleError> {
    use crate::server;
    let (services, access) = server::access().await?;
    let url = domain::recordings::poster_url(&services, &access, recording).await.map_err(server::failure)?;
    server::forward(url.as_str());
    Ok(())
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

/// One recording with what can be done about it.
#[server(prefix = "/api/console", endpoint = "managed-recording")]
pub async fn load_managed(recording: String) -> Result<ManagedView, ConsoleError> {
    use crate::server;
    let (services, access) = server::access().await?;
    let found = domain::recordings::get(&services, &access, server::parse_id(&recording)?).await;
    Ok(ManagedView::of(found.map_err(server::failure)?, &access, services.clock().unix_ms()))
}

/// Makes a link that anybody may follow; the page shows it once.
#[server(prefix = "/api/console", endpoint = "share-recording")]
pub async fn share_recording(recording: RecordingId, hours: u32) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    use std::time::Duration;
    let (services, access) = server::access().await?;
    let validity = Duration::from_secs(u64::from(hours) * 3600);
    let link = domain::recordings::share(&services, &access, recording, validity).await;
    server::answer_with_secret(
        Form::ShareRecording,
        "",
        link.map(|link| Some(link.url.into())).map_err(server::failure),
    )
}

/// Sets or lifts a legal hold.
#[server(prefix = "/api/console", endpoint = "set-legal-hold")]
pub async fn set_legal_hold(recording: RecordingId, on: bool, reason: String) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let (services, access) = server::access().await?;
    let changed = domain::recordings::set_legal_hold(&services, &access, recording, on, &reason).await;
    server::answer(Form::LegalHold, "", changed.map(drop).map_err(server::failure))
}

/// Deletes a recording from the bucket.
#[server(prefix = "/api/console", endpoint = "delete-recording")]
pub async fn delete_recording(recording: RecordingId, reason: String) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let (services, access) = server::access().await?;
    let deleted = domain::recordings::delete(&services, &access, recording, &reason).await;
    server::answer(Form::DeleteRecording, "", deleted.map(drop).map_err(server::failure))
}

/// What a retention would delete at once.
#[server(prefix = "/api/console", endpoint = "retention-preview")]
pub async fn preview_retention(application: ApplicationId, days: u32) -> Result<RetentionPreview, ConsoleError> {
    use crate::server;
    let (services, access) = server::access().await?;
    let preview = domain::recordings::retention_preview(&services, &access, application, days).await;
    preview.map(Into::into).map_err(server::failure)
}

/// Deletes recordings so many days after they were ready; without days keeps them.
#[server(prefix = "/api/console", endpoint = "set-retention")]
pub async fn set_retention(
    application: ApplicationId,
    #[server(default)] days: Option<u32>,
) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    let (services, access) = server::access().await?;
    let changed = domain::applications::set_retention(&services, &access, application, days).await;
    server::answer(Form::Retention, "", changed.map(drop).map_err(server::failure))
}

/// How long links work that are sent out from now on.
#[server(prefix = "/api/console", endpoint = "set-link-validity")]
pub async fn set_link_validity(application: ApplicationId, hours: u32) -> Result<(), ConsoleError> {
    use crate::{note::Form, server};
    use std::time::Duration;
    let (services, access) = server::access().await?;
    let validity = Duration::from_secs(u64::from(hours) * 3600);
    let changed = domain::applications::set_link_validity(&services, &access, application, validity).await;
    server::answer(Form::LinkValidity, "", changed.map(drop).map_err(server::failure))
}
