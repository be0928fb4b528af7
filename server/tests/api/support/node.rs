//! A media node that exists only on the link.

use super::{TestServer, soon};
use domain::clock::Clock;
use futures_util::{SinkExt as _, StreamExt as _};
use protocol::{
    ids::{AppKeyId, ApplicationId, BootId, NodeId, PeerId, RequestId},
    link::{Answer, Command, ControlMessage, Event, LINK_VERSION, NodeMessage, Query},
    names::RoomName,
};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, Message, client::IntoClientRequest as _, protocol::CloseFrame},
};
use url::Url;

/// Who a node says it is.
#[derive(Debug, Clone, Copy)]
pub struct Identity {
    pub node: NodeId,
    pub boot: BootId,
}

/// One connection of a node.
pub struct FakeNode {
    pub identity: Identity,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    queries: u64,
}

/// What the other side said.
#[derive(Debug)]
pub enum Heard {
    Message(ControlMessage),
    Closed(Option<CloseFrame>),
}

impl FakeNode {
    pub fn identity(number: u8) -> Identity {
        let now = Clock::System.unix_ms();
        Identity { node: NodeId::from_parts(now, [number; 10]), boot: BootId::from_parts(now, [number; 10]) }
    }

    /// Opens the socket with a secret and headers of its own.
    pub async fn open(
        server: &TestServer,
        secret: &str,
        origin: Option<&str>,
    ) -> Result<WebSocketStream<MaybeTlsStream<TcpStream>>, tungstenite::Error> {
        Self::try_to_open(server.url("/"), secret, origin).await
    }

    /// The same to any control plane at this address.
    pub async fn try_to_open(
        mut url: Url,
        secret: &str,
        origin: Option<&str>,
    ) -> Result<WebSocketStream<MaybeTlsStream<TcpStream>>, tungstenite::Error> {
        url.set_path("/node/link");
        url.set_query(None);
        url.set_scheme("ws").unwrap();
        let mut request = url.as_str().into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {secret}").parse().unwrap());
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        soon("the link to open", connect_async(request)).await.map(|(socket, _)| socket)
    }

    pub async fn connect(server: &TestServer, identity: Identity) -> Self {
        let secret = std::fs::read_to_string(server.data_dir().join("keys/node.secret")).unwrap();
        Self::connect_to(server.url("/"), secret.trim(), identity).await
    }

    pub async fn connect_to(url: Url, secret: &str, identity: Identity) -> Self {
        Self { identity, socket: Self::try_to_open(url, secret, None).await.unwrap(), queries: 0 }
    }

    /// Says hello; the answer is the last event the control plane applied.
    pub async fn hello(&mut self, last_command: u64) -> u64 {
        self.welcome(last_command).await.0
    }

    /// Says hello; the key of its join tokens.
    pub async fn token_key(&mut self) -> String {
        self.welcome(0).await.1
    }

    async fn welcome(&mut self, last_command: u64) -> (u64, String) {
        let Identity { node, boot } = self.identity;
        let signaling_url = "ws://localhost:3001".to_owned();
        self.send(&NodeMessage::Hello { version: LINK_VERSION, node, boot, signaling_url, last_command }).await;
        match self.message().await {
            ControlMessage::Welcome { last_event, token_key } => {
                assert_eq!(token_key.len(), 64);
                (last_event, token_key)
            }
            other => panic!("welcome expected: {other:?}"),
        }
    }

    pub async fn send(&mut self, message: &NodeMessage) {
        self.send_text(serde_json::to_string(message).unwrap()).await;
    }

    pub async fn send_text(&mut self, text: String) {
        self.socket.send(Message::Text(text.into())).await.unwrap();
    }

    /// As [`Self::send_text`], when the other side may hang up meanwhile.
    pub async fn try_send_text(&mut self, text: String) -> Result<(), tungstenite::Error> {
        self.socket.send(Message::Text(text.into())).await
    }

    pub async fn heard(&mut self) -> Heard {
        loop {
            match soon("a message of the control plane", self.socket.next()).await {
                Some(Ok(Message::Text(text))) => return Heard::Message(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => return Heard::Closed(frame),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Heard::Closed(None),
            }
        }
    }

    pub async fn message(&mut self) -> ControlMessage {
        match self.heard().await {
            Heard::Message(message) => message,
            Heard::Closed(frame) => panic!("the link was closed: {frame:?}"),
        }
    }

    /// The reason of the close frame.
    pub async fn closed(&mut self) -> String {
        loop {
            if let Heard::Closed(frame) = self.heard().await {
                return frame.map(|frame| frame.reason.to_string()).unwrap_or_default();
            }
        }
    }

    /// Sends an event and waits until it is applied, passing over commands.
    pub async fn report(&mut self, sequence: u64, event: Event) {
        self.send(&NodeMessage::Event { sequence, event }).await;
        loop {
            if let ControlMessage::Applied { event } = self.message().await {
                assert_eq!(event, sequence);
                return;
            }
        }
    }

    /// Waits for a command that `wanted` picks, passing over others.
    pub async fn command<T>(&mut self, wanted: impl Fn(&Command) -> Option<T>) -> (u64, T) {
        loop {
            if let ControlMessage::Command { sequence, command } = self.message().await
                && let Some(found) = wanted(&command)
            {
                return (sequence, found);
            }
        }
    }

    /// Asks, passing over commands.
    pub async fn ask(&mut self, query: Query) -> Answer {
        self.queries += 1;
        let asked = self.queries;
        self.send(&NodeMessage::Query { id: asked, query }).await;
        loop {
            if let ControlMessage::Answer { id, answer } = self.message().await {
                assert_eq!(id, asked);
                return answer;
            }
        }
    }

    /// Reports that somebody came into a room; `sequence` is that of the event.
    pub async fn joins(&mut self, sequence: u64, application: ApplicationId, room: &str) -> PeerId {
        let peer = PeerId::from_parts(sequence, [9; 10]);
        let room = RoomName::try_from(room.to_owned()).unwrap();
        let (boot, at) = (self.identity.boot, Clock::System.unix_ms());
        self.report(sequence, Event::PeerJoined { boot, application, room, peer, name: None, at }).await;
        peer
    }

    /// What a node asks when somebody wants to record; the same number is the same request.
    pub fn start_query(number: u8, application: ApplicationId, app_key: AppKeyId, room: &str) -> Query {
        Query::StartRecording {
            request: RequestId::from_parts(1, [number; 10]),
            application,
            app_key,
            room: RoomName::try_from(room.to_owned()).unwrap(),
            peer: PeerId::from_parts(1, [number; 10]),
        }
    }
}
