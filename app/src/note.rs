//! What a form has to say on the page that follows it.
//!
//! Forms are plain: the browser sends them, the answer is a redirect, and what came out travels in a cookie that the
//! next page reads once. That is the same with and without JavaScript, and nobody can put words into a page by
//! sending somebody a link.

use crate::error::ConsoleError;
use serde::{Deserialize, Serialize};

/// A form of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    SetUp,
    SignIn,
    ForgotPassword,
    ResetPassword,
    VerifyEmail,
    AcceptInvitation,
    CreateApplication,
    Relay,
    Recording,
    CreateKey,
    ChangeKey,
    RevokeKey,
    Origins,
    StopRecording,
    Destination,
    Retention,
    LinkValidity,
    ShareRecording,
    LegalHold,
    DeleteRecording,
    AddStorage,
    Storage,
    Validation,
    Standing,
    RemoveStorage,
    CreateApiKey,
    RevokeApiKey,
    MailAddresses,
    SendMailAgain,
    Invite,
    Invitations,
    Members,
    OwnAccount,
    CreateEndpoint,
    Endpoint,
    EnableEndpoint,
    TestEndpoint,
    RotateSecret,
    RemoveEndpoint,
    ReplayDelivery,
    ReplayFailed,
}

impl Form {
    /// The part of its page that holds it; the redirect leads back there.
    #[must_use]
    pub fn place(self) -> &'static str {
        match self {
            Self::SetUp
            | Self::SignIn
            | Self::ForgotPassword
            | Self::ResetPassword
            | Self::VerifyEmail
            | Self::AcceptInvitation => "",
            Self::CreateApplication | Self::CreateApiKey => "create",
            Self::Relay | Self::Recording => "switches",
            Self::CreateKey | Self::ChangeKey | Self::RevokeKey | Self::RevokeApiKey => "keys",
            Self::Origins => "origins",
            Self::StopRecording => "recordings",
            Self::Destination => "destination",
            Self::Retention | Self::LinkValidity => "keeping",
            Self::ShareRecording | Self::LegalHold | Self::DeleteRecording => "manage",
            Self::AddStorage | Self::CreateEndpoint => "add",
            Self::Storage | Self::Endpoint => "settings",
            Self::EnableEndpoint | Self::TestEndpoint => "state",
            Self::RotateSecret => "secret",
            Self::RemoveEndpoint => "remove",
            Self::ReplayDelivery => "delivery",
            Self::ReplayFailed => "replay",
            Self::Validation => "validation",
            Self::Standing | Self::RemoveStorage => "use",
            Self::MailAddresses | Self::SendMailAgain => "mails",
            Self::Invite => "invite",
            Self::Invitations => "invitations",
            Self::Members => "members",
            Self::OwnAccount => "own",
        }
    }
}

/// What became of a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub form: Form,
    /// Why it was refused.
    pub error: Option<ConsoleError>,
    /// What was typed, to be corrected.
    pub entered: String,
    /// Something shown this once.
    pub secret: Option<String>,
}

impl Note {
    /// The note about this form, when the page follows it.
    #[must_use]
    pub fn about(form: Form) -> Option<Self> {
        leptos::prelude::use_context::<Self>().filter(|note| note.form == form)
    }

    /// Whether this form was refused.
    #[must_use]
    pub fn refuses(form: Form) -> bool {
        Self::about(form).is_some_and(|note| note.error.is_some())
    }

    /// What was typed into a refused form, else what is stored.
    #[must_use]
    pub fn entered_or(form: Form, stored: String) -> String {
        Self::about(form).filter(|note| note.error.is_some()).map_or(stored, |note| note.entered)
    }
}
