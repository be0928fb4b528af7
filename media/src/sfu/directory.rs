//! Questions that concern all rooms of an application on this node. Each is put to every worker.

use super::{
    commands::WorkerCommand,
    room::{Aftermath, Room},
    workers::Workers,
};
use protocol::{
    ids::{ApplicationId, PeerId},
    names::RoomName,
};
use std::time::{Duration, Instant};
use tokio::{
    sync::mpsc::{Sender, channel},
    time::timeout,
};

/// Time workers may take to answer.
const ANSWER_TIME: Duration = Duration::from_secs(5);
/// Answers that wait to be read: one of each worker.
const ANSWERS: usize = 64;

/// Who is in one room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attendance {
    pub room: RoomName,
    /// With whether their app key is privileged.
    pub peers: Vec<(PeerId, bool)>,
}

/// A question for every worker. One that has nothing to say drops the sender.
#[derive(Debug, Clone)]
pub enum Inquiry {
    Attendance { application: ApplicationId, answer: Sender<Vec<Attendance>> },
    Introduce { application: ApplicationId, sending: PeerId, receiving: PeerId, answer: Sender<()> },
}

impl Workers {
    /// Who is in the rooms of an application.
    pub async fn attendance(&self, application: ApplicationId) -> Vec<Attendance> {
        let (answer, mut answers) = channel(ANSWERS);
        let inquiry = Inquiry::Attendance { application, answer };
        self.to_all(|| WorkerCommand::Inquiry(inquiry.clone())).await;
        drop(inquiry);
        let mut rooms = Vec::new();
        while let Ok(Some(some)) = timeout(ANSWER_TIME, answers.recv()).await {
            rooms.extend(some);
        }
        rooms
    }

    /// Makes two peers known to each other; false when they are not in one room of the application.
    pub async fn introduce(&self, application: ApplicationId, sending: PeerId, receiving: PeerId) -> bool {
        let (answer, mut answers) = channel(ANSWERS);
        let inquiry = Inquiry::Introduce { application, sending, receiving, answer };
        self.to_all(|| WorkerCommand::Inquiry(inquiry.clone())).await;
        drop(inquiry);
        matches!(timeout(ANSWER_TIME, answers.recv()).await, Ok(Some(())))
    }
}

impl Inquiry {
    /// Puts the question to the rooms of one worker.
    pub(super) fn put<'a>(self, now: Instant, rooms: impl Iterator<Item = &'a mut Room>) -> Aftermath {
        let mut out = Aftermath::default();
        match self {
            Self::Attendance { application, answer } => {
                let rooms = rooms.filter(|room| room.key.application == application);
                // Whoever asked may have gone.
                let _ = answer.try_send(rooms.map(|room| attendance(room)).collect());
            }
            Self::Introduce { application, sending, receiving, answer } => {
                let mut rooms = rooms.filter(|room| room.key.application == application);
                if rooms.any(|room| room.introduce(now, sending, receiving, &mut out)) {
                    let _ = answer.try_send(());
                }
            }
        }
        out
    }
}

fn attendance(room: &Room) -> Attendance {
    let peers = room.participants().map(|peer| (peer.id, peer.settings.privileged));
    Attendance { room: room.key.room.clone(), peers: peers.collect() }
}
