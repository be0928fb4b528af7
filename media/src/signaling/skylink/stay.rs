//! The shell of one stay: time, tokens and queues around a [`Session`].

use super::{
    card::Card,
    incoming::Incoming,
    session::{Effect, Session},
    socket::Connection,
    views::Views,
    words,
};
use crate::{
    clock, random,
    rtc::VideoFormat,
    sfu::{Newcomer, Opaque, PeerRequest, RoomKey, RoomMessage, Watches, WorkerCommand},
};
use protocol::{
    limits::CLIENT_QUEUE,
    native::ErrorCode,
    skylink::{Generation, SkylinkClaims},
};
use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};
use tokio::{
    sync::{mpsc, oneshot},
    time::{sleep_until, timeout},
};

/// Time for the answer to a description, and for entering.
const ANSWER_TIME: Duration = Duration::from_secs(10);
/// Time a relay worker may take to say whether a room is open.
const KNOCK_TIME: Duration = Duration::from_secs(5);

/// One room of one socket.
pub(super) struct Stay {
    pub connection: Arc<Connection>,
    pub room_key: String,
    pub said: mpsc::Receiver<Incoming>,
}

/// Serves one stay to its end.
pub(super) async fn stay(mut stay: Stay, request: Incoming) {
    let goes_on = match stay.admit(&request).await {
        Ok(claims) => stay.serve(claims).await,
        Err((reason, info)) => {
            stay.reject(reason, info);
            false
        }
    };
    stay.connection.left(&stay.room_key, goes_on);
}

type Rejection = (&'static str, &'static str);

impl Stay {
    /// Believes nothing but the token.
    async fn admit(&self, request: &Incoming) -> Result<SkylinkClaims, Rejection> {
        let settings = &self.connection.settings;
        let now = clock::unix_ms() / 1000;
        let token = request.text("userCred").unwrap_or_default();
        let claims = settings
            .token_key
            .verify::<SkylinkClaims>(settings.node, now, token)
            .map_err(|code| (words::reason_of(code), "The credentials are not valid here; ask for new ones."))?;
        if claims.skylink.room_key != self.room_key {
            return Err(("credentialError", "The credentials are for another room."));
        }
        if !claims.join.policy.allows_origin(self.connection.origin().as_deref()) {
            return Err(("credentialError", "Pages of this origin may not join."));
        }
        if claims.skylink.ends.is_some_and(|ends| ends <= now) {
            return Err(("expired", "The time of this room is over."));
        }
        let (answer, knocked) = oneshot::channel();
        let room = room_of(&claims);
        settings.workers.to_room(&room, WorkerCommand::Knock { room: room.clone(), answer }).await;
        match timeout(KNOCK_TIME, knocked).await {
            Ok(Ok(Ok(()))) => Ok(claims),
            Ok(Ok(Err(ErrorCode::RoomLocked))) => Err(("locked", "The room is locked.")),
            Ok(Ok(Err(_))) => Err(("serverError", "The room is full.")),
            _ => Err(("serverError", "The media node does not answer.")),
        }
    }

    /// Whether the client means to keep its socket.
    async fn serve(&mut self, claims: SkylinkClaims) -> bool {
        let SkylinkClaims { join, skylink } = &claims;
        self.connection.vouched();
        let Ok([a, b, c]) = random::bytes::<3>() else { return false };
        let tie_breaker = u32::from_be_bytes([1, a, b, c]);
        self.connection.send(&words::in_room(
            &join.sub.to_string(),
            &self.room_key,
            tie_breaker,
            &self.connection.settings.host,
        ));
        let session = Session::new(join.sub, skylink, join.policy.relay);
        let left = skylink.ends.map(|ends| Duration::from_secs(ends.saturating_sub(clock::unix_ms() / 1000)));
        let visit = Visit {
            stay: self,
            session,
            number: 0,
            messages: None,
            views: Views::default(),
            owed: Some(clock::now() + ANSWER_TIME),
            ends: left.map(|left| clock::now() + left),
        };
        visit.run(&claims).await
    }

    fn reject(&self, reason: &str, info: &str) {
        let mut message = words::rejection("", reason, info);
        message["rid"] = self.room_key.clone().into();
        self.connection.send(&message);
    }
}

/// A stay that was admitted.
struct Visit<'a> {
    stay: &'a mut Stay,
    session: Session,
    /// Of the entry into the room.
    number: u64,
    /// What the room says, once it was entered.
    messages: Option<mpsc::Receiver<RoomMessage>>,
    views: Views,
    /// When the client must have said what it owes.
    owed: Option<Instant>,
    ends: Option<Instant>,
}

impl Visit<'_> {
    async fn run(mut self, claims: &SkylinkClaims) -> bool {
        let room = room_of(claims);
        let goes_on = loop {
            let (by_client, effects) = tokio::select! {
                message = self.stay.said.recv() => match message {
                    Some(message) => (true, self.session.client(message)),
                    // The socket is closed.
                    None => break false,
                },
                message = next(&mut self.messages) => match message {
                    Some(message) => (false, self.session.room(message)),
                    // The room dropped its end: this peer is out.
                    None => break false,
                },
                () = at(self.owed) => {
                    self.stay.reject("serverError", "The client did not answer in time.");
                    break false;
                }
                () = at(self.ends) => {
                    self.stay.reject("expired", "The time of this room is over.");
                    break false;
                }
            };
            if self.apply(claims, &room, effects).await {
                break by_client;
            }
            self.owed = match (self.messages.is_some() && !self.session.awaits_client(), self.owed) {
                (true, _) => None,
                (false, owed) => owed.or_else(|| Some(clock::now() + ANSWER_TIME)),
            };
        };
        self.views.close_all(&self.stay.connection, &room).await;
        if self.messages.is_some() {
            let (peer, session) = (claims.join.sub, self.number);
            let command = WorkerCommand::Disconnected { room: room.clone(), peer, session };
            self.stay.connection.settings.workers.to_room(&room, command).await;
        }
        goes_on
    }

    /// Whether the stay is over.
    async fn apply(&mut self, claims: &SkylinkClaims, room: &RoomKey, effects: Vec<Effect>) -> bool {
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::Send(message) => self.stay.connection.send(&message),
                Effect::Join(card) => self.join(claims, room, card).await,
                Effect::Ask(message) => self.ask(claims, room, message).await,
                Effect::Watch(peer, sdp) => {
                    let Stay { connection, room_key, .. } = &*self.stay;
                    self.views.offer(connection, &claims.join, room, room_key, (peer, sdp)).await;
                }
                Effect::Unwatch(peer) => self.views.close(&self.stay.connection, room, peer).await,
                Effect::ListPeers { all } => self.list_peers(claims, all).await,
                Effect::Introduce { sending, receiving } => {
                    let workers = &self.stay.connection.settings.workers;
                    if !workers.introduce(claims.join.application, sending, receiving).await {
                        effects.extend(self.session.not_introduced(sending, receiving));
                    }
                }
                Effect::End => return true,
            }
        }
        false
    }

    async fn join(&mut self, claims: &SkylinkClaims, room: &RoomKey, card: Card) {
        let settings = &self.stay.connection.settings;
        let (outbox, messages) = mpsc::channel(CLIENT_QUEUE);
        self.number = settings.sessions.fetch_add(1, Ordering::Relaxed);
        self.messages = Some(messages);
        let early = claims.skylink.generation == Generation::Early;
        let watches = if early { Watches::Nobody } else { Watches::Everyone };
        let newcomer = Newcomer {
            peer: claims.join.sub,
            session: self.number,
            name: card.name(),
            app_key: Some(claims.join.app_key),
            card: Some(Opaque::new(card)),
            watches,
            settings: claims.skylink.key,
            is_numbered: false,
            video: VideoFormat::default(),
            media_within: None,
            outbox,
        };
        let command = WorkerCommand::Join { room: room.clone(), policy: claims.join.policy.clone(), newcomer };
        settings.workers.to_room(room, command).await;
    }

    async fn list_peers(&self, claims: &SkylinkClaims, all: bool) {
        let rooms = self.stay.connection.settings.workers.attendance(claims.join.application).await;
        let mut message = words::peer_list(&rooms, all);
        message["rid"] = self.stay.room_key.clone().into();
        self.stay.connection.send(&message);
    }

    async fn ask(&self, claims: &SkylinkClaims, room: &RoomKey, message: PeerRequest) {
        let command = WorkerCommand::Message { room: room.clone(), peer: claims.join.sub, message };
        self.stay.connection.settings.workers.to_room(room, command).await;
    }
}

fn room_of(claims: &SkylinkClaims) -> RoomKey {
    RoomKey { application: claims.join.application, room: claims.join.room.clone() }
}

async fn next(messages: &mut Option<mpsc::Receiver<RoomMessage>>) -> Option<RoomMessage> {
    match messages {
        Some(messages) => messages.recv().await,
        None => std::future::pending().await,
    }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time.into()).await,
        None => std::future::pending().await,
    }
}
