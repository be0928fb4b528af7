//! Limits in size and time that hold for every request.

use super::Problem;
use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use futures_util::StreamExt as _;
use http::{StatusCode, header};
use std::time::Duration;

/// Largest body of any request; the forms and the API need far less.
pub const MAX_BYTES: usize = 64 * 1024;
/// Time until the answer begins.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Bodies announced as larger than [`MAX_BYTES`] are refused. The answer comes after the body up to this size was
/// read, because a client that is still writing would find its connection gone instead of the answer.
const MAX_DISCARDED: u64 = 1024 * 1024;

/// Refuses a body by its announced length; a body without one is cut off by the limit layer.
pub async fn announced_size(request: Request, next: Next) -> Response {
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let Some(size) = announced.filter(|&size: &u64| size > MAX_BYTES as u64) else { return next.run(request).await };
    if size <= MAX_DISCARDED {
        let mut body = request.into_body().into_data_stream();
        while let Some(Ok(_)) = body.next().await {}
    }
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "The body is too large.").into_response()
}

/// Gives up on an answer that takes too long.
pub async fn time_limit(request: Request, next: Next) -> Response {
    match tokio::time::timeout(TIME_LIMIT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            tracing::error!("no answer within the time limit");
            Problem::timed_out().into_response()
        }
    }
}
