//! A room: who is in it, who watches whom, and its recording. Owned by one worker; every method is one turn.

use super::{
    capturing::Capturing,
    effects::{Presence, RecordingOutcome, RecordingRequest, StartDecision},
    exchange::{Newcomer, RoomKey, RoomMessage, Watches},
    introductions::Introductions,
    orders::decline,
    peer::Peer,
    streams::Streams,
};
use crate::rtc::{Connection, Transmit};
use protocol::{
    ids::{AppKeyId, PeerId, RecordingId, RequestId},
    native::{ByeReason, ClientMessage, ErrorCode, RecordingError, RecordingSignal, ServerMessage},
    policy::AppPolicy,
    recording::{StartRefusal, StopCause},
};
use std::{collections::BTreeMap, time::Instant};

/// What one turn of a room leaves for its worker to do.
#[derive(Default)]
pub(super) struct Aftermath {
    pub transmits: Vec<Transmit>,
    pub requests: Vec<RecordingRequest>,
    pub gone: Vec<PeerId>,
}

pub(super) enum Phase {
    Idle,
    /// The control plane is deciding.
    Requested {
        request: RequestId,
        peer: PeerId,
        app_key: AppKeyId,
        revoked: bool,
    },
    Active {
        capturing: Box<Capturing>,
        /// Of the peer who asked; `None` when the control plane ordered it.
        app_key: Option<AppKeyId>,
    },
}

pub(super) struct Room {
    pub key: RoomKey,
    pub policy: AppPolicy,
    pub peers: BTreeMap<PeerId, Peer>,
    pub phase: Phase,
    pub streams: Streams,
    /// Nobody else gets in.
    pub locked: bool,
    pub introductions: Introductions,
    /// [`Room::tick`] has nothing to do before; kept up to date so that nobody has to walk the peers for it after
    /// every packet.
    pub next: Option<Instant>,
    /// Since when nobody is here.
    empty_since: Option<Instant>,
}

/// The earlier of two times that may never come.
pub(super) fn earliest(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    one.into_iter().chain(other).min()
}

impl Room {
    pub(super) fn new(now: Instant, key: RoomKey, policy: AppPolicy) -> Self {
        Self {
            key,
            policy,
            peers: BTreeMap::new(),
            phase: Phase::Idle,
            streams: Streams::new(),
            locked: false,
            introductions: Introductions::default(),
            next: None,
            empty_since: Some(now),
        }
    }

    /// Nobody is here and nothing is being recorded or decided.
    pub(super) fn is_over(&self) -> bool {
        self.peers.is_empty() && matches!(self.phase, Phase::Idle)
    }

    pub(super) fn recording(&self) -> Option<RecordingId> {
        match &self.phase {
            Phase::Active { capturing, .. } => Some(capturing.recording),
            _ => None,
        }
    }

    /// Lets a newcomer in. `connection` is `None` when Media Relay is off.
    pub(super) fn join(
        &mut self,
        now: Instant,
        newcomer: Newcomer,
        connection: Option<Connection>,
        out: &mut Aftermath,
    ) {
        let id = newcomer.peer;
        if let Watches::Only(publisher) = newcomer.watches {
            return self.join_view(now, newcomer, publisher, connection, out);
        }
        if let Some(earlier) = self.peers.get_mut(&id) {
            earlier.dismiss(ByeReason::Replaced);
            self.settle(now, out);
        }
        let mut peer = Peer::new(now, newcomer, connection);
        if let Err(code) = self.knock() {
            peer.send(Self::refusal(code));
            out.gone.push(id);
            return;
        }
        peer.send_extra(RoomMessage::Cards(self.cards_for(&peer)));
        self.spread_card(&peer);
        peer.send(ServerMessage::Welcome {
            peer: id,
            room: self.key.room.clone(),
            relay: self.policy.relay,
            peers: self.participants().filter(|other| self.introductions.know(&peer, other)).map(Peer::info).collect(),
            recording: self.recording(),
        });
        self.tell_acquaintances(&peer, &ServerMessage::PeerJoined { peer: peer.info() });
        if let Phase::Active { capturing, .. } = &self.phase {
            capturing.peer_joined(now, &peer);
        }
        let (room, name) = (self.key.clone(), peer.name.clone());
        out.requests.push(RecordingRequest::Presence(Presence::Joined { room, peer: id, name }));
        self.peers.insert(id, peer);
        self.empty_since = None;
        self.watch_everyone(id);
        self.settle(now, out);
    }

    /// Handles one message of a client.
    pub(super) fn message(&mut self, now: Instant, from: PeerId, message: ClientMessage, out: &mut Aftermath) {
        match message {
            ClientMessage::Offer { sdp } => self.offer(now, from, sdp, out),
            ClientMessage::Signal { to, signal } => match self.peers.get_mut(&to) {
                Some(peer) if !self.policy.relay => peer.send(ServerMessage::Signal { from, signal }),
                Some(_) => self.error(
                    from,
                    ErrorCode::UnexpectedMessage,
                    "Media Relay is on; peers do not connect to each other.",
                ),
                None => self.error(from, ErrorCode::UnknownPeer, "That peer is not in this room."),
            },
            ClientMessage::StartRecording => self.start_recording(from, out),
            ClientMessage::StopRecording => {
                if self.recording().is_some() {
                    self.stop_recording(now, StopCause::PeerRequest, out);
                } else {
                    let message = "This room is not being recorded.".to_owned();
                    self.recording_error(from, RecordingError { code: "not_recording".to_owned(), message });
                }
            }
            ClientMessage::Leave => self.leave(from),
            ClientMessage::Hello { .. } => self.error(from, ErrorCode::UnexpectedMessage, "Hello was already said."),
        }
        self.settle(now, out);
    }

    /// A client's socket closed.
    pub(super) fn disconnected(&mut self, now: Instant, peer: PeerId, session: u64, out: &mut Aftermath) {
        if self.peers.get(&peer).is_some_and(|peer| peer.session == session) {
            self.leave(peer);
        }
        self.settle(now, out);
    }

    fn leave(&mut self, peer: PeerId) {
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.leaving = true;
        }
    }

    fn start_recording(&mut self, from: PeerId, out: &mut Aftermath) {
        let refusal = if !self.policy.relay {
            Some(StartRefusal::RelayRequired)
        } else if !self.policy.recording {
            Some(StartRefusal::RecordingOff)
        } else if !matches!(self.phase, Phase::Idle) {
            Some(StartRefusal::AlreadyRecording)
        } else {
            None
        };
        if let Some(refusal) = refusal {
            return self.recording_error(from, refusal.into());
        }
        let app_key = self.peers.get(&from).and_then(|peer| peer.app_key);
        let (Some(app_key), Ok(random)) = (app_key, crate::random::bytes()) else { return };
        let request = RequestId::from_parts(crate::clock::unix_ms(), random);
        self.phase = Phase::Requested { request, peer: from, app_key, revoked: false };
        out.requests.push(RecordingRequest::Start { room: self.key.clone(), request, app_key, peer: from });
    }

    /// The control plane has decided about a start. A capture that is no longer wanted is stopped at once, so that
    /// it too ends with a result.
    pub(super) fn decided(&mut self, now: Instant, decision: StartDecision, out: &mut Aftermath) {
        let requested = match self.phase {
            Phase::Requested { request, peer, app_key, revoked } if request == decision.request => {
                Some((peer, app_key, revoked))
            }
            _ => None,
        };
        match (decision.result, requested) {
            (Ok(started), Some((_, app_key, revoked))) => {
                let capturing = Box::new(Capturing::new(started));
                self.phase = Phase::Active { capturing, app_key: Some(app_key) };
                self.capture_everyone(now);
                self.announce(RecordingSignal::Start, self.recording(), None, None);
                if revoked || !self.policy.recording {
                    self.stop_recording(now, StopCause::SwitchedOff, out);
                } else if self.peers.is_empty() {
                    self.stop_recording(now, StopCause::RoomEmpty, out);
                }
            }
            (Ok(started), None) => decline(now, started, out),
            (Err(refusal), Some((peer, ..))) => {
                self.phase = Phase::Idle;
                self.recording_error(peer, refusal.into());
            }
            (Err(_), None) => {}
        }
        self.settle(now, out);
    }

    pub(super) fn capture_everyone(&mut self, now: Instant) {
        let Phase::Active { capturing, .. } = &self.phase else { return };
        for peer in self.peers.values_mut().filter(|peer| !peer.is_view()) {
            capturing.peer_joined(now, peer);
            let name = peer.name.as_ref().map(ToString::to_string);
            for track in &mut peer.tracks {
                capturing.open(now, peer.id, name.clone(), track);
            }
        }
    }

    /// Ends the recording in progress; STOP goes out at once, and the next one may start at once.
    pub(super) fn stop_recording(&mut self, now: Instant, cause: StopCause, out: &mut Aftermath) {
        if !matches!(self.phase, Phase::Active { .. }) {
            return;
        }
        let Phase::Active { capturing, .. } = std::mem::replace(&mut self.phase, Phase::Idle) else { return };
        let recording = capturing.recording;
        capturing.stop(now, cause);
        for track in self.peers.values_mut().flat_map(|peer| &mut peer.tracks) {
            track.capture = None;
        }
        self.announce(RecordingSignal::Stop, Some(recording), None, None);
        out.requests.push(RecordingRequest::Stopped { recording, cause });
    }

    /// Tells the peers still here how an earlier recording ended.
    pub(super) fn deliver(
        &mut self,
        now: Instant,
        recording: RecordingId,
        outcome: RecordingOutcome,
        out: &mut Aftermath,
    ) {
        match outcome {
            RecordingOutcome::Ready { url } => self.announce(RecordingSignal::Link, Some(recording), Some(url), None),
            RecordingOutcome::Delivered => self.announce(RecordingSignal::Link, Some(recording), None, None),
            RecordingOutcome::Failed { cause } => {
                self.announce(RecordingSignal::Error, Some(recording), None, Some(cause.into()));
            }
        }
        self.settle(now, out);
    }

    /// Puts a new policy into force on a room that is already running.
    pub(super) fn set_policy(&mut self, now: Instant, policy: AppPolicy, out: &mut Aftermath) {
        let relay_changed = policy.relay != self.policy.relay;
        self.policy = policy;
        if relay_changed || !self.policy.recording {
            self.stop_recording(now, StopCause::SwitchedOff, out);
            self.stop_streams(now, StopCause::SwitchedOff, out, |_| true);
        }
        if relay_changed {
            self.dismiss_where(ByeReason::RelayChanged, |_| true);
        }
        self.settle(now, out);
    }

    /// Lets everyone go who came with this key, and stops the recording it started.
    pub(super) fn revoke_key(&mut self, now: Instant, revoked: AppKeyId, out: &mut Aftermath) {
        match &mut self.phase {
            Phase::Active { app_key, .. } if *app_key == Some(revoked) => {
                self.stop_recording(now, StopCause::SwitchedOff, out);
            }
            Phase::Requested { app_key, revoked: noted, .. } if *app_key == revoked => *noted = true,
            _ => {}
        }
        self.dismiss_where(ByeReason::KeyRevoked, |peer| peer.app_key == Some(revoked));
        self.settle(now, out);
    }

    pub(super) fn shut_down(&mut self, now: Instant, out: &mut Aftermath) {
        self.stop_recording(now, StopCause::Shutdown, out);
        self.stop_streams(now, StopCause::Shutdown, out, |_| true);
        self.dismiss_where(ByeReason::Shutdown, |_| true);
        self.settle(now, out);
    }

    pub(super) fn dismiss_where(&mut self, reason: ByeReason, chosen: impl Fn(&Peer) -> bool) {
        for peer in self.peers.values_mut().filter(|peer| chosen(peer)) {
            peer.dismiss(reason);
        }
    }

    /// Limits that time alone reaches.
    pub(super) fn check_limits(&mut self, now: Instant, out: &mut Aftermath) {
        self.check_silence(now);
        self.stop_streams(now, StopCause::MaxDuration, out, |capturing| now >= capturing.end());
        let Phase::Active { capturing, .. } = &self.phase else { return };
        if now >= capturing.end() {
            self.stop_recording(now, StopCause::MaxDuration, out);
        } else if self.empty_since.is_some_and(|since| now >= since + capturing.idle_timeout) {
            self.stop_recording(now, StopCause::RoomEmpty, out);
        }
    }

    /// When [`Self::check_limits`] may have something to do.
    pub(super) fn limit_deadline(&self) -> Option<Instant> {
        let of_streams = earliest(self.silence_deadline(), self.stream_deadline());
        let Phase::Active { capturing, .. } = &self.phase else { return of_streams };
        let idle = self.empty_since.map(|since| since + capturing.idle_timeout);
        earliest(earliest(Some(capturing.end()), idle), of_streams)
    }

    /// Ends a turn: removes who has to go (which may make others go) and collects what is to be sent.
    pub(super) fn settle(&mut self, now: Instant, out: &mut Aftermath) {
        while let Some(id) = self.peers.values().find(|peer| peer.leaving).map(|peer| peer.id) {
            let Some(gone) = self.peers.remove(&id) else { continue };
            out.gone.push(id);
            if gone.is_view() {
                continue;
            }
            out.requests.push(RecordingRequest::Presence(Presence::Left { peer: id }));
            if let Phase::Active { capturing, .. } = &self.phase {
                capturing.peer_left(now, id);
            }
            // What is recorded of streams ends with whoever publishes them.
            self.stop_streams(now, StopCause::RoomEmpty, out, |_| true);
            self.unwatch(id);
            self.tell_acquaintances(&gone, &ServerMessage::PeerLeft { peer: id });
            self.introductions.forget(id);
        }
        if self.peers.is_empty() && self.empty_since.is_none() {
            self.empty_since = Some(now);
        }
        for peer in self.peers.values_mut() {
            peer.drain(&mut out.transmits);
        }
        self.next = self.deadline(now);
    }

    fn broadcast(&mut self, message: &ServerMessage) {
        for peer in self.peers.values_mut().filter(|peer| !peer.is_view()) {
            peer.send(message.clone());
        }
    }

    pub(super) fn announce(
        &mut self,
        state: RecordingSignal,
        recording: Option<RecordingId>,
        url: Option<String>,
        error: Option<RecordingError>,
    ) {
        self.broadcast(&ServerMessage::RecordingState { state, recording, url, error });
    }

    pub(super) fn error(&mut self, to: PeerId, code: ErrorCode, message: &str) {
        if let Some(peer) = self.peers.get_mut(&to) {
            peer.send(ServerMessage::Error { code, message: message.to_owned(), fatal: false });
        }
    }

    fn recording_error(&mut self, to: PeerId, error: RecordingError) {
        let message = ServerMessage::RecordingState {
            state: RecordingSignal::Error,
            recording: None,
            url: None,
            error: Some(error),
        };
        if let Some(peer) = self.peers.get_mut(&to) {
            peer.send(message);
        }
    }
}
