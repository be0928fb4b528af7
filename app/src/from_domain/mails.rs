//! Mails and the addresses they go to: what pages show.

use crate::{
    pages::{
        application::view::{MailAddressView, MailsView},
        outbox::{Mail, MailState, OutboxView},
    },
    server::unix_ms,
};
use domain::{
    Access,
    access::Permission,
    mail::{self, MailAddress, Route},
};

impl OutboxView {
    pub fn of(route: Route, mails: Vec<mail::Mail>, access: &Access) -> Self {
        let may_send = access.may(Permission::ConfigureApplications);
        let mails = mails.into_iter().map(Into::into).collect();
        match route {
            Route::Outbox => Self { sends: false, may_send, trouble: None, mails },
            Route::MailServer { trouble } => Self { sends: true, may_send, trouble, mails },
        }
    }
}

impl From<mail::Mail> for Mail {
    fn from(mail: mail::Mail) -> Self {
        Self {
            id: mail.id,
            recipient: mail.recipient,
            subject: mail.subject,
            text: (!mail.withheld).then_some(mail.text),
            created_ms: unix_ms(mail.created_at.timestamp_millis()),
            state: match (mail.sent_at, mail.failed_at) {
                (Some(_), _) => MailState::Sent,
                (None, Some(_)) => MailState::Failed,
                (None, None) => MailState::Waiting,
            },
            problem: mail.problem,
            next_ms: mail.next_at.map(|at| unix_ms(at.timestamp_millis())),
        }
    }
}

impl MailsView {
    pub fn of(addresses: Vec<MailAddress>, access: &Access) -> Self {
        let addresses = addresses.into_iter().map(|address| MailAddressView {
            id: address.id,
            unsubscribed_ms: address.unsubscribed_at.map(|at| unix_ms(at.timestamp_millis())),
            email: address.email,
        });
        Self { addresses: addresses.collect(), may_change: access.may(Permission::ConfigureApplications) }
    }
}
