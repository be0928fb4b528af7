//! Carries out one session: its sockets, one after the other, its place in the room, its recordings.

use super::{
    incoming::{self, Envelope, Wanted},
    outgoing::Outgoing,
    registry::{Arrival, Beginning},
    session::{Effect, Session},
    socket::{StreamrecSettings, WRITE_TIME, close, part, write},
};
use crate::{
    clock,
    recorder::StreamRecording,
    rtc::VideoFormat,
    sfu::{Newcomer, Opaque, RoomKey, RoomMessage, Watches, WorkerCommand},
    signaling::allowance::Allowance,
};
use axum::extract::ws::{Message, WebSocket, close_code};
use protocol::{
    ids::PeerId,
    limits::CLIENT_QUEUE,
    link::Event,
    names::DisplayName,
    native::ClientMessage,
    recording::{StartRefusal, StopCause},
    skylink::KeySettings,
    streamrec::{CLIENT_STREAMS, SessionGrant, SessionKind, TerminationCause, UNOPENED_SECONDS, peer_of},
};
use std::{
    collections::VecDeque,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};
use tokio::{
    sync::mpsc,
    time::{Interval, interval, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

/// How long a session waits for what it needs.
#[derive(Debug, Clone)]
pub struct Patience {
    /// For its socket, and for its offer.
    pub unopened: Duration,
    /// For another socket after one was lost.
    pub socket: Duration,
    /// For the next packet.
    pub media: Duration,
    /// Between pings; after two without an answer the socket is lost.
    pub ping: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            unopened: Duration::from_secs(UNOPENED_SECONDS),
            socket: Duration::from_secs(15),
            media: Duration::from_secs(30),
            ping: Duration::from_secs(15),
        }
    }
}

const WEBHOOK_NOT_ALLOWED: &str =
    "Nothing is sent to the webhook address: it must be a public https address on port 443 or 8443.";
/// Messages kept for a client that is coming back: what becomes of a few recordings of its three streams.
const MISSED: usize = 32;

/// How a start was decided, for a stream.
type Decision = (u8, Result<StreamRecording, StartRefusal>);

/// What happened.
enum Happening {
    Arrived(Arrival),
    /// `None`: the socket is lost.
    Incoming(Option<Message>),
    Room(Option<RoomMessage>),
    Decided(Decision),
    Ping,
    Late,
    /// The session that is watched ended.
    Unwatched,
    /// The node stops.
    Stopping,
}

/// A session under way.
pub(super) struct Stay {
    settings: StreamrecSettings,
    grant: SessionGrant,
    room: RoomKey,
    peer: PeerId,
    number: u64,
    session: Session,
    socket: Option<WebSocket>,
    allowance: Allowance,
    silent_rounds: u32,
    /// When patience ends: for an offer, or for another socket.
    late: Option<Instant>,
    arrivals: mpsc::Receiver<Arrival>,
    over: CancellationToken,
    /// Until it joins.
    outbox: Option<mpsc::Sender<RoomMessage>>,
    messages: mpsc::Receiver<RoomMessage>,
    decisions: (mpsc::Sender<Decision>, mpsc::Receiver<Decision>),
    /// What there was no socket for; the oldest is dropped when there is too much.
    missed: VecDeque<Outgoing>,
    ended: bool,
}

impl Stay {
    pub(super) fn new(settings: StreamrecSettings, grant: SessionGrant, beginning: Beginning) -> Self {
        let (outbox, messages) = mpsc::channel(CLIENT_QUEUE);
        let room = RoomKey { application: grant.application, room: grant.room.clone() };
        Self {
            room,
            peer: peer_of(grant.session),
            number: settings.sessions.fetch_add(1, Ordering::Relaxed),
            session: Session::new(grant.kind, grant.generation),
            socket: None,
            allowance: Allowance::new(clock::now()),
            silent_rounds: 0,
            late: Some(clock::now() + settings.patience.unopened),
            arrivals: beginning.arrivals,
            over: beginning.over,
            outbox: Some(outbox),
            messages,
            decisions: mpsc::channel(usize::from(CLIENT_STREAMS) * 2),
            missed: VecDeque::new(),
            ended: false,
            settings,
            grant,
        }
    }

    pub(super) async fn run(mut self) {
        let watched = match self.grant.monitored {
            None => Some(CancellationToken::new()),
            Some(client) => self.settings.registry.end_of(client),
        };
        // What it began with, before anything else can end it: whoever came is told.
        let first = self.arrivals.recv().await;
        let Some(watched) = watched else {
            // It is over, or never came here.
            self.socket = first.map(|arrival| arrival.0);
            let effects = self.session.end(TerminationCause::NoActiveAgent);
            return self.carry_out(effects).await;
        };
        if let Some(first) = first {
            let effects = self.arrived(first).await;
            self.carry_out(effects).await;
        }
        let mut pings = interval(self.settings.patience.ping);
        while !self.ended {
            let happening = self.next(&mut pings, &watched).await;
            let effects = self.happened(happening).await;
            self.carry_out(effects).await;
        }
    }

    async fn next(&mut self, pings: &mut Interval, watched: &CancellationToken) -> Happening {
        let late = self.late;
        let patience_ends = async move {
            match late {
                Some(at) => sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        let joined = self.outbox.is_none();
        let socket = &mut self.socket;
        let incoming = async {
            match socket {
                Some(socket) => socket.recv().await.and_then(Result::ok),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Some(arrival) = self.arrivals.recv() => Happening::Arrived(arrival),
            message = self.messages.recv(), if joined => Happening::Room(message),
            message = incoming => Happening::Incoming(message),
            Some(decision) = self.decisions.1.recv() => Happening::Decided(decision),
            _ = pings.tick() => Happening::Ping,
            () = patience_ends => Happening::Late,
            () = watched.cancelled() => Happening::Unwatched,
            () = self.settings.registry.stopping.cancelled() => Happening::Stopping,
        }
    }

    async fn happened(&mut self, happening: Happening) -> Vec<Effect> {
        match happening {
            Happening::Arrived(arrival) => self.arrived(arrival).await,
            Happening::Incoming(message) => self.incoming(message),
            Happening::Room(Some(RoomMessage::Client(message))) => self.session.heard(message),
            Happening::Room(Some(RoomMessage::NoMedia { connected })) => self.session.no_media(connected),
            Happening::Room(Some(_)) => Vec::new(),
            // Nobody is there to be watched, or the room has let go without a word.
            Happening::Room(None) if self.grant.kind == SessionKind::Supervisor => {
                self.session.end(TerminationCause::NoActiveAgent)
            }
            Happening::Room(None) => self.session.end(TerminationCause::ConnError),
            Happening::Decided((stream, decision)) => self.session.decided(stream, decision, clock::unix_ms()),
            Happening::Ping => self.ping().await,
            Happening::Late if self.socket.is_none() => self.session.end(TerminationCause::ConnError),
            Happening::Late => self.session.end(TerminationCause::ConnTimeout),
            Happening::Unwatched => self.session.end(TerminationCause::AgentSessionTerm),
            Happening::Stopping => self.session.end(TerminationCause::ServiceShutdown),
        }
    }

    /// Goes on with this socket; one that is still there is closed.
    async fn arrived(&mut self, arrival: Arrival) -> Vec<Effect> {
        let (socket, Envelope { message, .. }) = *arrival;
        if let Some(mut earlier) = self.socket.replace(socket) {
            close(&mut earlier).await;
        }
        (self.allowance, self.silent_rounds) = (Allowance::new(clock::now()), 0);
        let mut effects = self.session.welcome_back();
        effects.extend(self.session.said(message));
        self.expect_offer();
        self.tell_missed().await;
        effects
    }

    fn incoming(&mut self, message: Option<Message>) -> Vec<Effect> {
        self.silent_rounds = 0;
        let Some(message) = message.filter(|_| self.allowance.take(clock::now())) else { return self.socket_lost() };
        match message {
            Message::Text(text) => {
                let Some(Envelope { session, message }) = incoming::read(&text) else { return Vec::new() };
                if session.is_some_and(|session| session != self.grant.session) {
                    return Vec::new();
                }
                if let incoming::Incoming::Unknown { name } = &message {
                    tracing::info!(session = %self.grant.session, application = %self.grant.application, name, "unknown message");
                }
                let effects = self.session.said(message);
                self.expect_offer();
                effects
            }
            Message::Close(frame) => {
                // A page that is left or loaded anew goes away (RFC 6455 §7.4.1), and its media with it.
                let good_byes = [close_code::NORMAL, close_code::STATUS, close_code::AWAY];
                let meant = frame.is_none_or(|frame| good_byes.contains(&frame.code));
                if meant { self.session.end(TerminationCause::TermByClient) } else { self.socket_lost() }
            }
            Message::Binary(_) | Message::Ping(_) | Message::Pong(_) => Vec::new(),
        }
    }

    /// Patience is for the offer until that has come, and for nothing while there is a socket.
    fn expect_offer(&mut self) {
        if self.session.has_begun() {
            self.late = None;
        }
    }

    /// Media goes on for a while without a socket.
    fn socket_lost(&mut self) -> Vec<Effect> {
        self.socket = None;
        self.late = Some(clock::now() + self.settings.patience.socket);
        Vec::new()
    }

    async fn ping(&mut self) -> Vec<Effect> {
        let Some(socket) = &mut self.socket else { return Vec::new() };
        self.silent_rounds += 1;
        let sent = timeout(WRITE_TIME, socket.send(Message::Ping(Default::default()))).await;
        if self.silent_rounds > 2 || !matches!(sent, Ok(Ok(()))) {
            return self.socket_lost();
        }
        Vec::new()
    }

    async fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Say(message) => self.say(message).await,
                Effect::Offer { sdp } => self.offer(sdp).await,
                Effect::Begin { webhook, version } => {
                    self.look_at_webhook(webhook.as_deref()).await;
                    let (session, at) = (self.grant.session, clock::unix_ms());
                    self.settings.link.event(Event::SessionStarted { session, at, webhook, version }).await;
                }
                Effect::Record(wanted) => {
                    self.look_at_webhook(wanted.webhook.as_deref()).await;
                    self.record(wanted);
                }
                Effect::StopRecording(recording) => {
                    self.settings.recorder.stop(recording, StopCause::PeerRequest).await;
                }
                Effect::End(cause) => self.end(cause).await,
            }
        }
    }

    /// Nobody else would say that messages cannot be sent there; for that alone nothing is refused.
    async fn look_at_webhook(&mut self, url: Option<&str>) {
        let permitted = |url: &str| url.parse().is_ok_and(|url| self.settings.outbound.permits(&url));
        if url.is_some_and(|url| !permitted(url)) {
            self.say(Outgoing::Warning { msg: WEBHOOK_NOT_ALLOWED }).await;
        }
    }

    /// News of recordings that cannot be told now are kept for the next socket; that begins with an offer of its own.
    async fn say(&mut self, message: Outgoing) {
        if let Some(socket) = &mut self.socket {
            if write(socket, message.text(&self.grant)).await {
                return;
            }
            self.socket_lost();
        }
        if matches!(message, Outgoing::Recording(_) | Outgoing::RecordingStop) {
            if self.missed.len() == MISSED {
                self.missed.pop_front();
            }
            self.missed.push_back(message);
        }
    }

    async fn tell_missed(&mut self) {
        for message in std::mem::take(&mut self.missed) {
            self.say(message).await;
        }
    }

    /// Joins with the first offer: from then on media is expected.
    async fn offer(&mut self, sdp: String) {
        let workers = &self.settings.workers;
        if let Some(outbox) = self.outbox.take() {
            let (watches, media_within) = match self.grant.monitored {
                Some(client) => (Watches::Only(peer_of(client)), None),
                None => (Watches::Nobody, Some(self.settings.patience.media)),
            };
            let newcomer = Newcomer {
                peer: self.peer,
                session: self.number,
                name: DisplayName::try_from(self.grant.client.to_string()).ok(),
                app_key: None,
                card: Some(Opaque::new(())),
                watches,
                settings: KeySettings::default(),
                is_numbered: true,
                video: VideoFormat::preferred(&sdp),
                media_within,
                outbox,
            };
            let (room, policy) = (self.room.clone(), self.grant.policy.clone());
            workers.to_room(&self.room, WorkerCommand::Join { room, policy, newcomer }).await;
        }
        let (room, message) = (self.room.clone(), ClientMessage::Offer { sdp }.into());
        workers.to_room(&self.room, WorkerCommand::Message { room, peer: self.peer, message }).await;
    }

    fn record(&self, wanted: Wanted) {
        let (recorder, room, session) = (self.settings.recorder.clone(), self.room.clone(), self.grant.session);
        let decisions = self.decisions.0.clone();
        self.settings.registry.stays.spawn(async move {
            let stream = wanted.stream;
            let decision = recorder.start_stream(&room, session, wanted.stream, wanted.url, wanted.webhook).await;
            // The session may be over by now; then the recording ended with it.
            let _ = decisions.send((stream, decision)).await;
        });
    }

    async fn end(&mut self, cause: TerminationCause) {
        self.ended = true;
        let (session, number, peer) = (self.grant.session, self.number, self.peer);
        let room = self.room.clone();
        self.settings.workers.to_room(&self.room, WorkerCommand::Disconnected { room, peer, session: number }).await;
        self.settings.link.event(Event::SessionEnded { session, at: clock::unix_ms(), cause }).await;
        tracing::info!(%session, %cause, "session ended");
        self.settings.registry.leave(session);
        self.over.cancel();
        if let Some(socket) = &mut self.socket {
            part(socket).await;
        }
    }
}
