//! Sockets: lets strangers wait for a while, and hands what clients say to their stays.

use super::{
    incoming::{Incoming, Kind, read},
    stay::{Stay, stay},
    words,
};
use crate::{
    clock,
    sfu::Workers,
    signaling::{TokenKey, allowance::Allowance, doorstep::Place},
};
use axum::Router;
use protocol::{
    ids::NodeId,
    limits::{CLIENT_QUEUE, SIGNALING_MESSAGE_BYTES},
};
use serde_json::Value;
use socketioxide::{
    SocketIo,
    extract::{Data, SocketRef},
};
use std::{
    collections::HashMap,
    future::ready,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicU64},
    time::Duration,
};
use tokio::{sync::mpsc, time::sleep};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_http::cors::CorsLayer;

/// Time a socket may be in no room. 2.x clients ask for camera and microphone only now, and people take their time;
/// when strangers are many, the doorstep is quicker.
const UNJOINED: Duration = Duration::from_secs(60);
/// Time a client has to read why it must go.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// Rooms of one socket.
const ROOMS: usize = 8;
/// Messages of a client waiting for its stay; a client that sends more is cut off.
const INBOX: usize = 64;
/// The client pings this often, and is gone when it is so much late.
const PING_EVERY: Duration = Duration::from_secs(25);
const PING_LATE: Duration = Duration::from_secs(20);

/// What the front door needs.
#[derive(Clone)]
pub struct SkylinkSettings {
    pub node: NodeId,
    pub token_key: TokenKey,
    pub workers: Workers,
    /// Counts sockets, those of other protocols included.
    pub sessions: Arc<AtomicU64>,
    /// Name of this host, as clients know it.
    pub host: String,
}

/// Adds `/socket.io/` to the routes of the node.
pub fn with_skylink(router: Router, settings: SkylinkSettings) -> Router {
    let (layer, io) = SocketIo::builder()
        .ping_interval(PING_EVERY)
        .ping_timeout(PING_LATE)
        // A full queue ends the socket; see `Connection::send`.
        .max_buffer_size(CLIENT_QUEUE)
        .max_payload(SIGNALING_MESSAGE_BYTES as u64)
        .ws_max_message_size(SIGNALING_MESSAGE_BYTES)
        .ws_max_frame_size(SIGNALING_MESSAGE_BYTES)
        .build_layer();
    let tasks = TaskTracker::new();
    // What has to happen in the order in which it arrives is done before the future is made: those run as they like.
    io.ns("/", move |socket: SocketRef| {
        connected(&settings, &tasks, &socket);
        ready(())
    });
    // Pages of every origin poll when they cannot open a WebSocket; there are no cookies, the token alone counts.
    router.layer(layer).layer(CorsLayer::very_permissive())
}

fn connected(settings: &SkylinkSettings, tasks: &TaskTracker, socket: &SocketRef) {
    let connection = Arc::new(Connection {
        settings: settings.clone(),
        tasks: tasks.clone(),
        socket: Mutex::new(Some(socket.clone())),
        stays: Mutex::default(),
        allowance: Mutex::new(Allowance::new(clock::now())),
        joined: Mutex::new(CancellationToken::new()),
    });
    connection.wait_for_join();
    let speaking = connection.clone();
    socket.on("message", move |Data(text): Data<String>| {
        speaking.said(&text);
        ready(())
    });
    socket.on_disconnect(move || {
        connection.closed();
        ready(())
    });
}

/// One socket.
pub(super) struct Connection {
    pub settings: SkylinkSettings,
    pub tasks: TaskTracker,
    /// Until it is closed.
    socket: Mutex<Option<SocketRef>>,
    stays: Mutex<HashMap<String, mpsc::Sender<Incoming>>>,
    allowance: Mutex<Allowance>,
    /// Cancelled while there is a stay, and at the end.
    joined: Mutex<CancellationToken>,
}

impl Connection {
    /// Queues a message for the client. The queue is bounded: a client that does not read is cut off.
    pub fn send(&self, message: &Value) {
        let Some(socket) = self.socket() else { return };
        if socket.emit("message", &message.to_string()).is_err() {
            tracing::info!("a client does not read its messages");
            self.close();
        }
    }

    /// Closes the socket at once.
    pub fn close(&self) {
        // The guard is gone before the socket's own handler is called, which takes it too.
        let socket = lock(&self.socket).take();
        if let Some(socket) = socket {
            // It is closed already when this fails.
            let _ = socket.disconnect();
        }
        self.closed();
    }

    /// The origin of the page, if it is one.
    pub fn origin(&self) -> Option<String> {
        let socket = self.socket()?;
        let origin = socket.req_parts().headers.get(http::header::ORIGIN)?;
        Some(origin.to_str().unwrap_or("null").to_owned())
    }

    /// Somebody has vouched for the client.
    pub fn vouched(&self) {
        lock(&self.joined).cancel();
        if let Some(place) = self.place() {
            place.leave();
        }
    }

    /// A stay has ended. The last one takes the socket along unless the client means to go on.
    pub fn left(self: &Arc<Self>, room_key: &str, goes_on: bool) {
        let last = {
            let mut stays = lock(&self.stays);
            stays.remove(room_key);
            stays.is_empty()
        };
        match (last, goes_on) {
            (true, true) => self.wait_for_join(),
            (true, false) => self.close_soon(),
            (false, _) => {}
        }
    }

    fn said(self: &Arc<Self>, text: &str) {
        if !lock(&self.allowance).take(clock::now()) {
            return self.cut_off();
        }
        let Ok(messages) = read(text) else { return tracing::debug!("a message that is none") };
        for message in messages {
            if message.kind == Kind::JoinRoom {
                self.begin(message);
            } else if let Some(stay) = self.stay_of(message.text("rid"))
                && stay.try_send(message).is_err()
            {
                return self.cut_off();
            }
        }
    }

    fn begin(self: &Arc<Self>, message: Incoming) {
        let room_key = message.text("rid").unwrap_or_default().to_owned();
        let mut stays = lock(&self.stays);
        if stays.len() >= ROOMS || stays.contains_key(&room_key) {
            return;
        }
        let (inbox, said) = mpsc::channel(INBOX);
        stays.insert(room_key.clone(), inbox);
        self.tasks.spawn(stay(Stay { connection: self.clone(), room_key, said }, message));
    }

    /// Some requests of older clients do not name their room; they have only one.
    fn stay_of(&self, room_key: Option<&str>) -> Option<mpsc::Sender<Incoming>> {
        let stays = lock(&self.stays);
        match room_key {
            Some(room_key) => stays.get(room_key).cloned(),
            None if stays.len() == 1 => stays.values().next().cloned(),
            None => None,
        }
    }

    fn cut_off(self: &Arc<Self>) {
        let keys: Vec<String> = lock(&self.stays).drain().map(|(key, _)| key).collect();
        for key in keys {
            let mut message = words::rejection("", "fastmsg", "Too many messages; the connection is closed.");
            message["rid"] = key.into();
            self.send(&message);
        }
        self.close_soon();
    }

    /// What was queued would be lost if the socket were closed at once.
    fn close_soon(self: &Arc<Self>) {
        let connection = self.clone();
        self.tasks.spawn(async move {
            sleep(LAST_WORDS).await;
            connection.close();
        });
    }

    fn wait_for_join(self: &Arc<Self>) {
        let joined = CancellationToken::new();
        *lock(&self.joined) = joined.clone();
        let (connection, place) = (Arc::downgrade(self), self.place());
        self.tasks.spawn(async move {
            let displaced = async {
                match &place {
                    Some(place) => place.lost().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = joined.cancelled() => return,
                () = displaced => {}
                () = sleep(UNJOINED) => {}
            }
            if let Some(connection) = connection.upgrade() {
                connection.close();
            }
        });
    }

    fn place(&self) -> Option<Arc<Place>> {
        self.socket()?.req_parts().extensions.get::<Arc<Place>>().cloned()
    }

    fn socket(&self) -> Option<SocketRef> {
        lock(&self.socket).clone()
    }

    fn closed(&self) {
        lock(&self.socket).take();
        lock(&self.stays).clear();
        lock(&self.joined).cancel();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
