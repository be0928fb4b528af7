//! Moves messages between one node's websocket and the services.

use super::{
    links::{ConnectionNumber, Links},
    session::{Hello, Session, Step, Violation},
};
use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use domain::{Services, error::Kind, nodes};
use futures_util::{
    SinkExt as _, Stream, StreamExt as _,
    stream::{SplitSink, unfold},
};
use protocol::{
    limits::LEASE_SECONDS,
    link::{Answer, ControlMessage},
};
use std::{pin::pin, time::Duration};
use tokio::{
    sync::watch,
    task::{JoinError, JoinSet},
};
use tokio_util::sync::CancellationToken;

/// How often stored commands are looked for without being told of them.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// A node reports every five seconds; one that is silent for the length of its lease is gone.
const SILENCE: Duration = Duration::from_secs(LEASE_SECONDS);
/// A node that does not read for this long is gone.
const SEND_TIME: Duration = Duration::from_secs(10);
/// Queries answered at once. Further messages wait in the socket until one is answered.
const QUERIES: usize = 32;
/// Another connection of the same node took over.
const REPLACED: u16 = 4001;

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error("the node closed it")]
    Closed,
    #[error("the node was silent")]
    Silent,
    #[error("the node does not read")]
    Stuck,
    #[error("{0}")]
    Violation(#[from] Violation),
    #[error("a service failed")]
    Service(#[from] domain::Error),
    #[error("a newer connection took over")]
    Replaced,
    #[error("the control plane stops")]
    Stopping,
}

impl End {
    fn close_code(&self) -> u16 {
        match self {
            Self::Closed => close_code::NORMAL,
            Self::Silent | Self::Stuck | Self::Violation(_) => close_code::POLICY,
            Self::Service(_) => close_code::AGAIN,
            Self::Replaced => REPLACED,
            Self::Stopping => close_code::AWAY,
        }
    }
}

/// Serves one connection to its end.
pub(super) async fn serve(socket: WebSocket, services: Services, links: Links, stopping: CancellationToken) {
    let (sink, stream) = socket.split();
    let mut messages = pin!(texts(stream));
    let mut connection = Connection {
        sink,
        commands: services.commands_changed(),
        services,
        session: Session::default(),
        queries: JoinSet::new(),
    };
    let registered = tokio::select! {
        registered = connection.register(messages.as_mut()) => registered,
        () = stopping.cancelled() => Err(End::Stopping),
    };
    let end = match registered {
        Err(end) => end,
        Ok(hello) => {
            let number = links.enter(hello.node);
            tracing::info!(node = %hello.node, "a node is linked");
            let end = connection.converse(&hello, messages, &links, number, &stopping).await;
            if links.leave(hello.node, number)
                && let Err(error) = nodes::disconnected(&connection.services, hello.node, hello.boot).await
            {
                tracing::warn!(?error, node = %hello.node, "the end of a link could not be stored");
            }
            end
        }
    };
    match &end {
        End::Closed | End::Stopping => tracing::info!(reason = %end, "a link ended"),
        End::Service(error) => tracing::error!(?error, "a link ended"),
        end => tracing::warn!(reason = %end, "a link ended"),
    }
    connection.close(&end).await;
}

struct Connection {
    sink: SplitSink<WebSocket, Message>,
    services: Services,
    session: Session,
    commands: watch::Receiver<u64>,
    /// In tasks of their own: one that has taken a connection to the database must go on while this task waits for one.
    queries: JoinSet<(u64, Answer)>,
}

impl Connection {
    async fn register(
        &mut self,
        mut messages: std::pin::Pin<&mut impl Stream<Item = Result<String, End>>>,
    ) -> Result<Hello, End> {
        let text = messages.next().await.unwrap_or(Err(End::Closed))?;
        let Step::Register(hello) = self.session.receive(&text)? else { return Err(Violation::HelloExpected.into()) };
        let welcome =
            nodes::register(&self.services, hello.node, hello.boot, &hello.signaling_url, hello.last_command).await?;
        self.session.registered(welcome.last_event, hello.last_command);
        self.send(&ControlMessage::Welcome { last_event: welcome.last_event, token_key: welcome.token_key }).await?;
        Ok(hello)
    }

    async fn converse(
        &mut self,
        hello: &Hello,
        mut messages: std::pin::Pin<&mut impl Stream<Item = Result<String, End>>>,
        links: &Links,
        number: ConnectionNumber,
        stopping: &CancellationToken,
    ) -> End {
        let mut replaced = pin!(links.replaced(hello.node, number));
        // What was stored while the node was away.
        self.commands.mark_changed();
        // The wake-up is a courtesy within this process; a command stored by another one, or whose request was cut off
        // after its commit, is found by looking.
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let outcome = tokio::select! {
                () = stopping.cancelled() => Err(End::Stopping),
                () = &mut replaced => Err(End::Replaced),
                Some(answered) = self.queries.join_next() => self.answer(answered).await,
                Ok(()) = self.commands.changed() => self.send_commands(hello).await,
                _ = looks.tick() => self.send_commands(hello).await,
                message = messages.next(), if self.queries.len() < QUERIES => match message.unwrap_or(Err(End::Closed)) {
                    Ok(text) => self.receive(hello, &text).await,
                    Err(end) => Err(end),
                },
            };
            if let Err(end) = outcome {
                return end;
            }
        }
    }

    async fn receive(&mut self, hello: &Hello, text: &str) -> Result<(), End> {
        match self.session.receive(text)? {
            Step::Register(_) => return Err(Violation::SecondHello.into()),
            Step::Apply { sequence, event } => {
                domain::recordings::apply_event(&self.services, hello.node, sequence, event).await?;
                self.session.applied(sequence);
                self.send(&ControlMessage::Applied { event: sequence }).await?;
            }
            Step::Repeat => self.send(&ControlMessage::Applied { event: self.session.last_event() }).await?,
            Step::Forget { command } => nodes::acknowledge(&self.services, hello.node, command).await?,
            Step::Ask { id, query } => {
                let (services, node) = (self.services.clone(), hello.node);
                self.queries.spawn(async move { (id, nodes::answer(&services, node, query).await) });
            }
            Step::Report(report) => match nodes::report(&self.services, hello.node, report).await {
                // The next report comes in seconds; a busy database is no reason to cut a node off.
                Err(error) if error.kind() == Kind::Unavailable => tracing::warn!(?error, "a report was not stored"),
                other => other?,
            },
        }
        Ok(())
    }

    /// A query that was not answered ends the connection: the node asks again on the next one.
    async fn answer(&mut self, answered: Result<(u64, Answer), JoinError>) -> Result<(), End> {
        match answered {
            Ok((id, answer)) => self.send(&ControlMessage::Answer { id, answer }).await,
            Err(error) => {
                tracing::error!(%error, "a query ended without an answer");
                Err(End::Closed)
            }
        }
    }

    async fn send_commands(&mut self, hello: &Hello) -> Result<(), End> {
        loop {
            let commands = nodes::commands_after(&self.services, hello.node, self.session.last_sent()).await?;
            if commands.is_empty() {
                return Ok(());
            }
            for (sequence, command) in commands {
                self.send(&ControlMessage::Command { sequence, command }).await?;
                self.session.sent(sequence);
            }
        }
    }

    async fn send(&mut self, message: &ControlMessage) -> Result<(), End> {
        let Ok(text) = serde_json::to_string(message) else {
            tracing::error!("a message to a node could not be written");
            return Err(End::Closed);
        };
        match tokio::time::timeout(SEND_TIME, self.sink.send(Message::Text(text.into()))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Closed),
            Err(_) => Err(End::Stuck),
        }
    }

    async fn close(mut self, end: &End) {
        let frame = CloseFrame { code: end.close_code(), reason: end.to_string().into() };
        // The node may be gone already; then there is nobody to tell.
        let _ = tokio::time::timeout(SEND_TIME, self.sink.send(Message::Close(Some(frame)))).await;
    }
}

/// The text messages of a socket, each within the time a living node needs.
fn texts(stream: impl Stream<Item = Result<Message, axum::Error>> + Unpin) -> impl Stream<Item = Result<String, End>> {
    unfold(stream, async |mut stream| {
        let item = loop {
            match tokio::time::timeout(SILENCE, stream.next()).await {
                Err(_) => break Err(End::Silent),
                Ok(Some(Ok(Message::Text(text)))) => break Ok(text.as_str().to_owned()),
                Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
                Ok(Some(Ok(Message::Binary(_)))) => break Err(Violation::Malformed.into()),
                Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) => break Err(End::Closed),
            }
        };
        Some((item, stream))
    })
}
