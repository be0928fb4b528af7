//! Changes of applications. Every change of policy counts the revision up and tells every node in one transaction.

use super::{Application, existing, keys::insert_key, load, missing_conditions, not_found, policy_of};
use crate::{
    access::{Access, Permission},
    audit::{self, Actor},
    error::{Error, Result},
    mail,
    services::Services,
    store::{ApplicationRow, NewApplication, OrgTx, Tx, violates},
    temasys,
};
use protocol::{
    ids::{ApplicationId, UserId},
    link::Command,
    names::DisplayName,
};
use url::Url;

const MAX_DURATION_SECONDS: u32 = 4 * 3600;
const IDLE_TIMEOUT_SECONDS: u32 = 60;
const DEMO: &str = "Demo";
const MAX_ORIGINS: usize = 50;

/// With Media Relay on, Recording off, and one key.
pub async fn create(services: &Services, access: &Access, name: DisplayName) -> Result<Application> {
    access.require(Permission::CreateApplications)?;
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    let id = insert(services, &mut org, access.actor(), &name, false).await?;
    let application = load(&mut org, id).await?;
    tx.commit().await?;
    Ok(application)
}

/// The application that a new org begins with.
pub(crate) async fn insert_demo(services: &Services, org: &mut OrgTx<'_>, user: UserId, recording: bool) -> Result<()> {
    let name = DisplayName::try_from(DEMO.to_owned()).map_err(Error::internal)?;
    insert(services, org, Actor::User(user), &name, recording).await.map(drop)
}

async fn insert(
    services: &Services,
    org: &mut OrgTx<'_>,
    actor: Actor,
    name: &DisplayName,
    recording: bool,
) -> Result<ApplicationId> {
    let id = services.new_id(ApplicationId::from_parts)?;
    let now = services.now();
    let application = NewApplication {
        id,
        name,
        relay: true,
        recording,
        max_duration_seconds: MAX_DURATION_SECONDS,
        idle_timeout_seconds: IDLE_TIMEOUT_SECONDS,
        created_at: now,
    };
    org.insert_application(&application).await.map_err(|error| {
        if violates(&error, "applications_name_key", "applications.name") {
            Error::conflict("application_name_taken", "Another application has this name.").with_source(error)
        } else {
            error.into()
        }
    })?;
    insert_key(services, org, id).await?;
    mail::insert_owners(services, org, id).await?;
    temasys::adopt(services, org, actor, id).await?;
    audit::record(services, org, actor, "application.created", &id, name.as_str()).await?;
    Ok(id)
}

/// Off also switches Recording off.
pub async fn set_relay(services: &Services, access: &Access, id: ApplicationId, on: bool) -> Result<Application> {
    let (mut tx, row) = begin_policy_change(services, access, id).await?;
    tx.reach(access).set_switches(id, on, row.recording && on).await?;
    let action = if on { "application.relay_on" } else { "application.relay_off" };
    finish_policy_change(services, access, tx, id, Some(action)).await
}

/// On fails with `conditions_missing` and all [`Error::conditions`] while any is missing.
pub async fn set_recording(services: &Services, access: &Access, id: ApplicationId, on: bool) -> Result<Application> {
    let (mut tx, row) = begin_policy_change(services, access, id).await?;
    if on {
        refuse_while_missing(&row)?;
    }
    tx.reach(access).set_switches(id, row.relay, on).await?;
    let action = if on { "application.recording_on" } else { "application.recording_off" };
    finish_policy_change(services, access, tx, id, Some(action)).await
}

/// Fails while the application cannot record.
pub(super) fn refuse_while_missing(row: &ApplicationRow) -> Result<()> {
    let missing = missing_conditions(row);
    if missing.is_empty() {
        return Ok(());
    }
    let sentences: Vec<_> = missing.iter().map(|condition| condition.sentence()).collect();
    Err(Error::conflict("conditions_missing", sentences.join(" ")).with_conditions(missing))
}

/// Web origins that may join, for example `https://shop.example`; empty allows every origin.
pub async fn set_allowed_origins(
    services: &Services,
    access: &Access,
    id: ApplicationId,
    origins: Vec<String>,
) -> Result<Application> {
    let origins = normal_origins(&origins)?;
    let (mut tx, _) = begin_policy_change(services, access, id).await?;
    tx.reach(access).set_allowed_origins(id, &origins).await?;
    finish_policy_change(services, access, tx, id, Some("application.origins_set")).await
}

/// Sorted, without repetitions, each in the form in which browsers send it.
pub(super) fn normal_origins(origins: &[String]) -> Result<Vec<String>> {
    if origins.len() > MAX_ORIGINS {
        return Err(Error::invalid("too_many_origins", format!("At most {MAX_ORIGINS} origins.")));
    }
    let mut origins = origins.iter().map(|origin| normal_origin(origin)).collect::<Result<Vec<_>>>()?;
    origins.sort();
    origins.dedup();
    Ok(origins)
}

/// The form in which browsers send an origin.
fn normal_origin(text: &str) -> Result<String> {
    let url: Option<Url> = text.trim().parse().ok();
    url.filter(|url| matches!(url.scheme(), "http" | "https"))
        .filter(|url| {
            url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty()
        })
        .map(|url| url.origin().ascii_serialization())
        .ok_or_else(|| Error::invalid("origin_invalid", "An origin looks like https://shop.example, without a path."))
}

/// Counts the revision up; what the application was before.
pub(super) async fn begin_policy_change(
    services: &Services,
    access: &Access,
    id: ApplicationId,
) -> Result<(Tx, ApplicationRow)> {
    access.require(Permission::ConfigureApplications)?;
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    if !org.revise_application(id).await? {
        return Err(not_found());
    }
    let row = existing(&mut org, id).await?;
    Ok((tx, row))
}

/// Tells the nodes, and the audit log if it does not know yet.
pub(super) async fn finish_policy_change(
    services: &Services,
    access: &Access,
    mut tx: Tx,
    id: ApplicationId,
    action: Option<&str>,
) -> Result<Application> {
    let mut org = tx.reach(access);
    let row = existing(&mut org, id).await?;
    let command = Command::SetPolicy { application: id, policy: policy_of(&row) };
    org.system().push_command_to_all(&command, services.now()).await?;
    if let Some(action) = action {
        audit::record_for(services, &mut org, access, action, &id).await?;
    }
    let application = load(&mut org, id).await?;
    tx.commit().await?;
    Ok(application)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_take_the_form_browsers_send() {
        for (text, expected) in [
            ("https://Shop.Example", "https://shop.example"),
            (" https://shop.example/ ", "https://shop.example"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("https://shop.example:443", "https://shop.example"),
        ] {
            assert_eq!(normal_origin(text).unwrap(), expected);
        }
        for text in ["", "shop.example", "https://shop.example/path", "ftp://shop.example", "null", "*", "https://a@b"]
        {
            assert!(normal_origin(text).is_err(), "{text}");
        }
    }
}
