//! Puts one part to a signed URL, through the client that guards our network against customers' addresses.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use md5::{Digest as _, Md5};
use outbound::{
    Answer, CaCertificate, InvalidCertificate, Method, Outbound, OutboundError, Request, Trusted,
    header::{self, HeaderName, HeaderValue},
};
use protocol::{
    link::{Destination, PartRefusal},
    recording::UploadedPart,
};
use std::{sync::Arc, time::Duration};

/// Longest time for one part: 5 MiB over 100 kbit/s.
const PART_TIME: Duration = Duration::from_secs(420);
/// Longest time for a picture, which the recording waits for.
const POSTER_TIME: Duration = Duration::from_secs(20);
/// Answers of 400 and above that are no verdict: try again.
const PASSING: [u16; 3] = [408, 425, 429];
/// Longest error code of a bucket that is passed on.
const CODE_BYTES: usize = 64;

/// Why a part was not taken. The URL is a secret, so it is left out.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    #[error("the bucket answered {status} {code}")]
    Refused { status: u16, code: String },
    #[error("the bucket answered without an ETag")]
    NoTag,
    #[error("the signed URL is none")]
    NoUrl,
}

impl PartError {
    /// Whether the bucket, or our own guard, has said no: more of the same will not help.
    pub(super) fn is_verdict(&self) -> bool {
        match self {
            Self::Refused { status, .. } => (300..500).contains(status) && !PASSING.contains(status),
            Self::Outbound(OutboundError::NotAllowed | OutboundError::Tls { .. }) | Self::NoUrl => true,
            Self::Outbound(_) | Self::NoTag => false,
        }
    }

    /// For the control plane.
    pub(super) fn refusal(&self) -> PartRefusal {
        match self {
            Self::Refused { status, code } => PartRefusal { status: Some(*status), detail: code.clone() },
            error => PartRefusal { status: None, detail: error.to_string() },
        }
    }
}

/// The customer's store, as the control plane describes it.
#[derive(Debug)]
pub struct Store {
    authority: Option<CaCertificate>,
    trusted: bool,
}

impl TryFrom<Destination> for Store {
    type Error = InvalidCertificate;

    fn try_from(destination: Destination) -> Result<Self, InvalidCertificate> {
        let authority = destination.ca_certificate.as_deref().map(CaCertificate::from_pem).transpose()?;
        Ok(Self { authority, trusted: destination.trusted })
    }
}

/// What is sent to a signed URL.
struct Put {
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
    time_limit: Duration,
}

/// Client for signed URLs.
#[derive(Debug, Clone)]
pub struct PartClient(Arc<Outbound>);

impl PartClient {
    #[must_use]
    pub fn new(outbound: impl Into<Arc<Outbound>>) -> Self {
        Self(outbound.into())
    }

    /// Uploads one part.
    ///
    /// # Errors
    /// It was not taken.
    pub async fn put(&self, store: &Store, url: &str, number: u16, body: Bytes) -> Result<UploadedPart, PartError> {
        let bytes = body.len() as u64;
        let md5 = Md5::digest(&body);
        let answer = self.send(store, url, Put { headers: Vec::new(), body, time_limit: PART_TIME }, &md5).await?;
        let etag = answer.headers.get(header::ETAG).and_then(|etag| etag.to_str().ok()).ok_or(PartError::NoTag)?;
        Ok(UploadedPart { number, etag: etag.to_owned(), md5: hex::encode(md5), bytes })
    }

    /// Uploads a picture with the headers that its URL was signed for.
    ///
    /// # Errors
    /// It was not taken.
    pub async fn put_poster(
        &self,
        store: &Store,
        url: &str,
        headers: &[(String, String)],
        body: Bytes,
    ) -> Result<(), PartError> {
        let signed = headers.iter().map(|(name, value)| Some((name.parse().ok()?, value.parse().ok()?)));
        let signed = signed.collect::<Option<Vec<_>>>().ok_or(PartError::NoUrl)?;
        let md5 = Md5::digest(&body);
        self.send(store, url, Put { headers: signed, body, time_limit: POSTER_TIME }, &md5).await.map(drop)
    }

    async fn send(&self, store: &Store, url: &str, put: Put, md5: &[u8]) -> Result<Answer, PartError> {
        let Put { mut headers, body, time_limit } = put;
        let checksum = HeaderValue::try_from(BASE64_STANDARD.encode(md5)).map_err(|_| PartError::NoUrl)?;
        // With it the store refuses what was damaged on its way; buckets with Object Lock take nothing without it.
        headers.push((HeaderName::from_static("content-md5"), checksum));
        let url = url.parse().map_err(|_| PartError::NoUrl)?;
        let trusted = if store.trusted { Trusted::of(&url) } else { None };
        let request = Request {
            headers,
            body: body.into(),
            trusted,
            authority: store.authority.clone(),
            time_limit,
            ..Request::new(Method::PUT, url)
        };
        let answer = self.0.send(request).await?;
        if !answer.is_success() {
            return Err(PartError::Refused { status: answer.status, code: error_code(&answer) });
        }
        Ok(answer)
    }
}

/// The code in an S3 error document; empty when there is none.
pub(super) fn error_code(answer: &Answer) -> String {
    let text = answer.text();
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map(|(code, _)| code);
    let is_code = |code: &&str| code.len() <= CODE_BYTES && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    code.filter(is_code).unwrap_or_default().to_owned()
}
