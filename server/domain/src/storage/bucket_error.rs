//! Why a bucket did not do what was asked.

use super::{credentials::CredentialsError, xml};
use crate::error::Error;
use chrono::{DateTime, Utc};
use outbound::{
    Answer, OutboundError,
    header::{DATE, HeaderMap},
};

/// A bucket did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BucketError {
    #[error("the bucket was not reached: {0}")]
    Outbound(#[from] OutboundError),
    #[error("the bucket answered {status} {code}", status = .0.status, code = .0.code)]
    Refused(Refusal),
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    #[error("the bucket's answer could not be understood")]
    Malformed,
    #[error("the address of the bucket is not usable")]
    Address,
    /// A media node had no answer.
    #[error("the media node did not reach the bucket")]
    NodeUnanswered,
}

/// What a bucket answered instead of doing it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub status: u16,
    /// Empty when the answer names none, as answers to HEAD never do.
    pub code: String,
    /// The region the bucket says it is in.
    pub region: Option<String>,
    /// The bucket's clock.
    pub server_time: Option<DateTime<Utc>>,
    /// What AWS says we are not authorized to perform.
    pub action: Option<String>,
}

impl BucketError {
    /// What somebody else was answered.
    pub(crate) fn refused(status: u16, code: &str) -> Self {
        Self::Refused(Refusal { status, code: xml::safe_code(code), ..Refusal::default() })
    }

    pub(crate) fn is_not_found(&self) -> bool {
        self.status() == Some(404)
    }

    /// Nothing will ever come of this upload: the bucket no longer has it, or does not take its parts together. It says
    /// nothing about the bucket.
    pub(crate) fn is_lost_upload(&self) -> bool {
        let codes = ["NoSuchUpload", "InvalidPart", "InvalidPartOrder", "EntityTooSmall"];
        matches!(self, Self::Refused(refusal) if codes.contains(&refusal.code.as_str()))
    }

    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(refusal) => Some(refusal.status),
            _ => None,
        }
    }

    /// Whether asking again in a moment may help: nobody answered, or the bucket had a problem of its own.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Outbound(OutboundError::NotAllowed) | Self::Address => false,
            Self::Outbound(_) | Self::Malformed | Self::NodeUnanswered => true,
            // The code says more than the status: S3 reports some hiccups with status 200 or 400.
            Self::Refused(Refusal { status, code, .. }) => match code.as_str() {
                "InternalError" | "SlowDown" | "ServiceUnavailable" | "RequestTimeout" | "OperationAborted" => true,
                _ => matches!(status, 200..=299 | 408 | 425 | 429 | 500..),
            },
            Self::Credentials(error) => error.is_passing(),
        }
    }

    /// One sentence for the customer.
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::Outbound(error) => format!("The bucket was not reached. {}", error.public_message()),
            Self::Refused(Refusal { status, code, .. }) if code.is_empty() => {
                format!("The bucket answered with status {status}.")
            }
            Self::Refused(Refusal { status, code, .. }) => format!("The bucket answered {code} (status {status})."),
            Self::Credentials(error) => error.sentence(),
            Self::Malformed => "The bucket's answer is not that of an S3 service.".to_owned(),
            Self::NodeUnanswered => "The media node did not reach the bucket.".to_owned(),
            Self::Address => "The address of the bucket is not usable.".to_owned(),
        }
    }
}

impl From<BucketError> for Error {
    fn from(error: BucketError) -> Self {
        match error {
            BucketError::Credentials(error) => error.into(),
            error => {
                Error::unavailable("storage_unavailable", "The bucket did not do what was asked.").with_source(error)
            }
        }
    }
}

/// Reads what an answer says about a refusal.
pub(super) fn refusal(answer: &Answer) -> Refusal {
    let document = answer.text();
    let header = |name: &str| text(&answer.headers, name).filter(|text| !text.is_empty());
    let region = header("x-amz-bucket-region").or_else(|| xml::first_text(&document, "Region"));
    let known = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    Refusal {
        status: answer.status,
        code: xml::code(&document),
        region: region.filter(|region| region.len() <= 64 && region.chars().all(known)),
        server_time: header(DATE.as_str())
            .and_then(|date| DateTime::parse_from_rfc2822(&date).ok())
            .map(|date| date.with_timezone(&Utc)),
        action: xml::first_text(&document, "Message").as_deref().and_then(action),
    }
}

/// The action that a message of AWS names: "… is not authorized to perform: s3:PutObject on resource: …".
fn action(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("not authorized to perform: ")?;
    let action = rest.split(|c: char| c.is_whitespace()).next()?;
    let known = |c: char| c.is_ascii_alphanumeric() || c == ':';
    (action.contains(':') && action.len() <= 64 && action.chars().all(known)).then(|| action.to_owned())
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hiccups_verdicts_and_lost_uploads_are_told_apart() {
        for (status, code, passing, lost) in [
            (200, "InternalError", true, false),
            (200, "", true, false),
            (400, "RequestTimeout", true, false),
            (400, "InvalidPart", false, true),
            (400, "EntityTooSmall", false, true),
            (400, "AuthorizationHeaderMalformed", false, false),
            (403, "AccessDenied", false, false),
            (404, "NoSuchUpload", false, true),
            (404, "NoSuchBucket", false, false),
            (409, "OperationAborted", true, false),
            (413, "", false, false),
            (429, "", true, false),
            (503, "SlowDown", true, false),
            (500, "", true, false),
        ] {
            let error = BucketError::refused(status, code);
            assert_eq!((error.is_passing(), error.is_lost_upload()), (passing, lost), "{status} {code}");
        }
    }
}
