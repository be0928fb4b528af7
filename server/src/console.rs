//! Mounts the console: pages rendered on the server, server functions, sessions.

use crate::{
    http::{ClientAddress, Problem, security_headers},
    sessions::{self, Sessions},
};
use app::server::SESSION_USER;
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
};
use domain::Services;
use http::{HeaderValue, Method, StatusCode, header, request::Parts};
use leptos::{
    config::{Env, LeptosOptions},
    nonce::use_nonce,
    prelude::use_context,
};
use leptos_axum::{LeptosRoutes as _, ResponseOptions, generate_route_list, render_app_async_with_context};
use protocol::ids::UserId;
use std::{path::Path, sync::Arc};
use tower_sessions::Session;

/// Origins that recordings of the signed-in person's org play from.
#[derive(Debug, Clone)]
struct StorageOrigins(Arc<[String]>);

/// Pages, server functions, and the console's own "not found" for every other address.
pub fn router(services: &Services, site_root: &Path) -> Router {
    let options = LeptosOptions::builder()
        .output_name("console")
        .site_root(site_root.to_string_lossy())
        .site_pkg_dir("pkg")
        .env(Env::PROD)
        .build();
    let provide = {
        let services = services.clone();
        move || provide_context(&services)
    };
    let shell = {
        let options = options.clone();
        move || app::shell(options.clone())
    };
    let not_found = {
        let render = render_app_async_with_context(provide.clone(), shell.clone());
        move |request: Request| not_found(request, render.clone())
    };
    Router::new()
        .leptos_routes_with_context(&options, generate_route_list(app::App), provide, shell)
        .fallback(not_found)
        .with_state(options)
        .layer(from_fn_with_state(services.clone(), find_storage_origins))
        .layer(sessions::layer(Sessions::new(services.clone())))
}

/// Runs for each page and each server function, inside the reactive owner of the request.
fn provide_context(services: &Services) {
    let Some(parts) = use_context::<Parts>() else { return };
    if let (Some(session), Some(ClientAddress(address))) =
        (parts.extensions.get::<Session>(), parts.extensions.get::<ClientAddress>())
    {
        app::server::Request { services: services.clone(), session: session.clone(), address: *address }.provide();
    }
    if let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>()) {
        let origins = parts.extensions.get::<StorageOrigins>().map_or(&[][..], |origins| &origins.0);
        let policy = security_headers::console_policy(&nonce, origins);
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
        }
    }
}

/// Looks up before a page is rendered what its policy must name. Without an answer the page works, and plays nothing.
async fn find_storage_origins(State(services): State<Services>, mut request: Request, next: Next) -> Response {
    let session = request.extensions().get::<Session>().cloned();
    if let (&Method::GET, Some(session)) = (request.method(), session)
        && let Ok(Some(user)) = session.get::<UserId>(SESSION_USER).await
        && let Ok(access) = domain::accounts::access(&services, user).await
    {
        match domain::storage::origins(&services, &access).await {
            Ok(origins) => {
                request.extensions_mut().insert(StorageOrigins(origins.into()));
            }
            Err(error) => tracing::warn!(?error, "the storage's origins are not known"),
        }
    }
    next.run(request).await
}

async fn not_found<F>(request: Request<Body>, render: impl FnOnce(Request<Body>) -> F) -> Response
where
    F: Future<Output = Response<Body>>,
{
    let is_page = matches!(*request.method(), Method::GET | Method::HEAD) && !request.uri().path().starts_with("/api/");
    if !is_page {
        return Problem::not_found().into_response();
    }
    let mut response = render(request).await;
    if response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response
}
