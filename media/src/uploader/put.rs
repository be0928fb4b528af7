//! Puts a file to the address a customer gave for it, through the client that guards our network against such
//! addresses. The file is made while it is sent, anew for each attempt.

use super::{parts::error_code, turns::Turns};
use crate::remux::{Remux, RemuxError};
use bytes::Bytes;
use outbound::{
    Body, Method, Outbound, OutboundError, Request, Url,
    header::{self, HeaderValue},
};
use protocol::ids::ApplicationId;
use std::{
    fmt, io,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{runtime::Handle, sync::mpsc, task::spawn_blocking, time::sleep};
use tokio_util::sync::CancellationToken;

/// What is handed to the connection at once.
const PIECE_BYTES: usize = 64 * 1024;
/// Slowest way to a destination, in bytes a second: 100 kbit/s.
const SLOWEST: u64 = 12_500;
/// What an exchange may take beside its bytes.
const EXCHANGE: Duration = Duration::from_secs(60);
/// Uploads at the same time: each holds a thread, of which the runtime has 512, and those of one tenant may meet addresses
/// that take for ever.
const PUTS: usize = 256;
const PUTS_PER_APPLICATION: usize = 32;
/// Answers of 400 to 499 that are no verdict.
const PASSING: [u16; 2] = [408, 429];

/// Where a customer wants a file. Whoever knows it can write there, so it is shown without path and query.
#[derive(Clone, PartialEq, Eq)]
pub struct UploadUrl(Url);

/// The text is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the upload URL is no URL")]
pub struct InvalidUploadUrl;

impl FromStr for UploadUrl {
    type Err = InvalidUploadUrl;

    fn from_str(text: &str) -> Result<Self, InvalidUploadUrl> {
        text.parse().map(Self).map_err(|_| InvalidUploadUrl)
    }
}

impl fmt::Display for UploadUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.0.scheme(), self.0.host_str().unwrap_or_default())?;
        self.0.port().map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl fmt::Debug for UploadUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UploadUrl({self}/…)")
    }
}

/// How patient an upload is.
#[derive(Debug, Clone)]
pub struct PutTimes {
    /// Between attempts; there is one attempt more.
    pub pauses: Vec<Duration>,
    /// A destination that takes nothing and says nothing for so long, or at most twice as long, is given up.
    pub silence: Duration,
}

impl Default for PutTimes {
    fn default() -> Self {
        Self { pauses: [1, 4, 16, 60].map(Duration::from_secs).to_vec(), silence: Duration::from_secs(60) }
    }
}

/// The destination has the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    pub status: u16,
    pub attempts: usize,
}

/// Why it has not.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    #[error("the destination answered {status} {code}")]
    Refused { status: u16, code: String },
    #[error("the destination answered {status} before it had taken the file")]
    Hasty { status: u16 },
    #[error("{}", .0.public_message())]
    Unreachable(#[source] OutboundError),
    #[error("The destination neither took the file nor answered.")]
    Silent,
    #[error(transparent)]
    Capture(#[from] RemuxError),
}

impl PutError {
    /// The destination's status; zero when there was none.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Refused { status, .. } | Self::Hasty { status } => *status,
            Self::Unreachable(_) | Self::Silent | Self::Capture(_) => 0,
        }
    }

    /// Whether more of the same will not help.
    fn is_verdict(&self) -> bool {
        match self {
            Self::Refused { status, .. } => (300..500).contains(status) && !PASSING.contains(status),
            Self::Unreachable(error) => matches!(error, OutboundError::NotAllowed),
            Self::Hasty { .. } | Self::Silent => false,
            Self::Capture(_) => true,
        }
    }
}

/// Client for customers' upload addresses.
#[derive(Debug, Clone)]
pub struct PutClient {
    outbound: Arc<Outbound>,
    times: Arc<PutTimes>,
    turns: Turns<ApplicationId>,
}

impl PutClient {
    #[must_use]
    pub fn new(outbound: impl Into<Arc<Outbound>>, times: PutTimes) -> Self {
        Self { outbound: outbound.into(), times: Arc::new(times), turns: Turns::new(PUTS, PUTS_PER_APPLICATION) }
    }

    /// Puts a file of an application to `url`, as often as it takes and the times allow.
    ///
    /// # Errors
    /// The destination has said no, or the last attempt failed like the ones before.
    pub async fn put(
        &self,
        application: ApplicationId,
        file: &Arc<Remux>,
        url: &UploadUrl,
    ) -> Result<Delivered, PutError> {
        let mut pauses = self.times.pauses.iter();
        let mut attempts = 0;
        loop {
            attempts += 1;
            let turn = self.turns.take(application).await;
            let error = match self.attempt(file, url).await {
                Ok(status) => return Ok(Delivered { status, attempts }),
                Err(error) => error,
            };
            drop(turn);
            tracing::warn!(destination = %url, attempts, %error, "file not taken");
            match pauses.next() {
                Some(pause) if !error.is_verdict() => sleep(*pause).await,
                _ => return Err(error),
            }
        }
    }

    async fn attempt(&self, file: &Arc<Remux>, url: &UploadUrl) -> Result<u16, PutError> {
        let bytes = file.facts().bytes;
        let (sender, pieces) = mpsc::channel(1);
        let belt = Arc::new(Belt::default());
        // A destination that answers early and keeps the connection must not keep this thread too.
        let stop = belt.stop.clone().drop_guard();
        let making = {
            let (file, belt, runtime) = (Arc::clone(file), Arc::clone(&belt), Handle::current());
            spawn_blocking(move || runtime.block_on(belt.carry(&file, &sender)))
        };
        let request = Request {
            headers: vec![(header::CONTENT_TYPE, HeaderValue::from_static(file.facts().container.content_type()))],
            body: Body::Pieces { bytes, pieces, taken: Arc::clone(&belt.taken) },
            time_limit: EXCHANGE + Duration::from_secs(bytes / SLOWEST),
            ..Request::new(Method::PUT, url.0.clone())
        };
        let answer = tokio::select! {
            answer = self.outbound.send(request) => answer.map_err(PutError::Unreachable),
            () = belt.silence(self.times.silence) => Err(PutError::Silent),
        };
        drop(stop);
        let made = making.await.unwrap_or(Err(RemuxError::ShuttingDown));
        let answer = match (answer, made) {
            (Ok(answer), _) => answer,
            (Err(_), Err(error)) => return Err(error.into()),
            (Err(error), Ok(())) => return Err(error),
        };
        if answer.is_success() {
            let whole = belt.taken.load(Ordering::Relaxed) == bytes;
            return if whole { Ok(answer.status) } else { Err(PutError::Hasty { status: answer.status }) };
        }
        Err(PutError::Refused { status: answer.status, code: error_code(&answer) })
    }
}

type Sender = mpsc::Sender<io::Result<Bytes>>;

/// Carries a file's pieces to the connection.
#[derive(Debug, Default)]
struct Belt {
    stop: CancellationToken,
    /// Bytes the connection has taken.
    taken: Arc<AtomicU64>,
}

impl Belt {
    /// Makes the file until it is complete or not wanted any more. Blocks while it reads.
    async fn carry(&self, file: &Remux, sender: &Sender) -> Result<(), RemuxError> {
        let carried = self.stop.run_until_cancelled(self.carry_all(file, sender)).await.unwrap_or(Ok(()));
        if carried.is_err() {
            // The request must not end as if the file were complete.
            let broken = sender.send(Err(io::Error::other("the file cannot be completed")));
            self.stop.run_until_cancelled(broken).await;
        }
        carried
    }

    async fn carry_all(&self, file: &Remux, sender: &Sender) -> Result<(), RemuxError> {
        for piece in file.bytes()? {
            let mut piece = piece?;
            while !piece.is_empty() {
                let next = piece.split_to(piece.len().min(PIECE_BYTES));
                if sender.send(Ok(next)).await.is_err() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Ends when nothing has moved for a while.
    async fn silence(&self, limit: Duration) {
        let mut before = None;
        loop {
            let now = self.taken.load(Ordering::Relaxed);
            if before.replace(now) == Some(now) {
                return;
            }
            sleep(limit).await;
        }
    }
}
