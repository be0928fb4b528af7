//! The first start: a one-time link makes the first owner and an org in which nothing is left to configure.

use super::{password::NewPassword, tell, throttle, verification};
use crate::{
    access::Role,
    applications,
    clock::millis,
    error::{Error, Kind, Result},
    mail::{self, Email, Route},
    secrets::{hash_token, new_token},
    services::Services,
    storage,
    store::{NewOrg, NewUser},
};
use applications::Plan;
use protocol::ids::{OrgId, StorageId, UserId};
use std::{net::IpAddr, time::Duration};

/// A link that lies around in a log for longer is worthless; a restart prints a new one.
const TOKEN_VALIDITY: Duration = Duration::from_secs(24 * 3600);
const ORG_NAME: &str = "My organization";

/// Makes a fresh one-time token while no owner exists; it replaces the previous one.
pub async fn setup_token(services: &Services) -> Result<Option<String>> {
    let mut tx = services.begin().await?;
    if tx.owner_exists().await? {
        return Ok(None);
    }
    let token = new_token(services.random()).map_err(Error::internal)?;
    let validity = millis(TOKEN_VALIDITY);
    tx.replace_setup_token(&hash_token(&token), services.now() + validity).await?;
    tx.commit().await?;
    Ok(Some(token))
}

/// Whether this token would be accepted now; for showing the form.
pub async fn setup_token_is_valid(services: &Services, token: &str) -> Result<bool> {
    let mut tx = services.read().await?;
    Ok(!tx.owner_exists().await? && tx.setup_token_matches(&hash_token(token), services.now()).await?)
}

/// Makes the first owner with an org, a validated storage on the embedded store, and the application "Demo".
pub async fn complete_setup(
    services: &Services,
    token: &str,
    email: &str,
    password: &str,
    address: IpAddr,
) -> Result<UserId> {
    throttle::count(services, &throttle::subjects("", address)[1..2]).await?;
    if !setup_token_is_valid(services, token).await? {
        return Err(wrong_token());
    }
    let email = Email::parse(email)?;
    let password_hash = NewPassword::parse(password, email.as_str())?.hash(services).await?;
    let embedded = validate_embedded_store(services).await?;

    let now = services.now();
    let (user, org_id) = (services.new_id(UserId::from_parts)?, services.new_id(OrgId::from_parts)?);
    let mut tx = services.begin().await?;
    if !tx.consume_setup_token(&hash_token(token), now).await? || tx.owner_exists().await? {
        return Err(wrong_token());
    }
    let external_id = new_token(services.random()).map_err(Error::internal)?;
    let org = NewOrg { id: org_id, name: ORG_NAME, plan: Plan::Pro, external_id: &external_id };
    tx.insert_org(&org, now).await?;
    let new = NewUser { id: user, email: email.as_str(), password_hash: &password_hash, verified: false };
    tx.insert_user(&new, now).await?;
    tx.insert_member(org_id, user, Role::Owner, now).await?;
    if mail::route(services) != Route::Outbox {
        verification::queue(services, &mut tx.org(org_id), user, email.as_str()).await?;
    }
    let mut org = tx.org(org_id);
    if embedded {
        let id = services.new_id(StorageId::from_parts)?;
        storage::insert_proven_embedded(services, &mut org, id).await?;
    }
    applications::insert_demo(services, &mut org, user, embedded).await?;
    tell(services, &mut tx, user, "org.set_up", address).await?;
    tx.commit().await?;
    Ok(user)
}

/// Whether there is an embedded store; if so, its bucket has passed every step.
async fn validate_embedded_store(services: &Services) -> Result<bool> {
    if services.settings().embedded_store.is_none() {
        return Ok(false);
    }
    let steps = storage::try_embedded(services, &storage::embedded_target(services)?).await?;
    if let Some(failed) = steps.iter().find(|step| step.remedy.is_some()) {
        let remedy = failed.remedy.clone().unwrap_or_default();
        let message = format!("The embedded store did not pass \"{}\". {remedy}", failed.name.label());
        return Err(Error::unavailable("storage_not_validated", message));
    }
    Ok(true)
}

fn wrong_token() -> Error {
    Error::new(
        Kind::Unauthenticated,
        "setup_link_invalid",
        "This set-up link is not valid any more. Restart Mixdown to get a new one.",
    )
}
