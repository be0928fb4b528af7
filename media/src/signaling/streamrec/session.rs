//! What may happen when in one session: pure, without sockets, rooms and clocks.
//!
//! ```text
//! client:     socket open → negotiating → active ⇄ recording → ended(cause)
//! supervisor: socket open → joining → watching → ended(cause)
//! ```

use super::{
    incoming::{Description, Incoming, Wanted},
    outgoing::{Outgoing, Standing},
    wire_names::{RECORDING_FAILED, RECORDING_RUNS, RECORDING_UPLOADED, RECORDING_UPLOADS},
};
use crate::recorder::StreamRecording;
use protocol::{
    ids::RecordingId,
    native::{ByeReason, ErrorCode, RecordingSignal, ServerMessage},
    recording::StartRefusal,
    streamrec::{CLIENT_STREAMS, Generation, SessionKind, TerminationCause},
};

/// Files that a store refuses because of it are kept for a day, so this is no reason not to record.
const EXPIRES_EARLY: &str =
    "The upload address expires before the longest recording would end; name another one then, or sign it for longer.";

/// Where the session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Its client has said nothing yet.
    Open,
    /// Its offer is being answered.
    Negotiating,
    Active,
    Ended,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    Say(Outgoing),
    /// The room is to answer this.
    Offer {
        sdp: String,
    },
    /// The control plane is to hear that it began.
    Begin {
        webhook: Option<String>,
        version: Option<String>,
    },
    Record(Wanted),
    StopRecording(RecordingId),
    /// Over: the client hears why, then its socket is closed.
    End(TerminationCause),
}

/// One recording of this session.
#[derive(Debug)]
struct Stream {
    stream: u8,
    recording: RecordingId,
    started_at: u64,
    address_expires_at: Option<u64>,
    running: bool,
}

/// A session.
#[derive(Debug)]
pub struct Session {
    kind: SessionKind,
    generation: Generation,
    phase: Phase,
    /// What the client said with its offer.
    begin: (Option<String>, Option<String>),
    /// To be recorded once the session is active.
    waiting: Vec<Wanted>,
    /// Streams whose start is being decided, and whether they were stopped meanwhile.
    asked: Vec<(u8, bool)>,
    streams: Vec<Stream>,
}

impl Session {
    #[must_use]
    pub fn new(kind: SessionKind, generation: Generation) -> Self {
        let begin = (None, None);
        let (waiting, asked, streams) = (Vec::new(), Vec::new(), Vec::new());
        Self { kind, generation, phase: Phase::Open, begin, waiting, asked, streams }
    }

    /// Whether its client has sent an offer.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.phase != Phase::Open
    }

    /// Takes a message of the client.
    pub fn said(&mut self, message: Incoming) -> Vec<Effect> {
        match message {
            _ if self.phase == Phase::Ended => Vec::new(),
            Incoming::Begin { sdp, webhook, version } if self.phase == Phase::Open => {
                self.begin(sdp, (webhook, version))
            }
            // Once is enough; a client that lost its socket may offer anew.
            Incoming::Begin { sdp, .. } | Incoming::Update { sdp } => self.update(sdp),
            Incoming::Record { sdp, wanted, webhook } if self.phase == Phase::Open && sdp.is_some() => {
                self.waiting = wanted;
                self.begin(sdp, (webhook.filter(|_| self.generation == Generation::V2), None))
            }
            Incoming::Record { wanted, .. } => self.record(wanted),
            Incoming::StopRecording { recording } => self.stop_recording(recording),
            Incoming::Stop { cause } => self.end(cause),
            Incoming::Candidate | Incoming::Unknown { .. } => Vec::new(),
        }
    }

    fn begin(&mut self, sdp: Option<Description>, begin: (Option<String>, Option<String>)) -> Vec<Effect> {
        let Some(Description::Offer(sdp)) = sdp else { return self.end(TerminationCause::SdpError) };
        self.phase = Phase::Negotiating;
        self.begin = begin;
        vec![Effect::Offer { sdp }]
    }

    /// Answers come to nothing: the node never offers.
    fn update(&mut self, sdp: Option<Description>) -> Vec<Effect> {
        match sdp {
            Some(Description::Offer(_)) if self.phase == Phase::Open => Vec::new(),
            Some(Description::Offer(sdp)) => vec![Effect::Offer { sdp }],
            Some(Description::Answer(_)) | None => Vec::new(),
        }
    }

    fn record(&mut self, wanted: Vec<Wanted>) -> Vec<Effect> {
        if self.kind == SessionKind::Supervisor || self.phase == Phase::Open {
            return Vec::new();
        }
        if self.phase == Phase::Negotiating {
            self.waiting = wanted;
            return Vec::new();
        }
        if wanted.is_empty() {
            return vec![failed(0, None, "There is no upload address.".to_owned())];
        }
        wanted.into_iter().map(|wanted| self.record_one(wanted)).collect()
    }

    fn record_one(&mut self, wanted: Wanted) -> Effect {
        let stream = wanted.stream;
        let busy = self.asked.iter().any(|(asked, _)| *asked == stream)
            || self.streams.iter().any(|run| run.running && run.stream == stream);
        if stream >= CLIENT_STREAMS || busy {
            return failed(stream, None, "This stream cannot be recorded now.".to_owned());
        }
        self.asked.push((stream, false));
        Effect::Record(wanted)
    }

    fn stop_recording(&mut self, recording: Option<RecordingId>) -> Vec<Effect> {
        if recording.is_none() {
            self.waiting.clear();
            self.asked.iter_mut().for_each(|(_, stopped)| *stopped = true);
        }
        let chosen = |run: &&Stream| run.running && recording.is_none_or(|recording| recording == run.recording);
        self.streams.iter().filter(chosen).map(|run| Effect::StopRecording(run.recording)).collect()
    }

    /// The start of a stream's recording was decided.
    pub fn decided(&mut self, stream: u8, decision: Result<StreamRecording, StartRefusal>, now: u64) -> Vec<Effect> {
        let position = self.asked.iter().position(|(asked, _)| *asked == stream);
        let stopped = position.is_some_and(|position| self.asked.remove(position).1);
        match decision {
            Ok(StreamRecording { id: recording, max_duration_seconds, address_expires_at }) => {
                self.streams.push(Stream { stream, recording, started_at: now, address_expires_at, running: true });
                let end = now + u64::from(max_duration_seconds) * 1000;
                let early = address_expires_at.is_some_and(|expires_at| expires_at < end);
                let msg = early.then(|| EXPIRES_EARLY.to_owned());
                let told = self.standing(recording, RECORDING_RUNS, msg);
                told.into_iter().chain(stopped.then_some(Effect::StopRecording(recording))).collect()
            }
            Err(refusal) => vec![failed(stream, None, refusal.sentence().to_owned())],
        }
    }

    /// Takes a message of the room.
    pub fn heard(&mut self, message: ServerMessage) -> Vec<Effect> {
        match message {
            ServerMessage::Answer { sdp } => self.answered(sdp),
            ServerMessage::RecordingState { state, recording: Some(recording), error, .. } => {
                self.recording_news(state, recording, error.map(|error| error.message))
            }
            ServerMessage::Error { code: ErrorCode::InvalidDescription, message, .. } => {
                self.end_saying(TerminationCause::SdpError, Some(message))
            }
            // Media Relay was switched off after the session was opened.
            ServerMessage::Error { message, .. } if self.phase == Phase::Negotiating => {
                self.end_saying(TerminationCause::ServiceShutdown, Some(message))
            }
            ServerMessage::Error { .. } => Vec::new(),
            ServerMessage::Bye { reason } => self.end(cause_of(reason)),
            _ => Vec::new(),
        }
    }

    fn answered(&mut self, sdp: String) -> Vec<Effect> {
        let mut effects = vec![Effect::Say(Outgoing::Answer { sdp })];
        if self.phase == Phase::Negotiating {
            self.phase = Phase::Active;
            let (webhook, version) = std::mem::take(&mut self.begin);
            effects.push(Effect::Begin { webhook, version });
            let waiting = std::mem::take(&mut self.waiting);
            if !waiting.is_empty() {
                effects.extend(self.record(waiting));
            }
        }
        effects
    }

    fn recording_news(&mut self, signal: RecordingSignal, recording: RecordingId, msg: Option<String>) -> Vec<Effect> {
        let state = match signal {
            RecordingSignal::Stop => RECORDING_UPLOADS,
            RecordingSignal::Link => RECORDING_UPLOADED,
            RecordingSignal::Error => RECORDING_FAILED,
            // Told when it was decided.
            RecordingSignal::Start => return Vec::new(),
        };
        let Some(run) = self.streams.iter_mut().find(|run| run.recording == recording) else { return Vec::new() };
        let stopped = std::mem::replace(&mut run.running, false) && signal == RecordingSignal::Stop;
        let mut effects: Vec<Effect> = self.standing(recording, state, msg).into_iter().collect();
        if stopped && self.generation == Generation::V1 {
            effects.push(Effect::Say(Outgoing::RecordingStop));
        }
        effects
    }

    fn standing(&self, recording: RecordingId, state: &'static str, msg: Option<String>) -> Option<Effect> {
        let run = self.streams.iter().find(|run| run.recording == recording)?;
        let Stream { stream, address_expires_at, .. } = *run;
        let (recording, started_at) = (Some(recording), Some(run.started_at));
        let standing = Standing { recording, stream, state, started_at, address_expires_at, msg };
        Some(Effect::Say(Outgoing::Recording(standing)))
    }

    /// Its media did not come for too long.
    pub fn no_media(&mut self, connected: bool) -> Vec<Effect> {
        self.end(if connected { TerminationCause::NoPacketReceived } else { TerminationCause::ConnTimeout })
    }

    /// Ends it, once.
    pub fn end(&mut self, cause: TerminationCause) -> Vec<Effect> {
        self.end_saying(cause, None)
    }

    fn end_saying(&mut self, cause: TerminationCause, msg: Option<String>) -> Vec<Effect> {
        if self.phase == Phase::Ended {
            return Vec::new();
        }
        self.phase = Phase::Ended;
        vec![Effect::Say(Outgoing::Terminated { cause, msg }), Effect::End(cause)]
    }

    /// What a client is told that comes back on another socket.
    #[must_use]
    pub fn welcome_back(&self) -> Vec<Effect> {
        let running = self.streams.iter().filter(|run| run.running);
        running.filter_map(|run| self.standing(run.recording, RECORDING_RUNS, None)).collect()
    }
}

fn failed(stream: u8, recording: Option<RecordingId>, msg: String) -> Effect {
    let (started_at, address_expires_at) = (None, None);
    let standing =
        Standing { recording, stream, state: RECORDING_FAILED, started_at, address_expires_at, msg: Some(msg) };
    Effect::Say(Outgoing::Recording(standing))
}

fn cause_of(reason: ByeReason) -> TerminationCause {
    match reason {
        ByeReason::RelayChanged
        | ByeReason::KeyRevoked
        | ByeReason::RoomEnded
        | ByeReason::Removed
        | ByeReason::Shutdown => TerminationCause::ServiceShutdown,
        ByeReason::ConnectionLost => TerminationCause::PeerconnFailed,
        ByeReason::Replaced => TerminationCause::ConnError,
    }
}

#[cfg(test)]
mod tests;
