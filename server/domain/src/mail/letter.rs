//! A mail on its way into the outbox, in the transaction of what it tells.

use super::plain;
use crate::{
    error::{Error, Result},
    jobs::{self, Work},
    secrets::SealedColumn,
    services::Services,
    store::{MailRow, NewMail, OrgTx},
};
use protocol::ids::{MailId, OrgId};
use serde::{Deserialize, Serialize};

/// What a mail says, twice.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Bodies {
    pub text: String,
    pub html: String,
}

/// Renders a view with its two templates, in which it is `self.0`.
macro_rules! bodies {
    ($view:ident, $text:literal, $html:literal) => {
        impl $view<'_> {
            fn bodies(&self) -> $crate::error::Result<$crate::mail::letter::Bodies> {
                #[derive(askama::Template)]
                #[template(path = $text, escape = "none")]
                struct Text<'a>(&'a $view<'a>);

                #[derive(askama::Template)]
                #[template(path = $html)]
                struct Html<'a>(&'a $view<'a>);

                let render = |rendered: askama::Result<String>| rendered.map_err($crate::error::Error::internal);
                Ok($crate::mail::letter::Bodies {
                    text: render(askama::Template::render(&Text(self)))?,
                    html: render(askama::Template::render(&Html(self)))?,
                })
            }
        }
    };
}
pub(super) use bodies;

/// One mail.
pub(super) struct Letter<'a> {
    pub recipient: &'a str,
    pub subject: &'a str,
    pub bodies: Bodies,
    /// Where the reader can put an end to mails like this.
    pub unsubscribe: Option<&'a str>,
    /// Until when a link works that nobody but the reader may have; it is sealed.
    pub secret_until: Option<u64>,
}

impl Letter<'_> {
    /// Puts it into the outbox, and has it sent.
    pub(super) async fn queue(self, services: &Services, org: &mut OrgTx<'_>) -> Result<()> {
        let id = services.new_id(MailId::from_parts)?;
        let sealed = match self.secret_until {
            None => None,
            Some(_) => {
                let bodies = serde_json::to_vec(&self.bodies).map_err(Error::internal)?;
                Some(services.envelope().seal(SealedColumn::MailBody.of(org.id()), id, &bodies)?)
            }
        };
        let open = if sealed.is_some() { Bodies::default() } else { self.bodies };
        let mail = NewMail {
            id,
            recipient: self.recipient,
            subject: &plain::subject(self.subject),
            text: &open.text,
            html: &open.html,
            sealed: sealed.as_deref(),
            unsubscribe_url: self.unsubscribe,
            expires_at: self.secret_until,
            now: services.now(),
        };
        org.insert_mail(&mail).await?;
        let work = Work::SendMail { org: org.id(), mail: id };
        jobs::push(services, org.system(), &work).await
    }
}

/// What a stored mail says; `None` when it was erased.
pub(super) fn bodies_of(services: &Services, org: OrgId, mail: &MailRow) -> Result<Option<Bodies>> {
    let Some(sealed) = &mail.sealed_body else {
        let bodies = Bodies { text: mail.text_body.clone(), html: mail.html_body.clone() };
        return Ok(mail.expires_at.is_none().then_some(bodies));
    };
    let place = SealedColumn::MailBody.of(org);
    let json = services.envelope().open(place, mail.id(), sealed).map_err(Error::internal)?;
    serde_json::from_slice(&json).map(Some).map_err(Error::internal)
}
