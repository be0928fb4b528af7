//! Whether the process lives, and whether it can do its work.

use super::Web;
use axum::{Json, extract::State, response::IntoResponse};
use domain::mail::{self, Route};
use http::StatusCode;
use serde::Serialize;

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    /// Words: `database`, `media_node`.
    missing: Vec<&'static str>,
    /// What does not work while everything else does: `mail_server`.
    impaired: Vec<&'static str>,
}

/// The process lives.
pub async fn alive() -> &'static str {
    "alive"
}

/// The database answers and a media node is linked.
pub async fn ready(State(web): State<Web>) -> impl IntoResponse {
    let mut missing = Vec::new();
    match web.services.ping().await {
        Ok(()) => match domain::nodes::linked(&web.services).await {
            Ok(1..) => {}
            Ok(0) => missing.push("media_node"),
            Err(error) => {
                tracing::warn!(?error, "the linked nodes could not be counted");
                missing.push("media_node");
            }
        },
        Err(error) => {
            tracing::warn!(?error, "the database does not answer");
            missing.extend(["database", "media_node"]);
        }
    }
    let unsent = matches!(mail::route(&web.services), Route::MailServer { trouble: Some(_) });
    let impaired = if unsent { vec!["mail_server"] } else { Vec::new() };
    let status = if missing.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready: missing.is_empty(), missing, impaired }))
}
