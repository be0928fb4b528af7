//! Which address leads where, and what every request passes through on its way.

use super::{
    Pace, TrustedProxies, body, client_address, csrf, demo, health, join, links, problem, request_id, security_headers,
    skylink, static_files, unsubscribe,
};
use crate::{
    api::{self, Quotas},
    console,
    lifecycle::Lifecycle,
    node_link, streamrec, temasys,
};
use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state},
    routing::{get, options},
};
use domain::{Services, random::Random};
use std::{path::Path, sync::Arc};
use tower::ServiceBuilder;
use tower_http::{compression::CompressionLayer, limit::RequestBodyLimitLayer};

/// What handlers need.
#[derive(Clone)]
pub struct Web {
    pub services: Services,
    pub random: Random,
    /// Origin of the console's public URL.
    pub public_origin: Arc<str>,
    pub links: node_link::Links,
    /// Of requests that follow download links.
    pub link_pace: Arc<Pace>,
    /// Of requests for join tokens.
    pub join_pace: Arc<Pace>,
    pub trusted_proxies: TrustedProxies,
    /// Of requests to the REST API.
    pub quotas: Arc<Quotas>,
    /// Work that goes on when its request is gone.
    pub lifecycle: Lifecycle,
}

/// The whole control plane as one router.
pub fn router(web: &Web, site_root: &Path, public_dir: &Path) -> Router {
    let https = security_headers::Https(web.public_origin.starts_with("https:"));
    let own_origin = Arc::clone(&web.public_origin);
    let random = web.random.clone();
    // The outermost comes first.
    let passage = ServiceBuilder::new()
        .layer(from_fn_with_state(random, request_id::assign))
        .layer(from_fn_with_state(web.trusted_proxies.clone(), client_address::find))
        .layer(from_fn_with_state(https, security_headers::add))
        .layer(CompressionLayer::new())
        .layer(from_fn(problem::render))
        .layer(from_fn(body::time_limit))
        .layer(from_fn_with_state(own_origin, csrf::refuse_cross_site))
        .layer(from_fn(body::announced_size))
        .layer(RequestBodyLimitLayer::new(body::MAX_BYTES));
    Router::new()
        .route("/api/v1/join", options(join::preflight).post(join::join))
        .route("/demo/{application}", get(demo::page))
        .route("/r/{token}", get(links::follow).options(links::preflight))
        .route("/r/{token}/poster.jpg", get(links::poster).options(links::preflight))
        .route("/unsubscribe/{token}", get(unsubscribe::show).post(unsubscribe::end))
        .route("/node/link", get(node_link::open))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .merge(api::routes(web))
        .merge(temasys::routes(web))
        .merge(skylink::routes())
        .merge(streamrec::routes())
        .with_state(web.clone())
        .merge(static_files::routes(site_root, public_dir))
        .merge(console::router(&web.services, site_root))
        .layer(passage)
}

#[cfg(test)]
mod tests;
