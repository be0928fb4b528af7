//! Requests to one bucket. Every request is a presigned URL sent through the guarded client.

use super::{
    bucket_error::{BucketError, refusal},
    credentials::{self, Keys, Scope},
    object::{self, MediaType},
    settings::{Options, StorageKind, Target},
};
use crate::{services::Services, store::StorageRow};
use outbound::{
    Answer, CaCertificate, Method, Request, Trusted,
    header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue, ORIGIN},
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
/// Above this many bytes a request takes as long as the uplink makes it.
const LARGE_BODY: usize = 1024 * 1024;
const LARGE_REQUEST: Duration = Duration::from_secs(100);
const PART_REQUEST: Duration = Duration::from_secs(3600);
const EXPECTED_OWNER: &str = "x-amz-expected-bucket-owner";
const XML: &str = "application/xml";

/// What HEAD says about an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObjectHead {
    pub bytes: u64,
    pub etag: String,
    /// `x-amz-server-side-encryption`.
    pub encryption: Option<String>,
}

/// What the answer to a PUT says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stored {
    /// The bucket keeps versions, and this is one.
    pub is_version: bool,
}

/// A bucket with the credentials for it.
pub(crate) struct Bucket<'a> {
    services: &'a Services,
    address: Address,
    credentials: Credentials,
    options: Options,
    authority: Option<CaCertificate>,
    /// Stores of the installation; the guard is for what customers chose.
    trusted: Option<Trusted>,
}

impl<'a> Bucket<'a> {
    /// Finds the address and the credentials; makes no request to the bucket itself.
    pub(crate) async fn open(
        services: &'a Services,
        storage: &StorageRow,
        scope: Scope<'_>,
    ) -> Result<Self, BucketError> {
        let keys = credentials::resolve(services, storage, scope).await?;
        let (kind, options) = (storage.kind(), storage.options().clone());
        Self::with(services, kind, storage.target(), options, &keys)
    }

    /// A bucket on the embedded store that need not belong to an org yet.
    pub(crate) fn embedded(services: &'a Services, target: &Target) -> Result<Self, BucketError> {
        let keys = credentials::embedded(services)?;
        Self::with(services, StorageKind::Embedded, target, Options::default(), &keys)
    }

    fn with(
        services: &'a Services,
        kind: StorageKind,
        target: &Target,
        options: Options,
        keys: &Keys,
    ) -> Result<Self, BucketError> {
        let address = address(services, kind, target, &options)?;
        let secret = keys.secret.expose_secret();
        let credentials = match &keys.token {
            Some(token) => Credentials::new_with_token(&keys.id, secret, token.expose_secret()),
            None => Credentials::new(&keys.id, secret),
        };
        let ours = match kind {
            StorageKind::Embedded => true,
            StorageKind::AwsKeys | StorageKind::AwsRole => services.settings().aws.s3_endpoint.is_some(),
            StorageKind::S3Compatible => false,
        };
        let trusted = if ours { Trusted::of(address.base_url()) } else { None };
        let pem = options.ca_certificate.as_deref();
        let authority = pem.map(CaCertificate::from_pem).transpose().map_err(|_| BucketError::Address)?;
        Ok(Self { services, address, credentials, options, authority, trusted })
    }

    /// A bucket without credentials, for requests that are not signed.
    pub(super) fn unsigned(
        services: &'a Services,
        kind: StorageKind,
        target: &Target,
        options: Options,
    ) -> Result<Self, BucketError> {
        let nobody = Keys { id: String::new(), secret: String::new().into(), token: None };
        Self::with(services, kind, target, options, &nobody)
    }

    /// The same bucket with other options.
    pub(super) fn with_options(&self, change: impl FnOnce(&mut Options)) -> Self {
        let mut options = self.options.clone();
        change(&mut options);
        Self {
            services: self.services,
            address: self.address.clone(),
            credentials: self.credentials.clone(),
            options,
            authority: self.authority.clone(),
            trusted: self.trusted.clone(),
        }
    }

    /// Whether the bucket is on a store of the installation.
    pub(crate) fn is_trusted(&self) -> bool {
        self.trusted.is_some()
    }

    /// The customer's certificate authority, as PEM.
    pub(crate) fn ca_certificate(&self) -> Option<&str> {
        self.options.ca_certificate.as_deref()
    }

    pub(super) async fn create_bucket(&self) -> Result<(), BucketError> {
        let action = self.address.create_bucket(&self.credentials);
        self.act(Method::PUT, action, Vec::new(), Vec::new()).await.map(drop)
    }

    /// Writes an object as recordings are written: encrypted, tagged and classed alike.
    pub(super) async fn put(&self, key: &str, body: Vec<u8>) -> Result<Stored, BucketError> {
        let action = self.address.put_object(Some(&self.credentials), key);
        let mut headers = object::headers(&self.options, None, &[]);
        headers.push(object::content_md5(&body));
        let answer = self.act(Method::PUT, action, headers, body).await?;
        let version = text(&answer.headers, &HeaderName::from_static("x-amz-version-id"));
        Ok(Stored { is_version: version.is_some_and(|version| version != "null") })
    }

    pub(crate) async fn head(&self, key: &str) -> Result<ObjectHead, BucketError> {
        let action = self.address.head_object(Some(&self.credentials), key);
        let answer = self.act(Method::HEAD, action, Vec::new(), Vec::new()).await?;
        let header = |name: &HeaderName| text(&answer.headers, name);
        Ok(ObjectHead {
            bytes: header(&CONTENT_LENGTH).and_then(|length| length.parse().ok()).ok_or(BucketError::Malformed)?,
            etag: header(&ETAG).unwrap_or_default().to_owned(),
            encryption: header(&HeaderName::from_static("x-amz-server-side-encryption")).map(str::to_owned),
        })
    }

    /// The first 64 kB of an object. Of a key that does not exist it is the request that says most: unlike HEAD, a
    /// refused GET names its reason.
    pub(super) async fn get(&self, key: &str) -> Result<Vec<u8>, BucketError> {
        let action = self.address.get_object(Some(&self.credentials), key);
        Ok(self.act(Method::GET, action, Vec::new(), Vec::new()).await?.body)
    }

    /// The same without any signature, as anyone on the internet would ask.
    pub(super) async fn get_as_nobody(&self, key: &str) -> Result<Answer, BucketError> {
        self.send(Method::GET, self.address.get_object(None, key).sign(OWN_REQUEST), Vec::new(), Vec::new()).await
    }

    /// What the bucket answers a browser that wants to fetch an object for a page of this origin.
    pub(super) async fn preflight(&self, key: &str, origin: &str) -> Result<Answer, BucketError> {
        let origin = HeaderValue::try_from(origin).map_err(|_| BucketError::Address)?;
        let method = HeaderName::from_static("access-control-request-method");
        let headers = vec![(ORIGIN, origin), (method, HeaderValue::from_static("GET"))];
        let url = self.address.get_object(None, key).sign(OWN_REQUEST);
        self.send(Method::OPTIONS, url, headers, Vec::new()).await
    }

    pub(crate) async fn delete(&self, key: &str) -> Result<(), BucketError> {
        let action = self.address.delete_object(Some(&self.credentials), key);
        self.act(Method::DELETE, action, Vec::new(), Vec::new()).await.map(drop)
    }

    /// Begins a multipart upload of a video; its identifier. `metadata` is kept with the object beside the customer's.
    pub(crate) async fn create_upload(&self, key: &str, metadata: &[(&str, &str)]) -> Result<String, BucketError> {
        let action = self.address.create_multipart_upload(Some(&self.credentials), key);
        let headers = object::headers(&self.options, Some(MediaType::Video), metadata);
        let answer = self.act(Method::POST, action, headers, Vec::new()).await?;
        let created = CreateMultipartUpload::parse_response(&answer.text()).map_err(|_| BucketError::Malformed)?;
        Ok(created.upload_id().to_owned())
    }

    /// Where part `number` is to be PUT within the next hour.
    pub(crate) fn sign_part(&self, key: &str, number: u16, upload: &str) -> Url {
        let mut action = self.address.upload_part(Some(&self.credentials), key, number, upload);
        self.name_owner(&mut action);
        action.sign(PART_REQUEST)
    }

    /// Where an object is to be PUT within the next hour, and with which headers.
    pub(crate) fn sign_put(
        &self,
        key: &str,
        media_type: MediaType,
        metadata: &[(&str, &str)],
    ) -> (Url, Vec<(String, String)>) {
        let mut action = self.address.put_object(Some(&self.credentials), key);
        let headers = object::headers(&self.options, Some(media_type), metadata);
        for (name, value) in &headers {
            action.headers_mut().insert(name.as_str().to_owned(), value.clone());
        }
        self.name_owner(&mut action);
        let headers = headers.into_iter().map(|(name, value)| (name.as_str().to_owned(), value)).collect();
        (action.sign(PART_REQUEST), headers)
    }

    pub(super) async fn put_part(
        &self,
        key: &str,
        upload: &str,
        number: u16,
        body: Vec<u8>,
    ) -> Result<String, BucketError> {
        let action = self.address.upload_part(Some(&self.credentials), key, number, upload);
        let answer = self.act(Method::PUT, action, vec![object::content_md5(&body)], body).await?;
        text(&answer.headers, &ETAG).map(str::to_owned).ok_or(BucketError::Malformed)
    }

    /// Makes the object of the parts 1, 2, 3, … with these etags.
    pub(crate) async fn complete_upload(&self, key: &str, upload: &str, etags: &[&str]) -> Result<(), BucketError> {
        let action =
            self.address.complete_multipart_upload(Some(&self.credentials), key, upload, etags.iter().copied());
        let body = action.clone().body().into_bytes();
        let answer = self.act(Method::POST, action, vec![(CONTENT_TYPE, XML.to_owned())], body).await?;
        // S3 may answer 200 and put the error into the body.
        CompleteMultipartUploadResponse::parse(&answer.text()).map_err(|_| BucketError::Refused(refusal(&answer)))?;
        Ok(())
    }

    pub(crate) async fn abort_upload(&self, key: &str, upload: &str) -> Result<(), BucketError> {
        let action = self.address.abort_multipart_upload(Some(&self.credentials), key, upload);
        self.act(Method::DELETE, action, Vec::new(), Vec::new()).await.map(drop)
    }

    /// Where a browser fetches an object; with `download_name` it is saved under that name instead of shown. A role's URL
    /// ends with its session, whatever the validity.
    pub(crate) fn sign_get(
        &self,
        key: &str,
        validity: Duration,
        media_type: MediaType,
        download_name: Option<&str>,
    ) -> Url {
        let mut action = self.address.get_object(Some(&self.credentials), key);
        action.query_mut().insert("response-content-type", media_type.as_str());
        if let Some(name) = download_name {
            let disposition = format!("attachment; filename=\"{name}\"");
            action.query_mut().insert("response-content-disposition", disposition);
        }
        self.name_owner(&mut action);
        action.sign(validity)
    }

    /// Where a program asks what GET would answer; a signature holds for one method.
    pub(crate) fn sign_head(&self, key: &str, validity: Duration) -> Url {
        let mut action = self.address.head_object(Some(&self.credentials), key);
        self.name_owner(&mut action);
        action.sign(validity)
    }

    /// In an address that others use, the expected owner is a parameter, as S3 has it for its own headers.
    fn name_owner<'r>(&self, action: &mut impl S3Action<'r>) {
        if let Some(account) = &self.options.account {
            action.query_mut().insert(EXPECTED_OWNER, account.clone());
        }
    }

    /// Signs a request with these headers, sends it, and takes nothing but success.
    async fn act<'r>(
        &'r self,
        method: Method,
        mut action: impl S3Action<'r>,
        mut headers: Vec<(HeaderName, String)>,
        body: Vec<u8>,
    ) -> Result<Answer, BucketError> {
        let owner = HeaderName::from_static(EXPECTED_OWNER);
        headers.extend(self.options.account.iter().map(|account| (owner.clone(), account.clone())));
        for (name, value) in &headers {
            action.headers_mut().insert(name.as_str().to_owned(), value.clone());
        }
        let url = action.sign(OWN_REQUEST);
        let values = headers.into_iter().map(|(name, value)| Ok((name, HeaderValue::try_from(value)?)));
        let headers = values.collect::<Result<_, InvalidHeaderValue>>();
        self.checked(method, url, headers.map_err(|_| BucketError::Malformed)?, body).await
    }

    async fn checked(
        &self,
        method: Method,
        url: Url,
        headers: Vec<(HeaderName, HeaderValue)>,
        body: Vec<u8>,
    ) -> Result<Answer, BucketError> {
        let answer = self.send(method, url, headers, body).await?;
        if answer.is_success() { Ok(answer) } else { Err(BucketError::Refused(refusal(&answer))) }
    }

    async fn send(
        &self,
        method: Method,
        url: Url,
        headers: Vec<(HeaderName, HeaderValue)>,
        body: Vec<u8>,
    ) -> Result<Answer, BucketError> {
        let (authority, trusted) = (self.authority.clone(), self.trusted.clone());
        let is_large = body.len() > LARGE_BODY;
        let mut request = Request { headers, body: body.into(), authority, trusted, ..Request::new(method, url) };
        if is_large {
            request.time_limit = LARGE_REQUEST;
        }
        Ok(self.services.outbound().send(request).await?)
    }
}

/// The origin that objects are fetched from; empty when it is not known.
pub(super) fn endpoint(services: &Services, storage: &StorageRow) -> String {
    let address = address(services, storage.kind(), storage.target(), storage.options());
    address.map(|address| address.base_url().origin().ascii_serialization()).unwrap_or_default()
}

fn address(services: &Services, kind: StorageKind, target: &Target, options: &Options) -> Result<Address, BucketError> {
    let (endpoint, style) = match (kind, &target.endpoint) {
        (StorageKind::Embedded, _) => (credentials::embedded_store(services)?.endpoint.clone(), UrlStyle::Path),
        (StorageKind::S3Compatible, Some(endpoint)) if options.path_style => (endpoint.clone(), UrlStyle::Path),
        (StorageKind::S3Compatible, Some(endpoint)) => (endpoint.clone(), UrlStyle::VirtualHost),
        (StorageKind::S3Compatible, None) => return Err(BucketError::Address),
        (StorageKind::AwsKeys | StorageKind::AwsRole, _) => aws_endpoint(services, target)?,
    };
    Address::new(endpoint, style, target.bucket.clone(), target.region.clone()).map_err(|_| BucketError::Address)
}

/// Where the buckets of a region are asked for, their names in the path.
pub(super) fn aws_base(services: &Services, region: &str) -> Option<Url> {
    if let Some(endpoint) = &services.settings().aws.s3_endpoint {
        return Some(endpoint.clone());
    }
    format!("https://s3.{region}.{}", super::partition(region).domain).parse().ok()
}

/// The regional endpoint, or the one the operator names instead.
fn aws_endpoint(services: &Services, target: &Target) -> Result<(Url, UrlStyle), BucketError> {
    if let Some(endpoint) = &services.settings().aws.s3_endpoint {
        return Ok((endpoint.clone(), UrlStyle::Path));
    }
    let endpoint = format!("https://s3.{}.{}", target.region, super::partition(&target.region).domain);
    // The certificate covers one label before the endpoint's name.
    let style = if target.bucket.contains('.') { UrlStyle::Path } else { UrlStyle::VirtualHost };
    Ok((endpoint.parse().map_err(|_| BucketError::Address)?, style))
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}
