//! The object store of an installation without one: S3 on a listener of its own, files in the data directory.
//!
//! To the rest of Mixdown it is an ordinary S3-compatible storage. It answers presigned URLs and signed requests
//! of one key pair that was drawn at the first start; [`guard`] narrows what they may do.

mod credentials;
mod guard;

use crate::{config::ControlPlaneOptions, key_files, start_error::StartError};
use axum::{Router, body::Body, extract::State, response::IntoResponse};
use domain::{random::Random, settings::EmbeddedStore};
use http::{HeaderName, Method, Request, StatusCode, header};
use s3s::{
    auth::SimpleAuth,
    service::{S3Service, S3ServiceBuilder},
};
use s3s_fs::FileSystem;
use secrecy::ExposeSecret as _;
use std::{fs, io, net::SocketAddr, path::Path, time::Duration};
use tower_http::cors::{Any, CorsLayer};
use url::Url;

/// The only bucket.
pub const BUCKET: &str = "recordings";
/// The region signatures must name.
pub const REGION: &str = "us-east-1";
/// How long browsers may remember the answer to a preflight.
const PREFLIGHT_AGE: Duration = Duration::from_secs(3600);

/// Refuses an address other machines could reach unless the operator said how.
///
/// # Errors
/// When the store would be exposed.
pub fn check_exposure(options: &ControlPlaneOptions) -> Result<(), StartError> {
    if options.store_listen.ip().is_loopback() || options.store_url.is_some() {
        Ok(())
    } else {
        Err(StartError::StoreNotLoopback(options.store_listen))
    }
}

/// Prepares the directory and the credentials of the store that will listen on `address`.
///
/// # Errors
/// When its files cannot be made or read.
pub fn open(
    data_dir: &Path,
    address: SocketAddr,
    url: Option<&Url>,
    random: &Random,
) -> Result<(EmbeddedStore, Router), StartError> {
    let root = data_dir.join("store");
    key_files::prepare_directory(&root.join(BUCKET), "store directory", "--data-dir")?;
    let pair = credentials::read_or_create(&data_dir.join("keys/store.json"), random)?;
    let endpoint = match url {
        Some(url) => url.clone(),
        None => Url::parse(&format!("http://{address}"))
            .map_err(|_| StartError::Url(address.to_string(), "the embedded store's endpoint"))?,
    };
    let router = router(&root, &pair)?;
    let store = EmbeddedStore {
        endpoint,
        region: REGION.to_owned(),
        bucket: BUCKET.to_owned(),
        access_key: pair.access_key,
        secret: pair.secret,
    };
    Ok((store, router))
}

fn router(root: &Path, pair: &credentials::KeyPair) -> Result<Router, StartError> {
    let fail =
        |source| StartError::Directory { what: "store directory", path: root.to_owned(), option: "--data-dir", source };
    fs::metadata(root).map_err(fail)?;
    let files = FileSystem::new(root).map_err(|error| fail(io::Error::other(format!("{error:?}"))))?;
    let mut builder = S3ServiceBuilder::new(files);
    builder.set_auth(SimpleAuth::from_single(pair.access_key.clone(), pair.secret.expose_secret().to_owned()));
    builder.set_access(guard::Guard);
    Ok(Router::new().fallback(answer).with_state(builder.build()).layer(cors()))
}

/// Pages play recordings from presigned URLs, seeking by Range. The URL is the permission, so any origin may use it.
fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD])
        .allow_headers([header::RANGE])
        .expose_headers([
            header::ACCEPT_RANGES,
            header::CONTENT_LENGTH,
            header::CONTENT_RANGE,
            header::ETAG,
            HeaderName::from_static("x-amz-request-id"),
        ])
        .max_age(PREFLIGHT_AGE)
}

async fn answer(State(service): State<S3Service>, request: Request<Body>) -> axum::response::Response {
    let request = request.map(s3s::Body::http_body_unsync);
    match service.call(request).await {
        Ok(response) => response.map(Body::new),
        Err(error) => {
            tracing::error!(?error, "the embedded store could not answer");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
