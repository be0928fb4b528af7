//! The way out that every mail of a list carries. It needs no sign-in: the token says which address it is for, and only
//! we can have made it. Looking at the page changes nothing, because mail programs look at links by themselves.

use crate::{
    audit::{self, Actor},
    error::{Error, Result},
    secrets::InstallationKey,
    services::Services,
    store::Tx,
};
use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use protocol::ids::MailAddressId;

/// What a link to unsubscribe is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    pub email: String,
    /// Name of the application whose mails they are.
    pub application: String,
    /// Whether it has ended.
    pub ended: bool,
}

/// The link of an address; it never changes.
pub(super) async fn link(services: &Services, tx: &mut Tx, id: MailAddressId) -> Result<String> {
    let key = InstallationKey::Unsubscribe.get_or_draw(services, tx).await?;
    Ok(services.settings().page(&format!("/unsubscribe/{}", sign(&key, id))))
}

/// What the link is about.
pub async fn subscription(services: &Services, token: &str) -> Result<Subscription> {
    let mut tx = services.read().await?;
    let id = read(services, &mut tx, token).await?;
    find(&mut tx, id).await
}

/// Ends the mails to the address; harmless when repeated.
pub async fn unsubscribe(services: &Services, token: &str) -> Result<Subscription> {
    let mut tx = services.begin().await?;
    let id = read(services, &mut tx, token).await?;
    let owner = tx.mail_address_owner(id).await?.ok_or_else(unknown)?;
    let mut org = tx.org(owner);
    let row = org.mail_address(id).await?.ok_or_else(unknown)?;
    if org.end_subscription(id, services.now()).await? {
        let application = row.application();
        audit::record(services, &mut org, Actor::Link, "mail_address.unsubscribed", &application, &row.email).await?;
    }
    let subscription = find(&mut tx, id).await?;
    tx.commit().await?;
    Ok(subscription)
}

async fn read(services: &Services, tx: &mut Tx, token: &str) -> Result<MailAddressId> {
    let key = InstallationKey::Unsubscribe.get(services, tx).await?.ok_or_else(unknown)?;
    verify(&key, token).ok_or_else(unknown)
}

async fn find(tx: &mut Tx, id: MailAddressId) -> Result<Subscription> {
    let owner = tx.mail_address_owner(id).await?.ok_or_else(unknown)?;
    let mut org = tx.org(owner);
    let row = org.mail_address(id).await?.ok_or_else(unknown)?;
    let application = org.application(row.application()).await?.ok_or_else(unknown)?;
    let (application, ended) = (application.name().to_string(), row.unsubscribed_at.is_some());
    Ok(Subscription { email: row.email, application, ended })
}

fn unknown() -> Error {
    Error::not_found(
        "subscription_not_found",
        "This address gets no mails any more, or the link was not copied as a whole.",
    )
}

/// The identifier and a signature over it, for a URL.
fn sign(key: &[u8], id: MailAddressId) -> String {
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), id.to_string().as_bytes());
    format!("{id}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The identifier, if we signed it.
fn verify(key: &[u8], token: &str) -> Option<MailAddressId> {
    let (id, signature) = token.split_once('.')?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, key), id.as_bytes(), &signature).ok()?;
    id.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn only_our_own_links_are_read(ms in 0u64..(1 << 48), random: [u8; 10], key: [u8; 32], at in 0usize..80, with in any::<char>()) {
            let id = MailAddressId::from_parts(ms, random);
            let token = sign(&key, id);
            prop_assert_eq!(verify(&key, &token), Some(id));
            let changed: String = token.chars().enumerate().map(|(index, c)| if index == at { with } else { c }).collect();
            prop_assert_eq!(verify(&key, &changed).is_some(), changed == token);
            prop_assert_eq!(verify(&[0; 32], &token).is_some(), key == [0; 32]);
        }

        #[test]
        fn foreign_text_never_panics(text in ".{0,120}") {
            prop_assert_eq!(verify(&[7; 32], &text), None);
        }
    }
}
