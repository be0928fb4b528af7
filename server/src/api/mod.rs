//! The REST API under `/api/v1`, for programs with an API key. It calls the same functions of `domain` as the console.
//!
//! Each resource has a file with its routes, bodies and answers; [`document`] describes them all, made from the code.

mod applications;
mod audit;
mod authentication;
mod document;
mod fields;
mod page;
mod recordings;
mod request;
mod storage_views;
mod storages;
mod validations;

pub use document::document;

use crate::http::Web;
use axum::{Router, middleware::from_fn_with_state, routing::get};
use std::sync::Arc;
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

const BASE: &str = "/api/v1";

/// All routes, and their description at `/api/openapi.json`.
pub fn routes(web: &Web) -> Router<Web> {
    let (routes, _) = described().split_for_parts();
    let document: Arc<str> = document::document().into();
    routes
        .route_layer(from_fn_with_state(web.clone(), authentication::authenticate))
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
        .routes(routes!(recordings::list))
        .routes(routes!(recordings::get, recordings::delete))
        .routes(routes!(recordings::stop))
        .routes(routes!(recordings::link))
        .routes(routes!(recordings::hold, recordings::release))
        .routes(routes!(audit::list));
    OpenApiRouter::with_openapi(document::frame()).nest(BASE, resources)
}

fn openapi() -> OpenApi {
    described().into_openapi()
}
