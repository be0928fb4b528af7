//! In which region a bucket of AWS is, when nobody says.

use super::bucket::aws_base;
use crate::services::Services;
use outbound::{Method, Request, Trusted, header::HeaderName};
use std::time::Duration;

/// Where AWS looks for a bucket whose region is not known.
const FIRST_REGION: &str = "us-east-1";
const BUCKET_REGION: HeaderName = HeaderName::from_static("x-amz-bucket-region");
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// The region that AWS names of a bucket, which it does also to those who may not look into it. Otherwise the first
/// region, whose validation then says what is wrong.
pub(crate) async fn region_of(services: &Services, bucket: &str) -> String {
    asked(services, bucket).await.unwrap_or_else(|| FIRST_REGION.to_owned())
}

async fn asked(services: &Services, bucket: &str) -> Option<String> {
    let mut url = aws_base(services, FIRST_REGION)?;
    url.path_segments_mut().ok()?.pop_if_empty().push(bucket);
    let trusted = services.settings().aws.s3_endpoint.as_ref().and_then(Trusted::of);
    let request = Request { time_limit: TIME_LIMIT, trusted, ..Request::new(Method::HEAD, url) };
    let answer = services.outbound().send(request).await.ok()?;
    let region = answer.headers.get(BUCKET_REGION)?.to_str().ok()?;
    let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (region.len() <= 64 && region.chars().all(known)).then(|| region.to_owned())
}
