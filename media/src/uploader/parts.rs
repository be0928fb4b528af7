//! Puts one part to a signed URL.

use bytes::Bytes;
use md5::{Digest as _, Md5};
use protocol::recording::UploadedPart;
use reqwest::{
    Client, StatusCode,
    header::{CONTENT_LENGTH, ETAG},
    redirect::Policy,
};
use std::time::Duration;

const CONNECT_TIME: Duration = Duration::from_secs(10);
/// Longest time for one part: 5 MiB over 100 kbit/s.
const PART_TIME: Duration = Duration::from_secs(420);

/// Why a part was not taken.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// The URL is a secret, so it is left out.
    #[error("the bucket could not be reached: {0}")]
    Unreachable(reqwest::Error),
    #[error("the bucket answered {0}")]
    Refused(StatusCode),
    #[error("the bucket answered without an ETag")]
    NoTag,
}

/// Client for signed URLs.
#[derive(Debug, Clone)]
pub struct PartClient(Client);

impl PartClient {
    /// # Errors
    /// The TLS configuration of the system is unusable.
    pub fn new() -> Result<Self, reqwest::Error> {
        let client =
            Client::builder().redirect(Policy::none()).connect_timeout(CONNECT_TIME).timeout(PART_TIME).no_proxy();
        client.build().map(Self)
    }

    /// Uploads one part.
    ///
    /// # Errors
    /// It was not taken; it may be tried again.
    pub async fn put(&self, url: &str, number: u16, bytes: Bytes) -> Result<UploadedPart, PartError> {
        let length = bytes.len() as u64;
        let md5 = hex::encode(Md5::digest(&bytes));
        let request = self.0.put(url).header(CONTENT_LENGTH, length).body(bytes);
        let response = request.send().await.map_err(|error| PartError::Unreachable(error.without_url()))?;
        if !response.status().is_success() {
            return Err(PartError::Refused(response.status()));
        }
        let etag = response.headers().get(ETAG).and_then(|etag| etag.to_str().ok()).ok_or(PartError::NoTag)?;
        Ok(UploadedPart { number, etag: etag.to_owned(), md5, bytes: length })
    }
}
