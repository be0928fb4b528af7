//! `/healthz`: the process runs. `/readyz`: it can take calls.

use crate::control::LinkStatus;
use axum::{Json, Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use serde::Serialize;
use tokio::sync::watch;

#[derive(Debug, Serialize)]
struct Readiness {
    ready: bool,
    missing: Vec<&'static str>,
}

/// Routes of the health checks.
pub fn router(link: watch::Receiver<LinkStatus>) -> Router {
    Router::new().route("/healthz", get(|| async { "ok" })).route("/readyz", get(ready)).with_state(link)
}

async fn ready(State(link): State<watch::Receiver<LinkStatus>>) -> impl IntoResponse {
    let missing = if *link.borrow() == LinkStatus::Up { vec![] } else { vec!["control_plane_link"] };
    let ready = missing.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, missing }))
}
