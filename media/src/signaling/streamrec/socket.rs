//! A socket from its first byte to the session that it belongs to.

use super::{
    incoming::{self, Envelope},
    registry::Registry,
    stay::{Patience, Stay},
    wire_names::SESSION_TERMINATED,
};
use crate::{
    clock,
    control::Link,
    recorder::Recorder,
    sfu::Workers,
    signaling::{allowance::Allowance, doorstep::Place, last_words::hear_out},
};
use axum::{
    Extension, Router,
    extract::{
        Query as UrlQuery, State, WebSocketUpgrade,
        ws::{CloseFrame, Message, WebSocket, close_code},
    },
    http::{
        HeaderMap,
        header::{AUTHORIZATION, ORIGIN, SEC_WEBSOCKET_PROTOCOL},
    },
    response::Response,
    routing::any,
};
use outbound::Outbound;
use protocol::{
    ids::SessionId,
    limits::SIGNALING_MESSAGE_BYTES,
    link::{Answer, Query},
    streamrec::{Confidential, TerminationCause},
};
use serde::Deserialize;
use serde_json::json;
use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};
use tokio::time::timeout;

/// Time one message may take to be written.
pub(super) const WRITE_TIME: Duration = Duration::from_secs(10);
/// How tokens begin; other subprotocols are something else.
const TOKEN_PREFIX: &str = "eyJ";

/// What the front door needs.
#[derive(Clone)]
pub struct StreamrecSettings {
    pub link: Link,
    pub recorder: Recorder,
    pub workers: Workers,
    /// Counts sockets.
    pub sessions: Arc<AtomicU64>,
    pub registry: Registry,
    /// Knows which addresses for messages clients may name.
    pub outbound: Arc<Outbound>,
    pub patience: Patience,
}

/// The addresses of both generations.
pub fn router(settings: StreamrecSettings) -> Router {
    Router::new()
        .route("/api/v2/io", any(upgrade))
        .route("/api/v2/supervisor_io/{session}", any(upgrade))
        .route("/api/io", any(upgrade))
        .with_state(settings)
}

#[derive(Deserialize)]
struct InUrl {
    auth_token: Option<String>,
}

async fn upgrade(
    State(settings): State<StreamrecSettings>,
    Extension(place): Extension<Arc<Place>>,
    UrlQuery(in_url): UrlQuery<InUrl>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let offered = offered(&headers);
    let token = bearer(&headers).or(in_url.auth_token).or_else(|| token_among(&offered)).map(Confidential::new);
    let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok()).map(str::to_owned);
    let upgrade = upgrade.max_message_size(SIGNALING_MESSAGE_BYTES * 2).max_frame_size(SIGNALING_MESSAGE_BYTES * 2);
    // A browser that offers subprotocols goes away unless one of them is taken.
    let upgrade = upgrade.protocols(offered);
    upgrade.on_upgrade(move |socket| arrive(settings, Caller { token, origin }, place, socket))
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

fn offered(headers: &HeaderMap) -> Vec<String> {
    let lists = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).map(|entry| entry.trim().to_owned()).collect()
}

fn token_among(offered: &[String]) -> Option<String> {
    offered.iter().find(|entry| entry.starts_with(TOKEN_PREFIX)).cloned()
}

/// Who opened a socket.
struct Caller {
    token: Option<Confidential>,
    origin: Option<String>,
}

async fn arrive(settings: StreamrecSettings, caller: Caller, place: Arc<Place>, mut socket: WebSocket) {
    let first = tokio::select! {
        first = timeout(settings.patience.unopened, first_message(&mut socket)) => first.unwrap_or_default(),
        () = place.lost() => None,
    };
    let Some((session, envelope)) = first else { return refuse(socket, TerminationCause::ConnTimeout).await };
    let Some(token) = caller.token else { return refuse(socket, TerminationCause::ConnError).await };
    let arrival = Box::new((socket, envelope));
    let query = Query::OpenSession { session, token: token.clone(), origin: caller.origin };
    let answer = if settings.link.is_up() { settings.link.query(query).await } else { Answer::Unavailable };
    let grant = match answer {
        Answer::Session { grant } => grant,
        Answer::SessionOver { cause } => return refuse(arrival.0, cause).await,
        // Nobody can be asked: who began the session may go on with it.
        _ => {
            return match settings.registry.come_back(session, &token, arrival) {
                Ok(()) => {}
                Err(arrival) => close_for_now(arrival.0).await,
            };
        }
    };
    drop(place);
    if let Some(beginning) = settings.registry.arrive(session, token, arrival) {
        let stays = settings.registry.stays.clone();
        stays.spawn(Stay::new(settings, grant, beginning).run());
    }
}

/// The first message that names a session; what comes before it is passed over.
async fn first_message(socket: &mut WebSocket) -> Option<(SessionId, Envelope)> {
    let mut allowance = Allowance::new(clock::now());
    while let Some(Ok(message)) = socket.recv().await {
        if !allowance.take(clock::now()) {
            return None;
        }
        let Message::Text(text) = message else { continue };
        if let Some(envelope) = incoming::read(&text)
            && let Some(session) = envelope.session
        {
            return Some((session, envelope));
        }
    }
    None
}

async fn refuse(mut socket: WebSocket, cause: TerminationCause) {
    let said = json!({ "type": SESSION_TERMINATED, "data": { "termination_cause": cause } }).to_string();
    if write(&mut socket, said).await {
        part(&mut socket).await;
    }
}

pub(super) async fn write(socket: &mut WebSocket, text: String) -> bool {
    matches!(timeout(WRITE_TIME, socket.send(Message::Text(text.into()))).await, Ok(Ok(())))
}

pub(super) async fn close(socket: &mut WebSocket) {
    close_with(socket, close_code::NORMAL).await;
}

/// As [`close`], when its client has been told something that it must not miss.
pub(super) async fn part(socket: &mut WebSocket) {
    close(socket).await;
    hear_out(socket).await;
}

async fn close_for_now(mut socket: WebSocket) {
    close_with(&mut socket, close_code::AGAIN).await;
    hear_out(&mut socket).await;
}

async fn close_with(socket: &mut WebSocket, code: u16) {
    let frame = CloseFrame { code, reason: "".into() };
    // The other side may already be gone.
    let _ = timeout(WRITE_TIME, socket.send(Message::Close(Some(frame)))).await;
}
