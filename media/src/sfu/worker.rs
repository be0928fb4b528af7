//! A worker thread: owns its rooms, its socket and its time. It waits for nothing but the poll, and for moments for its
//! siblings at the table of steered flows.

use super::{
    commands::WorkerCommand,
    effects::RecordingRequest,
    exchange::{Newcomer, RoomKey, Watches},
    orders::{Order, decline},
    policies::Policies,
    room::{Aftermath, Room, earliest},
    routes::Routes,
    socket::RelaySocket,
    steering::Steering,
    tcp::Frames,
    workers::{RelayCounts, Siblings},
};
use crate::{
    clock, random,
    rtc::{Connection, ConnectionSettings, Datagram, Transmit, Transport},
};
use protocol::{
    ids::{AppKeyId, PeerId},
    native::{ByeReason, ServerMessage},
    policy::AppPolicy,
    skylink::SKYLINK_TOKEN_SECONDS,
};
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::mpsc::{Receiver, Sender};

/// Commands handled before the socket gets its turn again.
const COMMANDS_PER_TURN: usize = 64;
/// Socket batches handled before the commands get their turn again.
const BATCHES_PER_TURN: usize = 16;
/// Tokens signed before a key was revoked are refused for longer than the longest of them live.
const REVOKED_FOR: Duration = Duration::from_secs(SKYLINK_TOKEN_SECONDS + 60);
/// A peer that was not heard of for so long is gone.
const LOST_AFTER: Duration = Duration::from_secs(20);
/// One that may restart its connection takes up to 15 seconds to find that it failed, and has 30 more.
const RESTARTED_AFTER: Duration = Duration::from_secs(50);
/// Timers may fire this much late; it keeps the loop from spinning on many connections.
const TIMER_GRAIN: Duration = Duration::from_millis(5);
/// Longest time without looking at the timers.
const LONGEST_WAIT: Duration = Duration::from_millis(200);

/// Everything a worker owns.
pub(super) struct Worker {
    pub index: u8,
    pub candidates: Vec<(Transport, SocketAddr)>,
    pub siblings: Siblings,
    pub steering: Arc<Steering>,
    /// Where the peers send from whose datagrams used to come to siblings.
    pub steered: HashMap<PeerId, SocketAddr>,
    pub counts: Arc<RelayCounts>,
    pub requests: Sender<RecordingRequest>,
    pub rooms: HashMap<u64, Room>,
    numbers: HashMap<RoomKey, u64>,
    next_room: u64,
    pub routes: Routes,
    /// Of clients that come over TCP.
    pub streams: HashMap<SocketAddr, Frames>,
    policies: Policies,
    /// Keys revoked so lately that tokens signed before may still be around.
    revoked: HashMap<AppKeyId, Instant>,
    pub transmits: Vec<Transmit>,
    /// Rooms that datagrams have come to since [`Self::send`].
    pub reached: Vec<u64>,
    /// No timer of any room is due before.
    pub next: Option<Instant>,
    /// A room or a peer came or went since the last count.
    changed: bool,
}

impl Worker {
    pub(super) fn new(
        index: u8,
        candidates: Vec<(Transport, SocketAddr)>,
        siblings: Siblings,
        steering: Arc<Steering>,
        counts: Arc<RelayCounts>,
        requests: Sender<RecordingRequest>,
    ) -> Self {
        Self {
            index,
            candidates,
            routes: Routes::new(index, siblings.count()),
            siblings,
            steering,
            steered: HashMap::new(),
            counts,
            requests,
            rooms: HashMap::new(),
            numbers: HashMap::new(),
            next_room: 0,
            streams: HashMap::new(),
            policies: Policies::default(),
            revoked: HashMap::new(),
            transmits: Vec::new(),
            reached: Vec::new(),
            next: None,
            changed: false,
        }
    }

    /// Runs until the command channel is closed.
    pub(super) fn run(mut self, mut poll: mio::Poll, mut socket: RelaySocket, mut commands: Receiver<WorkerCommand>) {
        let mut events = mio::Events::with_capacity(8);
        let mut wait = LONGEST_WAIT;
        let mut busy = false;
        loop {
            let timeout = if busy { Duration::ZERO } else { wait };
            if let Err(error) = poll.poll(&mut events, Some(timeout))
                && error.kind() != std::io::ErrorKind::Interrupted
            {
                tracing::error!(%error, "worker poll failed");
                return;
            }
            busy = false;
            for turn in 0.. {
                match commands.try_recv() {
                    Ok(command) => self.command(command),
                    Err(tokio::sync::mpsc::error::TryRecvError::Empty) => break,
                    Err(tokio::sync::mpsc::error::TryRecvError::Disconnected) => return,
                }
                if turn == COMMANDS_PER_TURN {
                    busy = true;
                    break;
                }
            }
            for turn in 0.. {
                let now = clock::now();
                let more = socket.receive(|datagram| self.datagram(now, datagram));
                self.send(&mut socket);
                if !more {
                    break;
                }
                if turn == BATCHES_PER_TURN {
                    busy = true;
                    break;
                }
            }
            wait = self.tick();
            self.send(&mut socket);
        }
    }

    /// Sends everything. What a TCP connection has no room for is dropped, as the socket does.
    fn send(&mut self, socket: &mut RelaySocket) {
        for number in self.reached.drain(..) {
            if let Some(room) = self.rooms.get_mut(&number) {
                room.drain(&mut self.transmits);
                self.next = earliest(self.next, room.next);
            }
        }
        if !self.streams.is_empty() {
            for transmit in self.transmits.extract_if(.., |transmit| transmit.transport == Transport::Tcp) {
                if let Some(frames) = self.streams.get(&transmit.to) {
                    let _ = frames.try_send(transmit.bytes.freeze());
                }
            }
        }
        socket.send(&mut self.transmits);
    }

    fn command(&mut self, command: WorkerCommand) {
        let now = clock::now();
        match command {
            WorkerCommand::Join { room, policy, newcomer } => self.join(now, &room, policy, newcomer),
            WorkerCommand::Message { room, peer, message } => {
                self.turn(&room, |room, out| room.request(now, peer, message, out));
            }
            WorkerCommand::Knock { room, answer } => {
                let room = self.numbers.get(&room).and_then(|number| self.rooms.get(number));
                // Whoever asked may have gone.
                let _ = answer.send(room.map_or(Ok(()), Room::knock));
            }
            WorkerCommand::Disconnected { room, peer, session } => {
                self.turn(&room, |room, out| room.disconnected(now, peer, session, out));
            }
            WorkerCommand::SetPolicy { application, policy } => {
                let policy = self.policies.update(application, policy).clone();
                self.turn_where(
                    |room| room.key.application == application,
                    |room, out| room.set_policy(now, policy.clone(), out),
                );
            }
            WorkerCommand::RevokeKey { app_key } => {
                self.revoked.retain(|_, since| now < *since + REVOKED_FOR);
                self.revoked.insert(app_key, now);
                self.turn_where(|_| true, |room, out| room.revoke_key(now, app_key, out));
            }
            // A room that waits for a decision is kept, even when everyone has left.
            WorkerCommand::Decided { room, decision } => self.turn(&room, |room, out| room.decided(now, decision, out)),
            WorkerCommand::Order { room, order } => self.order(now, &room, order),
            WorkerCommand::StopRecording { room, recording, cause } => self.turn(&room, |room, out| {
                room.stop(now, recording, cause, out);
                room.settle(now, out);
            }),
            WorkerCommand::Deliver { room, recording, outcome } => {
                self.turn(&room, |room, out| room.deliver(now, recording, outcome, out));
            }
            WorkerCommand::Inquiry(inquiry) => {
                let out = inquiry.put(now, self.rooms.values_mut());
                self.next = self.rooms.values().filter_map(|room| room.next).min();
                self.aftermath(out);
            }
            WorkerCommand::Datagram { from, local, transport, bytes } => {
                self.detoured(now, Datagram { from, local, transport, bytes: &bytes });
            }
            WorkerCommand::StreamOpened { from, frames } => {
                self.streams.insert(from, frames);
            }
            WorkerCommand::StreamClosed { from } => {
                self.streams.remove(&from);
            }
            WorkerCommand::ShutDown { done } => {
                self.turn_where(|_| true, |room, out| room.shut_down(now, out));
                // The receiver may have given up waiting.
                let _ = done.send(());
            }
        }
    }

    /// The room may be over by now.
    fn order(&mut self, now: Instant, key: &RoomKey, order: Order) {
        if self.numbers.contains_key(key) {
            self.turn(key, |room, out| room.obey(now, order, out));
        } else if let Order::Begin(started) | Order::BeginStream { started, .. } = order {
            let mut out = Aftermath::default();
            decline(now, started, &mut out);
            self.aftermath(out);
        }
    }

    fn join(&mut self, now: Instant, key: &RoomKey, policy: AppPolicy, mut newcomer: Newcomer) {
        if newcomer.app_key.is_some_and(|key| self.revoked.contains_key(&key)) {
            // The token was signed before; the socket closes when its outbox is dropped.
            let _ = newcomer.outbox.try_send(ServerMessage::Bye { reason: ByeReason::KeyRevoked }.into());
            return;
        }
        self.changed = true;
        let policy = self.policies.update(key.application, policy).clone();
        let number = self.room_number(now, key, &policy);
        let (peer, mut connection, mut fragment) = (newcomer.peer, None, None);
        if let Watches::Only(publisher) = newcomer.watches
            && let Some(publisher) = self.rooms.get(&number).and_then(|room| room.peers.get(&publisher))
        {
            newcomer.video = publisher.video.clone();
        }
        if policy.relay {
            let (ufrag, made) = match self.new_connection(now, &newcomer) {
                Ok(made) => made,
                Err(error) => return tracing::error!(%error, "no connection for a newcomer"),
            };
            (connection, fragment) = (Some(made), Some(ufrag));
        }
        self.turn(key, |room, out| room.join(now, newcomer, connection, out));
        // After the turn: it may have let an earlier socket of the same peer go, and everything known of that.
        let here = self.rooms.get(&number).is_some_and(|room| room.peers.contains_key(&peer));
        if let Some(ufrag) = fragment.filter(|_| here) {
            self.routes.expect(ufrag, number, peer);
        }
    }

    fn room_number(&mut self, now: Instant, key: &RoomKey, policy: &AppPolicy) -> u64 {
        if let Some(number) = self.numbers.get(key) {
            return *number;
        }
        self.next_room += 1;
        self.numbers.insert(key.clone(), self.next_room);
        self.rooms.insert(self.next_room, Room::new(now, key.clone(), policy.clone()));
        self.next_room
    }

    fn new_connection(&self, now: Instant, newcomer: &Newcomer) -> anyhow::Result<(String, Connection)> {
        // Such a client restarts a connection that failed, and adds tracks as it likes.
        let restarts = newcomer.is_offered();
        let [a, b, c, d] = random::bytes::<4>()?;
        let ufrag = format!("{:02x}{}", self.index, hex::encode(random::bytes::<8>()?));
        let settings = ConnectionSettings {
            candidates: self.candidates.clone(),
            ufrag: ufrag.clone(),
            password: hex::encode(random::bytes::<16>()?),
            first_ssrc: u32::from_be_bytes([a, b, c, d]),
            two_way_slots: restarts,
            video: newcomer.video.clone(),
            lost_after: if restarts { RESTARTED_AFTER } else { LOST_AFTER },
        };
        Ok((ufrag, Connection::new(now, settings)?))
    }

    fn tick(&mut self) -> Duration {
        let now = clock::now();
        self.steering.apply(now);
        if self.next.is_some_and(|at| at <= now) {
            self.turn_where(|room| room.next.is_some_and(|at| at <= now), |room, out| room.tick(now, out));
            self.next = self.rooms.values().filter_map(|room| room.next).min();
        }
        if std::mem::take(&mut self.changed) {
            self.sweep();
        }
        self.next.map_or(LONGEST_WAIT, |at| at.saturating_duration_since(now).clamp(TIMER_GRAIN, LONGEST_WAIT))
    }

    fn turn(&mut self, key: &RoomKey, turn: impl FnOnce(&mut Room, &mut Aftermath)) {
        let room = self.numbers.get(key).and_then(|number| self.rooms.get_mut(number));
        let Some(room) = room else { return };
        let mut out = Aftermath::default();
        turn(room, &mut out);
        self.next = earliest(self.next, room.next);
        self.changed |= room.is_over();
        self.aftermath(out);
    }

    fn turn_where(&mut self, chosen: impl Fn(&Room) -> bool, mut turn: impl FnMut(&mut Room, &mut Aftermath)) {
        let mut out = Aftermath::default();
        for room in self.rooms.values_mut().filter(|room| chosen(room)) {
            turn(room, &mut out);
            self.next = earliest(self.next, room.next);
            self.changed |= room.is_over();
        }
        self.aftermath(out);
    }

    pub(super) fn aftermath(&mut self, mut out: Aftermath) {
        if self.transmits.is_empty() {
            self.transmits = out.transmits;
        } else {
            self.transmits.append(&mut out.transmits);
        }
        for request in out.requests {
            // The recorder keeps up with people pressing buttons; were it stuck, blocking here would stop the media.
            if let Err(error) = self.requests.try_send(request) {
                tracing::error!(%error, "recorder does not take requests");
            }
        }
        self.changed |= !out.gone.is_empty();
        for gone in out.gone {
            self.routes.forget(gone);
            self.unsteer(gone);
        }
    }

    fn sweep(&mut self) {
        self.rooms.retain(|_, room| !room.is_over());
        self.numbers.retain(|_, number| self.rooms.contains_key(number));
        let peers = self.rooms.values().map(|room| room.participants().count()).sum();
        self.counts.set(self.index, self.rooms.len(), peers);
    }
}
