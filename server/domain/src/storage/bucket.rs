//! Requests to one bucket. Every request is a presigned URL sent through the guarded client.

use crate::{
    error::{Error, Result},
    services::Services,
    store::StorageRow,
};
use outbound::{
    Answer, Method, OutboundError, Request, Trusted,
    header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderValue},
};
use rusty_s3::{
    Bucket as Address, Credentials, S3Action, UrlStyle,
    actions::{CompleteMultipartUploadResponse, CreateMultipartUpload},
};
use secrecy::ExposeSecret;
use std::time::Duration;
use url::Url;

/// Validity of URLs that we use ourselves at once.
const OWN_REQUEST: Duration = Duration::from_secs(60);
const PART_REQUEST: Duration = Duration::from_secs(3600);
const VIDEO: HeaderValue = HeaderValue::from_static("video/mp4");

/// A bucket did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BucketError {
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    #[error("the bucket answered {status} {code}")]
    Refused { status: u16, code: String },
    #[error("the bucket's answer could not be understood")]
    Malformed,
}

impl BucketError {
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }
}

impl From<BucketError> for Error {
    fn from(error: BucketError) -> Self {
        Error::unavailable("storage_unavailable", "The bucket did not do what was asked.").with_source(error)
    }
}

/// What HEAD says about an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObjectHead {
    pub bytes: u64,
    pub etag: String,
}

/// A bucket with the credentials for it.
pub(crate) struct Bucket<'a> {
    services: &'a Services,
    address: Address,
    credentials: Credentials,
    /// The embedded store belongs to the installation; the guard is for what customers chose.
    trusted: Option<Trusted>,
}

impl<'a> Bucket<'a> {
    /// The bucket of a storage. Storages on the embedded store use its present endpoint and keys.
    pub(crate) fn of(services: &'a Services, storage: &StorageRow) -> Result<Self> {
        Self::embedded(services, &storage.bucket)
    }

    /// A bucket on the embedded store.
    pub(crate) fn embedded(services: &'a Services, name: &str) -> Result<Self> {
        let store = services.settings().embedded_store.as_ref().ok_or_else(|| {
            Error::unavailable("storage_unavailable", "The embedded store is switched off on this installation.")
        })?;
        let address = Address::new(store.endpoint.clone(), UrlStyle::Path, name.to_owned(), store.region.clone());
        Ok(Self {
            services,
            address: address
                .map_err(|_| Error::invalid("endpoint_invalid", "The endpoint of the storage is not usable."))?,
            credentials: Credentials::new(store.access_key.clone(), store.secret.expose_secret()),
            trusted: Trusted::of(&store.endpoint),
        })
    }

    pub(super) async fn head_bucket(&self) -> Result<(), BucketError> {
        let url = self.address.head_bucket(Some(&self.credentials)).sign(OWN_REQUEST);
        self.send(Method::HEAD, url, None, Vec::new()).await.map(drop)
    }

    pub(super) async fn create_bucket(&self) -> Result<(), BucketError> {
        let url = self.address.create_bucket(&self.credentials).sign(OWN_REQUEST);
        self.send(Method::PUT, url, None, Vec::new()).await.map(drop)
    }

    pub(super) async fn put(&self, key: &str, body: Vec<u8>) -> Result<(), BucketError> {
        let url = self.address.put_object(Some(&self.credentials), key).sign(OWN_REQUEST);
        self.send(Method::PUT, url, None, body).await.map(drop)
    }

    pub(crate) async fn head(&self, key: &str) -> Result<ObjectHead, BucketError> {
        let url = self.address.head_object(Some(&self.credentials), key).sign(OWN_REQUEST);
        let answer = self.send(Method::HEAD, url, None, Vec::new()).await?;
        let header = |name| answer.headers.get(name).and_then(|value| value.to_str().ok());
        let bytes = header(CONTENT_LENGTH).and_then(|length| length.parse().ok()).ok_or(BucketError::Malformed)?;
        Ok(ObjectHead { bytes, etag: header(ETAG).unwrap_or_default().to_owned() })
    }

    pub(super) async fn get(&self, key: &str) -> Result<Vec<u8>, BucketError> {
        let url = self.address.get_object(Some(&self.credentials), key).sign(OWN_REQUEST);
        Ok(self.send(Method::GET, url, None, Vec::new()).await?.body)
    }

    pub(crate) async fn delete(&self, key: &str) -> Result<(), BucketError> {
        let url = self.address.delete_object(Some(&self.credentials), key).sign(OWN_REQUEST);
        self.send(Method::DELETE, url, None, Vec::new()).await.map(drop)
    }

    /// Begins a multipart upload of a video; its identifier.
    pub(crate) async fn create_upload(&self, key: &str) -> Result<String, BucketError> {
        let url = self.address.create_multipart_upload(Some(&self.credentials), key).sign(OWN_REQUEST);
        let answer = self.send(Method::POST, url, Some(VIDEO), Vec::new()).await?;
        let created = CreateMultipartUpload::parse_response(&answer.text()).map_err(|_| BucketError::Malformed)?;
        Ok(created.upload_id().to_owned())
    }

    /// Where part `number` is to be PUT within the next hour.
    pub(crate) fn sign_part(&self, key: &str, number: u16, upload: &str) -> Url {
        self.address.upload_part(Some(&self.credentials), key, number, upload).sign(PART_REQUEST)
    }

    pub(super) async fn put_part(&self, key: &str, upload: &str, body: Vec<u8>) -> Result<String, BucketError> {
        let answer = self.send(Method::PUT, self.sign_part(key, 1, upload), None, body).await?;
        let etag = answer.headers.get(ETAG).and_then(|value| value.to_str().ok());
        etag.map(str::to_owned).ok_or(BucketError::Malformed)
    }

    /// Makes the object of the parts 1, 2, 3, … with these etags.
    pub(crate) async fn complete_upload(&self, key: &str, upload: &str, etags: &[&str]) -> Result<(), BucketError> {
        let action =
            self.address.complete_multipart_upload(Some(&self.credentials), key, upload, etags.iter().copied());
        let url = action.sign(OWN_REQUEST);
        let xml = HeaderValue::from_static("application/xml");
        let answer = self.send(Method::POST, url, Some(xml), action.body().into_bytes()).await?;
        // S3 may answer 200 and put the error into the body.
        CompleteMultipartUploadResponse::parse(&answer.text()).map_err(|_| refused(&answer))?;
        Ok(())
    }

    pub(crate) async fn abort_upload(&self, key: &str, upload: &str) -> Result<(), BucketError> {
        let url = self.address.abort_multipart_upload(Some(&self.credentials), key, upload).sign(OWN_REQUEST);
        self.send(Method::DELETE, url, None, Vec::new()).await.map(drop)
    }

    /// Where a browser fetches a video; with `download_name` it is saved under that name instead of played.
    pub(crate) fn sign_get(&self, key: &str, validity: Duration, download_name: Option<&str>) -> Url {
        let mut action = self.address.get_object(Some(&self.credentials), key);
        action.query_mut().insert("response-content-type", "video/mp4");
        if let Some(name) = download_name {
            let disposition = format!("attachment; filename=\"{name}\"");
            action.query_mut().insert("response-content-disposition", disposition);
        }
        action.sign(validity)
    }

    /// Where a program asks what GET would answer; a signature holds for one method.
    pub(crate) fn sign_head(&self, key: &str, validity: Duration) -> Url {
        self.address.head_object(Some(&self.credentials), key).sign(validity)
    }

    async fn send(
        &self,
        method: Method,
        url: Url,
        content_type: Option<HeaderValue>,
        body: Vec<u8>,
    ) -> Result<Answer, BucketError> {
        let headers = content_type.into_iter().map(|value| (CONTENT_TYPE, value)).collect();
        let trusted = self.trusted.clone();
        let request = Request { headers, body: body.into(), trusted, ..Request::new(method, url) };
        let answer = self.services.outbound().send(request).await?;
        if answer.is_success() { Ok(answer) } else { Err(refused(&answer)) }
    }
}

/// Reads the code out of an S3 error document; HEAD answers have none.
fn refused(answer: &Answer) -> BucketError {
    let text = answer.text();
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map(|(code, _)| code);
    let code = code.filter(|code| code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    BucketError::Refused { status: answer.status, code: code.unwrap_or_default().to_owned() }
}
