//! Accept loop of the signaling port, with the limits axum's own loop lacks.

use super::doorstep::Doorstep;
use axum::{Router, body::Body, http::Request};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use std::{sync::Arc, time::Duration};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;

/// Largest request head; tokens travel in messages.
const HEAD_BYTES: usize = 16 * 1024;
/// Pause after the system ran out of file descriptors, so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What strangers may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections without a valid hello.
    pub doorstep: usize,
    /// Time for a request head, which is also how long an idle connection stays open.
    pub head_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { doorstep: 1024, head_time: Duration::from_secs(10) }
    }
}

/// Serves `router` on `listener` until `stop`. Sockets of clients outlive it: their rooms say good-bye.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, stop: CancellationToken) {
    let (doorstep, connections) = (Doorstep::new(limits.doorstep), TaskTracker::new());
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // Small messages should not wait for more bytes; failing to set it costs latency only.
        let _ = stream.set_nodelay(true);
        let place = Arc::new(doorstep.enter());
        let handed_on = place.clone();
        let service = router.clone().map_request(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(handed_on.clone());
            request.map(Body::new)
        });
        // HTTP/1 from the first byte: a builder that looks for the version first waits for it without a limit.
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(limits.head_time).max_buf_size(HEAD_BYTES);
        let connection =
            builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)).with_upgrades();
        connections.spawn(async move {
            tokio::select! {
                ended = connection => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "connection ended early");
                    }
                }
                () = place.lost() => tracing::debug!("a connection that said nothing made room for another"),
            }
        });
    }
}
