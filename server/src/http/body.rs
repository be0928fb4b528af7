//! Limits in size and time that hold for every request.

use super::Problem;
use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use std::time::Duration;

/// Largest body of any request; the forms and the API need far less.
pub const MAX_BYTES: usize = 64 * 1024;
/// Time until the answer begins.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Gives up on an answer that takes too long.
pub async fn time_limit(request: Request, next: Next) -> Response {
    match tokio::time::timeout(TIME_LIMIT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            tracing::error!("no answer within the time limit");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "timed_out", "This took too long; try again.").into_response()
        }
    }
}
