//! The link with media nodes: `/node/link`, a websocket that each node opens with the shared secret.
//!
//! [`session`] knows the order of messages and does no I/O; [`socket`] moves them between the node and the services;
//! [`links`] knows which connection is a node's present one.

mod links;
mod session;
mod socket;

pub use links::Links;

use crate::http::{Problem, Web};
use axum::{
    extract::{State, WebSocketUpgrade},
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, StatusCode, header};
use protocol::limits::LINK_MESSAGE_BYTES;

/// Opens the link.
pub async fn open(
    State(web): State<Web>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Response {
    if !is_node(&web, &headers) {
        tracing::warn!("a node with a wrong secret was refused");
        return Problem::new(StatusCode::UNAUTHORIZED, "node_secret_wrong", "The node secret is wrong.")
            .into_response();
    }
    match upgrade {
        Ok(upgrade) => upgrade
            .max_message_size(LINK_MESSAGE_BYTES)
            .max_frame_size(LINK_MESSAGE_BYTES)
            .on_upgrade(move |socket| async move { web.links.clone().serve(web.services, socket).await }),
        Err(_) => Problem::new(StatusCode::UPGRADE_REQUIRED, "websocket_required", "This address is a websocket.")
            .into_response(),
    }
}

/// Pages cannot have the secret; one that has it anyway is refused by its origin.
fn is_node(web: &Web, headers: &HeaderMap) -> bool {
    let secret = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    !headers.contains_key(header::ORIGIN)
        && secret.is_some_and(|secret| domain::nodes::verify_secret(&web.services, secret))
}
