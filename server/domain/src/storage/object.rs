//! What objects are made with.

use super::settings::{Encryption, Options};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use md5::{Digest as _, Md5};
use outbound::header::{CONTENT_TYPE, HeaderName};
use url::form_urlencoded;

/// What an object is, as browsers are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MediaType {
    Video,
    Picture,
}

impl MediaType {
    /// As in the header `content-type`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Video => "video/mp4",
            Self::Picture => "image/jpeg",
        }
    }
}

/// Headers of a request that makes an object: what the storage says of it, and what it is.
pub(super) fn headers(
    options: &Options,
    media_type: Option<MediaType>,
    metadata: &[(&str, &str)],
) -> Vec<(HeaderName, String)> {
    let mut headers = Vec::new();
    let fixed = HeaderName::from_static;
    match &options.encryption {
        Encryption::BucketDefault => {}
        Encryption::S3 => headers.push((fixed("x-amz-server-side-encryption"), "AES256".to_owned())),
        Encryption::Kms { key_id } => {
            headers.push((fixed("x-amz-server-side-encryption"), "aws:kms".to_owned()));
            headers.push((fixed("x-amz-server-side-encryption-aws-kms-key-id"), key_id.clone()));
        }
    }
    let class = options.storage_class.iter().map(|class| (fixed("x-amz-storage-class"), class.clone()));
    headers.extend(class);
    if !options.tags.is_empty() {
        let tags = form_urlencoded::Serializer::new(String::new()).extend_pairs(&options.tags).finish();
        headers.push((fixed("x-amz-tagging"), tags));
    }
    let own = metadata.iter().map(|(name, value)| (format!("mixdown-{name}"), (*value).to_owned()));
    for (name, value) in options.metadata.iter().cloned().chain(own) {
        headers.extend(HeaderName::try_from(format!("x-amz-meta-{name}")).map(|name| (name, value)));
    }
    headers.extend(media_type.map(|media_type| (CONTENT_TYPE, media_type.as_str().to_owned())));
    headers
}

/// With it the store refuses what was damaged on its way; buckets with Object Lock take nothing without it.
pub(super) fn content_md5(body: &[u8]) -> (HeaderName, String) {
    (HeaderName::from_static("content-md5"), BASE64_STANDARD.encode(Md5::digest(body)))
}
