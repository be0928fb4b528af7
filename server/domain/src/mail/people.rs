//! What mails tell one person: an invitation, and links that prove who reads the address. The links are sealed in the
//! outbox and erased there once the mail was sent.

use super::{
    letter::{Letter, bodies},
    plain::one_line,
};
use crate::{access::Role, clock::to_date, error::Result, services::Services, store::OrgTx};

const NAME_CHARS: usize = 200;

/// Somebody is invited to an org.
struct Invitation<'a> {
    inviter: &'a str,
    org: &'a str,
    role: &'static str,
    link: &'a str,
    until: &'a str,
}

bodies!(Invitation, "mail/invitation.txt", "mail/invitation.html");

/// An address is to be confirmed.
struct VerifyEmail<'a> {
    email: &'a str,
    link: &'a str,
    until: &'a str,
}

bodies!(VerifyEmail, "mail/verify_email.txt", "mail/verify_email.html");

/// A forgotten password is to be replaced.
struct ResetPassword<'a> {
    email: &'a str,
    link: &'a str,
    until: &'a str,
}

bodies!(ResetPassword, "mail/reset_password.txt", "mail/reset_password.html");

/// A password was replaced.
struct PasswordChanged<'a> {
    email: &'a str,
    link: &'a str,
}

bodies!(PasswordChanged, "mail/password_changed.txt", "mail/password_changed.html");

/// A link for one reader: a page of the console, with a token that works once.
pub(crate) struct SecretLink<'a> {
    pub recipient: &'a str,
    /// Path of the page.
    pub page: &'a str,
    pub token: &'a str,
    /// Unix milliseconds.
    pub until: u64,
}

impl SecretLink<'_> {
    fn url(&self, services: &Services) -> String {
        services.settings().page(&format!("{}?token={}", self.page, self.token))
    }

    fn end(&self) -> String {
        to_date(self.until).format("%-d %B %Y, %H:%M UTC").to_string()
    }

    fn letter<'a>(&'a self, subject: &'a str, bodies: super::letter::Bodies) -> Letter<'a> {
        Letter { recipient: self.recipient, subject, bodies, unsubscribe: None, secret_until: Some(self.until) }
    }
}

/// Invites the reader of the link.
pub(crate) async fn queue_invitation(
    services: &Services,
    org: &mut OrgTx<'_>,
    link: &SecretLink<'_>,
    (inviter, org_name): (&str, &str),
    role: Role,
) -> Result<()> {
    let (inviter, org_name) = (&one_line(inviter, NAME_CHARS), &one_line(org_name, NAME_CHARS));
    let (url, until) = (&link.url(services), &link.end());
    let view = Invitation { inviter, org: org_name, role: role.as_str(), link: url, until };
    link.letter(&format!("Invitation to {org_name}"), view.bodies()?).queue(services, org).await
}

/// Asks the reader of the link to confirm the address.
pub(crate) async fn queue_verification(services: &Services, org: &mut OrgTx<'_>, link: &SecretLink<'_>) -> Result<()> {
    let view = VerifyEmail { email: link.recipient, link: &link.url(services), until: &link.end() };
    link.letter("Confirm your address", view.bodies()?).queue(services, org).await
}

/// Lets the reader of the link choose a new password.
pub(crate) async fn queue_reset(services: &Services, org: &mut OrgTx<'_>, link: &SecretLink<'_>) -> Result<()> {
    let view = ResetPassword { email: link.recipient, link: &link.url(services), until: &link.end() };
    link.letter("A new password", view.bodies()?).queue(services, org).await
}

/// Tells that it happened, so that whoever did not do it knows.
pub(crate) async fn queue_password_changed(services: &Services, org: &mut OrgTx<'_>, email: &str) -> Result<()> {
    let view = PasswordChanged { email, link: &services.settings().page("/forgot-password") };
    let bodies = view.bodies()?;
    let subject = "Your password was changed";
    Letter { recipient: email, subject, bodies, unsubscribe: None, secret_until: None }.queue(services, org).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_invites_writes_no_html() {
        let view = Invitation {
            inviter: "\"<img src=x>\"@example.com",
            org: "<a href=//evil.example>Acme</a>",
            role: "viewer",
            link: "http://localhost:3000/invitation?token=t&x",
            until: "1 January 2027, 00:00 UTC",
        };
        let bodies = view.bodies().unwrap();
        assert!(!bodies.html.contains("<img") && !bodies.html.contains("<a href=//evil"), "{}", bodies.html);
        assert!(bodies.text.contains("as viewer") && bodies.text.contains(view.link), "{}", bodies.text);
    }
}
