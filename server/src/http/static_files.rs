//! Files: the console's bundle, the browser SDK, the demo page's assets.

use axum::{Router, routing::get_service};
use http::{HeaderName, HeaderValue, header};
use std::path::Path;
use tower::ServiceBuilder;
use tower_http::{
    services::{ServeDir, ServeFile},
    set_header::SetResponseHeaderLayer,
};

/// Browsers ask each time whether their copy is current; the answer is mostly 304.
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");
/// The SDK is loaded by customers' pages.
const FIVE_MINUTES: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// `/pkg`, `/sdk`, `/demo-assets` and the icon.
pub fn routes<S: Clone + Send + Sync + 'static>(site_root: &Path, public_dir: &Path) -> Router<S> {
    let bundle = site_root.join("pkg");
    let precompressed = ServeDir::new(&bundle).precompressed_br().precompressed_gzip();
    let sdk = ServiceBuilder::new()
        .layer(cached(FIVE_MINUTES))
        .layer(header_layer(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .layer(header_layer(HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"))
        .service(ServeDir::new(public_dir.join("sdk")));
    let demo = ServiceBuilder::new().layer(cached(REVALIDATE)).service(ServeDir::new(public_dir.join("demo")));
    let icon = get_service(ServeFile::new(bundle.join("icon.svg")));
    Router::new()
        .nest_service("/pkg", ServiceBuilder::new().layer(cached(REVALIDATE)).service(precompressed))
        .nest_service("/sdk", sdk)
        .nest_service("/demo-assets", demo)
        .route("/favicon.ico", icon)
}

fn cached(value: HeaderValue) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, value)
}

fn header_layer(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}
