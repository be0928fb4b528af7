//! Keeps the link up: connects, says hello, sends stored events and queries, passes commands on.

use super::{identity::Identity, outbox::Outbox};
use crate::signaling::TokenKey;
use futures_util::{SinkExt as _, StreamExt as _};
use protocol::{
    ids::{BootId, RecordingId},
    limits::LINK_MESSAGE_BYTES,
    link::{Answer, Command, ControlMessage, Event, LINK_VERSION, NodeMessage, Query},
};
use std::{collections::HashMap, future::Future, sync::Arc, time::Duration};
use tokio::{
    net::TcpStream,
    sync::{Mutex, mpsc, oneshot, watch},
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{
        Message, Utf8Bytes,
        client::IntoClientRequest as _,
        http::{HeaderValue, header::AUTHORIZATION},
        protocol::WebSocketConfig,
    },
};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

/// Queries waiting to be sent; a full queue answers `Unavailable`.
const QUERY_QUEUE: usize = 256;
/// Time to connect and to be welcomed.
const CONNECT_TIME: Duration = Duration::from_secs(10);
const WRITE_TIME: Duration = Duration::from_secs(10);
/// Time the control plane has to answer a query.
const ANSWER_TIME: Duration = Duration::from_secs(15);
/// Reports go out this often; each carries a ping, and a link that does not answer two of them is dead.
const REPORT_EVERY: Duration = Duration::from_secs(5);
/// How often it is looked whether all was told.
const TOLD_LOOKS: Duration = Duration::from_millis(20);
const RECONNECT_FIRST: Duration = Duration::from_millis(100);
const RECONNECT_LONGEST: Duration = Duration::from_secs(5);

/// What the link needs.
pub struct LinkSettings {
    /// For example `ws://127.0.0.1:3000/node/link`.
    pub control_url: String,
    pub secret: Zeroizing<String>,
    pub boot: BootId,
    pub signaling_url: String,
    pub token_key: TokenKey,
}

/// Whether the control plane can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkStatus {
    Down,
    Up,
}

/// A question and where its answer goes.
struct Asked {
    query: Query,
    answer: oneshot::Sender<Answer>,
}

/// Handle on the link.
#[derive(Clone)]
pub struct Link {
    outbox: Arc<Mutex<Outbox>>,
    appended: Arc<tokio::sync::Notify>,
    queries: mpsc::Sender<Asked>,
    leaving: CancellationToken,
    /// This start of the process.
    pub boot: BootId,
    pub status: watch::Receiver<LinkStatus>,
}

impl Link {
    /// Stores an event; it reaches the control plane even over crashes of either side.
    pub async fn event(&self, event: Event) {
        // Syncs one line to disk, off the media path: relay and capture have threads of their own.
        self.outbox.lock().await.append(event);
        self.appended.notify_one();
    }

    /// Tells the control plane that the node takes nobody any more. The link stays, for what there is still to tell.
    pub fn leave(&self) {
        self.leaving.cancel();
    }

    /// Waits until the control plane has applied every event, or cannot be reached.
    pub async fn events_told(&self) {
        let mut looks = interval(TOLD_LOOKS);
        while self.is_up() && self.outbox.lock().await.after(0).next().is_some() {
            looks.tick().await;
        }
    }

    /// Waits until the control plane can be reached.
    pub async fn up(&self) {
        // An error means that the node is shutting down.
        let _ = self.status.clone().wait_for(|status| *status == LinkStatus::Up).await;
    }

    /// Whether the control plane can be reached.
    #[must_use]
    pub fn is_up(&self) -> bool {
        *self.status.borrow() == LinkStatus::Up
    }

    /// Asks until the control plane could be reached: an outage of it costs its answer nothing but time.
    pub async fn query_when_up(&self, query: Query) -> Answer {
        loop {
            self.up().await;
            match self.query(query.clone()).await {
                Answer::Unavailable if !self.is_up() => {}
                answer => return answer,
            }
        }
    }

    /// Asks the control plane; `Unavailable` when it cannot be reached or does not answer in time.
    pub async fn query(&self, query: Query) -> Answer {
        let (answer, answered) = oneshot::channel();
        if self.queries.try_send(Asked { query, answer }).is_err() {
            return Answer::Unavailable;
        }
        match timeout(ANSWER_TIME, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Answer::Unavailable,
        }
    }
}

/// What the node does with what comes over the link.
pub trait Node: Send + Sync + 'static {
    /// Applies a command; it counts as applied when this returns, and may come again.
    fn apply(&self, command: Command) -> impl Future<Output = ()> + Send;
    /// (rooms, peers, recordings whose lease to keep).
    fn report(&self) -> impl Future<Output = (u32, u32, Vec<RecordingId>)> + Send;
}

/// Makes the handle and the future that keeps the link up until `stop`.
pub fn connect<N: Node>(
    settings: LinkSettings,
    identity: Identity,
    outbox: Outbox,
    stop: CancellationToken,
) -> (Link, impl FnOnce(N) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>>) {
    let (queries, asked) = mpsc::channel(QUERY_QUEUE);
    let (status, watched) = watch::channel(LinkStatus::Down);
    let link = Link {
        outbox: Arc::new(Mutex::new(outbox)),
        appended: Arc::new(tokio::sync::Notify::new()),
        queries,
        leaving: CancellationToken::new(),
        boot: settings.boot,
        status: watched,
    };
    let keeper =
        Keeper { settings, identity, link: link.clone(), asked, status, waiting: HashMap::new(), next_query: 0 };
    (link, move |node: N| Box::pin(keeper.run(node, stop)))
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

struct Keeper {
    settings: LinkSettings,
    identity: Identity,
    link: Link,
    asked: mpsc::Receiver<Asked>,
    status: watch::Sender<LinkStatus>,
    waiting: HashMap<u64, oneshot::Sender<Answer>>,
    next_query: u64,
}

impl Keeper {
    async fn run<N: Node>(mut self, node: N, stop: CancellationToken) {
        let mut pause = RECONNECT_FIRST;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                ended = self.session(&node, &mut pause) => {
                    if let Err(reason) = ended {
                        tracing::warn!(reason = %reason, "link to the control plane is down");
                    }
                }
            }
            self.status.send_replace(LinkStatus::Down);
            // Whoever asked is told to ask again.
            self.waiting.clear();
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(RECONNECT_LONGEST),
            }
        }
    }

    async fn session<N: Node>(&mut self, node: &N, pause: &mut Duration) -> anyhow::Result<()> {
        let (mut socket, mut sent) = timeout(CONNECT_TIME, self.hello()).await??;
        *pause = RECONNECT_FIRST;
        self.status.send_replace(LinkStatus::Up);
        tracing::info!("link to the control plane is up");
        let mut reports = interval(REPORT_EVERY);
        reports.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut unanswered_pings = 0;
        let leaving = self.link.leaving.clone();
        let mut said = false;
        loop {
            sent = self.send_events(&mut socket, sent).await?;
            let appended = self.link.appended.clone();
            tokio::select! {
                incoming = socket.next() => {
                    unanswered_pings = 0;
                    match incoming.ok_or_else(|| anyhow::anyhow!("closed"))?? {
                        Message::Text(text) => self.incoming(node, &mut socket, &text).await?,
                        Message::Close(_) => anyhow::bail!("closed by the control plane"),
                        _ => {}
                    }
                }
                () = appended.notified() => {}
                () = leaving.cancelled(), if !said => {
                    said = true;
                    reports.reset_immediately();
                }
                Some(asked) = self.asked.recv() => {
                    // What happened before the question is told before it is asked.
                    sent = self.send_events(&mut socket, sent).await?;
                    self.ask(&mut socket, asked).await?;
                }
                _ = reports.tick() => {
                    anyhow::ensure!(unanswered_pings < 2, "no answer");
                    unanswered_pings += 1;
                    let (rooms, peers, recordings) = node.report().await;
                    let leaving = leaving.is_cancelled();
                    write(&mut socket, &NodeMessage::Report { rooms, peers, recordings, leaving }).await?;
                    timeout(WRITE_TIME, socket.send(Message::Ping(Default::default()))).await??;
                }
            }
        }
    }

    /// Connects and introduces the node. Returns the number of the last event the control plane has.
    async fn hello(&mut self) -> anyhow::Result<(Socket, u64)> {
        let mut request = self.settings.control_url.as_str().into_client_request()?;
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", self.settings.secret.as_str()))?;
        bearer.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, bearer);
        let config = WebSocketConfig::default()
            .max_message_size(Some(LINK_MESSAGE_BYTES))
            .max_frame_size(Some(LINK_MESSAGE_BYTES));
        let (mut socket, _) = connect_async_with_config(request, Some(config), true).await?;
        let hello = NodeMessage::Hello {
            version: LINK_VERSION,
            node: self.identity.node(),
            boot: self.settings.boot,
            signaling_url: self.settings.signaling_url.clone(),
            last_command: self.identity.last_command(),
        };
        write(&mut socket, &hello).await?;
        while let Some(message) = socket.next().await {
            let Message::Text(text) = message? else { continue };
            let ControlMessage::Welcome { last_event, token_key } = serde_json::from_str(&text)? else {
                anyhow::bail!("the control plane did not welcome this node");
            };
            anyhow::ensure!(self.settings.token_key.set(&token_key), "the token key is malformed");
            self.link.outbox.lock().await.acknowledge(last_event);
            return Ok((socket, last_event));
        }
        anyhow::bail!("closed before the welcome")
    }

    async fn send_events(&mut self, socket: &mut Socket, sent: u64) -> anyhow::Result<u64> {
        let events: Vec<(u64, Event)> = self.link.outbox.lock().await.after(sent).cloned().collect();
        let mut last = sent;
        for (sequence, event) in events {
            write(socket, &NodeMessage::Event { sequence, event }).await?;
            last = sequence;
        }
        Ok(last)
    }

    async fn incoming<N: Node>(&mut self, node: &N, socket: &mut Socket, text: &str) -> anyhow::Result<()> {
        match serde_json::from_str(text)? {
            ControlMessage::Command { sequence, command } => {
                if sequence > self.identity.last_command() {
                    node.apply(command).await;
                    if let Err(error) = self.identity.applied(sequence) {
                        // After a restart the command comes again, which is harmless.
                        tracing::warn!(%error, "applied command not noted");
                    }
                }
                write(socket, &NodeMessage::Applied { command: sequence }).await?;
            }
            ControlMessage::Applied { event } => self.link.outbox.lock().await.acknowledge(event),
            ControlMessage::Answer { id, answer } => {
                if let Some(asked) = self.waiting.remove(&id) {
                    // Whoever asked may have stopped waiting.
                    let _ = asked.send(answer);
                }
            }
            ControlMessage::Welcome { .. } => anyhow::bail!("welcomed twice"),
        }
        Ok(())
    }

    async fn ask(&mut self, socket: &mut Socket, asked: Asked) -> anyhow::Result<()> {
        self.waiting.retain(|_, answer| !answer.is_closed());
        if asked.answer.is_closed() {
            // Whoever asked has given up; asking now would start what nobody waits for.
            return Ok(());
        }
        self.next_query += 1;
        self.waiting.insert(self.next_query, asked.answer);
        write(socket, &NodeMessage::Query { id: self.next_query, query: asked.query }).await
    }
}

async fn write(socket: &mut Socket, message: &NodeMessage) -> anyhow::Result<()> {
    let text = Utf8Bytes::from(serde_json::to_string(message)?);
    timeout(WRITE_TIME, socket.send(Message::Text(text))).await??;
    Ok(())
}
