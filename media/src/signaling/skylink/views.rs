//! The views of one early client: it has a connection for each peer it watches.

use super::socket::Connection;
use crate::{
    clock, random,
    rtc::VideoFormat,
    sfu::{Newcomer, RoomKey, RoomMessage, Watches, WorkerCommand},
};
use protocol::{
    ids::PeerId,
    limits::CLIENT_QUEUE,
    native::{ClientMessage, ServerMessage},
    skylink::KeySettings,
    token::JoinClaims,
};
use serde_json::json;
use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
};
use tokio::sync::mpsc;

/// A view by its id in the room and the number of its entry.
type View = (PeerId, u64);

/// Views by the peer they show.
#[derive(Default)]
pub(super) struct Views(HashMap<PeerId, View>);

impl Views {
    /// Passes an offer for the media of `shown` to its view, which is opened with the first.
    pub async fn offer(
        &mut self,
        connection: &Arc<Connection>,
        claims: &JoinClaims,
        room: &RoomKey,
        room_key: &str,
        offer: (PeerId, String),
    ) {
        let (shown, sdp) = offer;
        let (view, _) = match self.0.get(&shown) {
            Some(view) => *view,
            None => match open(connection, claims, room, room_key, shown).await {
                Some(view) => *self.0.entry(shown).or_insert(view),
                None => return,
            },
        };
        let message = ClientMessage::Offer { sdp }.into();
        let command = WorkerCommand::Message { room: room.clone(), peer: view, message };
        connection.settings.workers.to_room(room, command).await;
    }

    /// Closes the view of a peer.
    pub async fn close(&mut self, connection: &Connection, room: &RoomKey, shown: PeerId) {
        if let Some((peer, session)) = self.0.remove(&shown) {
            let command = WorkerCommand::Disconnected { room: room.clone(), peer, session };
            connection.settings.workers.to_room(room, command).await;
        }
    }

    pub async fn close_all(&mut self, connection: &Connection, room: &RoomKey) {
        let shown: Vec<PeerId> = self.0.keys().copied().collect();
        for shown in shown {
            self.close(connection, room, shown).await;
        }
    }
}

async fn open(
    connection: &Arc<Connection>,
    claims: &JoinClaims,
    room: &RoomKey,
    room_key: &str,
    shown: PeerId,
) -> Option<View> {
    let peer = PeerId::from_parts(clock::unix_ms(), random::bytes().ok()?);
    let session = connection.settings.sessions.fetch_add(1, Ordering::Relaxed);
    let (outbox, messages) = mpsc::channel(CLIENT_QUEUE);
    let (app_key, policy) = (Some(claims.app_key), claims.policy.clone());
    let watches = Watches::Only(shown);
    let newcomer = Newcomer {
        peer,
        session,
        name: None,
        app_key,
        card: None,
        watches,
        settings: KeySettings::default(),
        is_numbered: false,
        video: VideoFormat::default(),
        media_within: None,
        outbox,
    };
    let command = WorkerCommand::Join { room: room.clone(), policy, newcomer };
    connection.settings.workers.to_room(room, command).await;
    let (connection_of, room_key, me) = (connection.clone(), room_key.to_owned(), claims.sub);
    connection.tasks.spawn(async move { answers(&connection_of, &room_key, me, shown, messages).await });
    Some((peer, session))
}

/// Passes what the room answers on as if the peer itself did, until the room drops the view.
async fn answers(
    connection: &Connection,
    room_key: &str,
    me: PeerId,
    shown: PeerId,
    mut messages: mpsc::Receiver<RoomMessage>,
) {
    while let Some(message) = messages.recv().await {
        if let RoomMessage::Client(ServerMessage::Answer { sdp }) = message {
            // The only slot; its stream gets the name of the peer.
            let sdp = sdp.replace("slot-0", &shown.to_string());
            connection.send(&json!({"type": "answer", "mid": shown, "target": me, "rid": room_key, "sdp": sdp}));
        }
    }
}
