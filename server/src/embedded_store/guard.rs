//! What a signed request may do in the embedded store.
//!
//! The file store behind it maps keys to paths: unguarded it would follow `..` out of the bucket, copy from any
//! other directory, make buckets by writing to them and accept a signature of any region. So: one bucket, a fixed
//! list of operations, keys of plain path segments, one region.

use super::{BUCKET, REGION};
use s3s::{
    S3Result,
    access::{S3Access, S3AccessContext},
    path::S3Path,
    s3_error,
};

/// Operations Mixdown needs. Copies and multi-object deletes name keys outside the path and are left out.
const OPERATIONS: &[&str] = &[
    "AbortMultipartUpload",
    "CompleteMultipartUpload",
    "CreateMultipartUpload",
    "DeleteObject",
    "GetBucketLocation",
    "GetObject",
    "HeadBucket",
    "HeadObject",
    "ListObjectsV2",
    "ListParts",
    "PutObject",
    "UploadPart",
];
/// S3's own limit.
const MAX_KEY_BYTES: usize = 1024;
/// Longest file name of the usual file systems.
const MAX_SEGMENT_BYTES: usize = 200;

/// The access check of the embedded store.
#[derive(Debug)]
pub(super) struct Guard;

#[async_trait::async_trait]
impl S3Access for Guard {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        if context.credentials().is_none() {
            return Err(s3_error!(AccessDenied, "Signed requests only"));
        }
        if signed_region(context).is_none_or(|region| region != REGION) {
            return Err(s3_error!(AuthorizationHeaderMalformed, "The region is wrong; expecting '{REGION}'"));
        }
        if !OPERATIONS.contains(&context.s3_op().name()) {
            return Err(s3_error!(AccessDenied, "This store does not do that"));
        }
        match context.s3_path() {
            S3Path::Root => Err(s3_error!(AccessDenied)),
            S3Path::Bucket { bucket } => check_bucket(bucket),
            S3Path::Object { bucket, key } => {
                check_bucket(bucket)?;
                if is_plain_key(key) { Ok(()) } else { Err(s3_error!(InvalidArgument, "Keys are plain path segments")) }
            }
        }
    }
}

fn check_bucket(bucket: &str) -> S3Result<()> {
    if bucket == BUCKET { Ok(()) } else { Err(s3_error!(NoSuchBucket)) }
}

fn is_plain_key(key: &str) -> bool {
    key.len() <= MAX_KEY_BYTES
        && key.split('/').all(|segment| {
            !matches!(segment, "" | "." | "..")
                && segment.len() <= MAX_SEGMENT_BYTES
                && !segment.contains(|c: char| c == '\\' || c.is_control())
        })
}

/// The region in the credential scope (`key/date/region/s3/aws4_request`) of a header or a presigned URL.
fn signed_region<'a>(context: &'a S3AccessContext<'_>) -> Option<&'a str> {
    let header = context.headers().get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    match header {
        Some(header) => header.split_once("Credential=")?.1.split(',').next()?.split('/').nth(2),
        None => {
            let query = context.uri().query()?;
            let scope = query.split('&').find_map(|pair| pair.strip_prefix("X-Amz-Credential="))?;
            // The slashes may be percent-encoded; nothing else in a scope can be.
            match scope.split('/').nth(2) {
                Some(region) => Some(region),
                None => scope.split("%2F").flat_map(|part| part.split("%2f")).nth(2),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_plain_key;

    #[test]
    fn keys_stay_inside_the_bucket() {
        for key in ["app_1/room/2026-11-21/rec_1.mp4", "a", "räume/ä.mp4", "..a/b.."] {
            assert!(is_plain_key(key), "{key}");
        }
        for key in
            ["", "..", "../x", "a/../../x", "a//b", "/a", "a/", "./a", "a/./b", "a\\..\\b", "a\0b", &"x".repeat(201)]
        {
            assert!(!is_plain_key(key), "{key:?}");
        }
    }
}
