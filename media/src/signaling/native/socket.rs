//! The socket loop of one client: reads, asks the session what it means, passes it to the room, writes what comes
//! back.

use super::session::{parse, sentence};
use crate::{
    clock,
    rtc::VideoFormat,
    sfu::{Newcomer, RoomKey, RoomMessage, Watches, WorkerCommand, Workers},
    signaling::{
        TokenKey,
        allowance::Allowance,
        doorstep::Place,
        last_words::{LAST_WORDS, hear_out},
    },
};
use axum::{
    Extension, Router,
    extract::{
        State, WebSocketUpgrade,
        ws::{CloseCode, CloseFrame, Message, WebSocket, close_code},
    },
    http::{HeaderMap, header::ORIGIN},
    response::Response,
    routing::any,
};
use futures_util::{
    SinkExt as _, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use protocol::{
    ids::{NodeId, PeerId},
    limits::{CLIENT_QUEUE, SIGNALING_MESSAGE_BYTES},
    native::{ClientMessage, ErrorCode, PROTOCOL_VERSION, ServerMessage},
    skylink::KeySettings,
    token::JoinClaims,
};
use std::{
    error::Error as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::mpsc,
    time::{interval, sleep, timeout},
};
use tokio_tungstenite::tungstenite;

/// Time a client has for its hello.
const HELLO_TIME: Duration = Duration::from_secs(10);
/// Time one message may take to be written.
const WRITE_TIME: Duration = Duration::from_secs(10);
/// The node pings this often; a client that sends nothing, not even pongs, for two rounds is gone.
const PING_EVERY: Duration = Duration::from_secs(15);

/// What the front door needs.
#[derive(Clone)]
pub struct NativeSettings {
    pub node: NodeId,
    pub token_key: TokenKey,
    pub workers: Workers,
    /// Counts sockets.
    pub sessions: Arc<AtomicU64>,
}

/// The route `/native`.
pub fn router(settings: NativeSettings) -> Router {
    Router::new().route("/native", any(upgrade)).with_state(settings)
}

async fn upgrade(
    State(settings): State<NativeSettings>,
    Extension(place): Extension<Arc<Place>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok()).map(str::to_owned);
    // A little over the limit, so that an oversized message is answered and forgiven; a larger one is not even read.
    let upgrade = upgrade.max_message_size(SIGNALING_MESSAGE_BYTES * 2).max_frame_size(SIGNALING_MESSAGE_BYTES * 2);
    upgrade.on_upgrade(move |socket| client(settings, origin, place, socket))
}

type Sink = SplitSink<WebSocket, Message>;

async fn client(settings: NativeSettings, origin: Option<String>, place: Arc<Place>, socket: WebSocket) {
    let greeted = tokio::select! {
        greeted = greet(&settings, origin.as_deref(), socket) => greeted,
        () = place.lost() => None,
    };
    drop(place);
    let Some((claims, socket)) = greeted else { return };
    let room = RoomKey { application: claims.application, room: claims.room };
    let peer = claims.sub;
    let (outbox, messages) = mpsc::channel(CLIENT_QUEUE);
    let session = settings.sessions.fetch_add(1, Ordering::Relaxed);
    let newcomer = Newcomer {
        peer,
        session,
        name: claims.name,
        app_key: Some(claims.app_key),
        card: None,
        watches: Watches::Everyone,
        settings: KeySettings::default(),
        is_numbered: false,
        video: VideoFormat::default(),
        media_within: None,
        outbox,
    };
    settings.workers.to_room(&room, WorkerCommand::Join { room: room.clone(), policy: claims.policy, newcomer }).await;
    conversation(&settings.workers, &room, peer, socket, messages).await;
    settings.workers.to_room(&room, WorkerCommand::Disconnected { room: room.clone(), peer, session }).await;
}

/// Lets in whoever has a valid token, and tells everybody else why not.
async fn greet(
    settings: &NativeSettings,
    origin: Option<&str>,
    mut socket: WebSocket,
) -> Option<(JoinClaims, WebSocket)> {
    match hello(settings, origin, &mut socket).await {
        Ok(claims) => claims.map(|claims| (claims, socket)),
        Err(code) => {
            let (mut sink, mut stream) = socket.split();
            refuse(&mut sink, &mut stream, code).await;
            None
        }
    }
}

/// Waits for the hello. `None`: the client went away.
async fn hello(
    settings: &NativeSettings,
    origin: Option<&str>,
    socket: &mut WebSocket,
) -> Result<Option<JoinClaims>, ErrorCode> {
    let text = match timeout(HELLO_TIME, socket.recv()).await {
        Err(_) => return Err(ErrorCode::HelloExpected),
        Ok(Some(Ok(Message::Text(text)))) => text,
        Ok(Some(Err(error))) if is_too_large(&error) => return Err(ErrorCode::MessageTooLarge),
        Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) => return Ok(None),
        Ok(Some(Ok(_))) => return Err(ErrorCode::HelloExpected),
    };
    let ClientMessage::Hello { protocol, token } = parse(&text)? else { return Err(ErrorCode::HelloExpected) };
    if protocol != PROTOCOL_VERSION {
        return Err(ErrorCode::UnsupportedProtocol);
    }
    let claims: JoinClaims = settings.token_key.verify(settings.node, clock::unix_ms() / 1000, &token)?;
    if !claims.policy.allows_origin(origin) {
        return Err(ErrorCode::OriginNotAllowed);
    }
    Ok(Some(claims))
}

async fn conversation(
    workers: &Workers,
    room: &RoomKey,
    peer: PeerId,
    socket: WebSocket,
    mut messages: mpsc::Receiver<RoomMessage>,
) {
    let (mut sink, mut stream) = socket.split();
    let mut allowance = Allowance::new(clock::now());
    let mut pings = interval(PING_EVERY);
    let mut silent_rounds = 0;
    loop {
        tokio::select! {
            message = messages.recv() => {
                // The room dropped its end: this peer is out.
                let Some(message) = message else {
                    close(&mut sink, close_code::NORMAL).await;
                    return hear_out(&mut stream).await;
                };
                let RoomMessage::Client(message) = message else { continue };
                if !write(&mut sink, &message).await {
                    return;
                }
            }
            incoming = stream.next() => {
                silent_rounds = 0;
                let incoming = match incoming {
                    Some(Ok(incoming)) => incoming,
                    Some(Err(error)) if is_too_large(&error) => {
                        return refuse(&mut sink, &mut stream, ErrorCode::MessageTooLarge).await;
                    }
                    Some(Err(_)) | None => return,
                };
                if !allowance.take(clock::now()) {
                    return refuse(&mut sink, &mut stream, ErrorCode::TooManyMessages).await;
                }
                match incoming {
                    Message::Text(text) => match parse(&text) {
                        Ok(message) => {
                            let command = WorkerCommand::Message { room: room.clone(), peer, message: message.into() };
                            workers.to_room(room, command).await;
                        }
                        Err(code) => if !answer(&mut sink, code).await { return },
                    },
                    Message::Binary(_) => if !answer(&mut sink, ErrorCode::MalformedMessage).await { return },
                    Message::Close(_) => return,
                    Message::Ping(_) | Message::Pong(_) => {}
                }
            }
            _ = pings.tick() => {
                silent_rounds += 1;
                if silent_rounds > 2 || timeout(WRITE_TIME, sink.send(Message::Ping(Default::default()))).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn write(sink: &mut Sink, message: &ServerMessage) -> bool {
    let Ok(text) = serde_json::to_string(message) else { return false };
    matches!(timeout(WRITE_TIME, sink.send(Message::Text(text.into()))).await, Ok(Ok(())))
}

async fn answer(sink: &mut Sink, code: ErrorCode) -> bool {
    write(sink, &ServerMessage::Error { code, message: sentence(code).to_owned(), fatal: false }).await
}

/// Whether the socket layer refused to read a message. It reads nothing more then, but can still write.
fn is_too_large(error: &axum::Error) -> bool {
    let source = error.source().and_then(|source| source.downcast_ref());
    matches!(source, Some(tungstenite::Error::Capacity(_)))
}

/// Says why and closes.
async fn refuse(sink: &mut Sink, stream: &mut SplitStream<WebSocket>, code: ErrorCode) {
    let message = ServerMessage::Error { code, message: sentence(code).to_owned(), fatal: true };
    if !write(sink, &message).await {
        return;
    }
    if code == ErrorCode::MessageTooLarge {
        close(sink, close_code::SIZE).await;
        // The rest of the message stays unread, so there is nothing to wait for but time.
        return sleep(LAST_WORDS).await;
    }
    close(sink, close_code::NORMAL).await;
    hear_out(stream).await;
}

async fn close(sink: &mut Sink, code: CloseCode) {
    let frame = CloseFrame { code, reason: "".into() };
    // The other side may already be gone.
    let _ = timeout(WRITE_TIME, sink.send(Message::Close(Some(frame)))).await;
}
