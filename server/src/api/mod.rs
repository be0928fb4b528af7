//! The REST API under `/api/v1`, for programs with an API key. It calls the same functions of `domain` as the console.
//!
//! Each resource has a file with its routes, bodies and answers; [`document`] describes them all, made from the code.

mod api_keys;
mod app_keys;
mod applications;
mod audit;
mod authentication;
mod deliveries;
mod document;
mod fields;
mod page;
mod quotas;
mod recordings;
mod reference;
mod repetition;
mod request;
mod revision;
mod rooms;
mod storage_views;
mod storages;
mod usage;
mod validations;
mod webhook_endpoints;
mod webhook_events;

pub use document::document;
pub use quotas::Quotas;

use crate::http::Web;
use axum::{Router, middleware::from_fn_with_state, routing::get};
use std::sync::Arc;
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

const BASE: &str = "/api/v1";

/// All routes, and their description at `/api/openapi.json` and, for people, `/api/docs`.
pub fn routes(web: &Web) -> Router<Web> {
    let (routes, _) = described().split_for_parts();
    let document: Arc<str> = document::document().into();
    let page = reference::page(&document);
    routes
        // The last comes first.
        .route_layer(from_fn_with_state(web.clone(), repetition::answer_once))
        .route_layer(from_fn_with_state(web.clone(), quotas::count))
        .route_layer(from_fn_with_state(web.clone(), authentication::authenticate))
        .route("/api/docs", get(move || reference::serve(Arc::clone(&page))))
        .route("/api/openapi.json", get(move || document::serve(Arc::clone(&document))))
}

/// Every operation is listed here once, for the router and for the description.
fn described() -> OpenApiRouter<Web> {
    let resources = OpenApiRouter::new()
        .routes(routes!(storages::list, storages::create))
        .routes(routes!(storages::get, storages::change, storages::remove))
        .routes(routes!(validations::list, validations::start))
        .routes(routes!(validations::get))
        .routes(routes!(applications::list, applications::create))
        .routes(routes!(applications::get, applications::change))
        .routes(routes!(app_keys::list, app_keys::create))
        .routes(routes!(app_keys::change, app_keys::revoke))
        .routes(routes!(rooms::list))
        .routes(routes!(rooms::get, rooms::end))
        .routes(routes!(rooms::remove_peer))
        .routes(routes!(rooms::record))
        .routes(routes!(recordings::list))
        .routes(routes!(recordings::get, recordings::delete))
        .routes(routes!(recordings::stop))
        .routes(routes!(recordings::link))
        .routes(routes!(recordings::hold, recordings::release))
        .routes(routes!(webhook_endpoints::list, webhook_endpoints::create))
        .routes(routes!(webhook_endpoints::get, webhook_endpoints::change, webhook_endpoints::remove))
        .routes(routes!(webhook_endpoints::rotate_secret))
        .routes(routes!(webhook_endpoints::test))
        .routes(routes!(deliveries::replay_failed))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::get))
        .routes(routes!(deliveries::replay))
        .routes(routes!(usage::get))
        .routes(routes!(api_keys::list, api_keys::create))
        .routes(routes!(api_keys::get, api_keys::revoke))
        .routes(routes!(audit::list));
    OpenApiRouter::with_openapi(document::frame()).nest(BASE, resources)
}

fn openapi() -> OpenApi {
    described().into_openapi()
}
